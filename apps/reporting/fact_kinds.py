"""The facts that reporting records, declared."""

from apps.integrations.fact_kinds import declare_facts


def register() -> None:
    """Declare them; called once, when the app is ready."""
    alert = {"game": str, "direction": str, "declared": str, "measured": str, "rounds": int}
    declare_facts(["games.rtp.alerted"], alert)
