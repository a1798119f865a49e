"""The facts that bonuses record, declared."""

from apps.integrations.fact_kinds import declare_facts

_WORDS = ("offered", "claimed", "completed", "forfeited", "expired", "cancelled")


def register() -> None:
    """Declare them; called once, when the app is ready."""
    bonus = {
        "bonus": str, "offer": str, "currency": str, "end": str,
        "amount_units": int, "converted_units": int, "taken_back_units": int,
    }  # fmt: skip
    declare_facts((f"bonuses.bonus.{word}" for word in _WORDS), bonus)
