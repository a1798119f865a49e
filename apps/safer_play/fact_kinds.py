"""The facts that safer play records, declared."""

from apps.integrations.fact_kinds import declare_facts


def register() -> None:
    """Declare them; called once, when the app is ready."""
    limits = (f"safer_play.limit.{word}" for word in ("set", "raised", "lowered"))
    declare_facts(
        limits,
        {
            "kind": str, "period": str, "currency": str, "units": int | None, "seconds": int | None,
            "is_removal": bool, "before": int | None, "set_by": str, "state": str, "effective_at": str,
        },
    )  # fmt: skip
    started = {"kind": str, "ends_at": str | None, "is_followed": bool}
    declare_facts(["safer_play.exclusion.started"], started)
    declare_facts(["safer_play.exclusion.ended"], {"kind": str, "reason": str, "watched_until": str | None})
    declare_facts(["safer_play.exclusion.abandoned"], {"how": str, "seconds": int})
    interactions = (f"safer_play.interaction.{word}" for word in ("started", "closed"))
    declare_facts(interactions, {"trigger": str, "action": str, "state": str})
