"""The facts that monitoring records, those it follows, and those it waits for, declared."""

from apps.integrations.fact_kinds import await_facts, declare_facts, follow_facts
from apps.monitoring import intake
from apps.monitoring.models.risk import RiskKind


def register() -> None:
    """Declare them; called once, when the app is ready."""
    changes = (f"monitoring.{kind}_risk.changed" for kind in RiskKind.values)
    declare_facts(changes, {"from": int | None, "to": int})
    # What the catalogue's rules read of games between players; no app records it yet.
    peer = {"counterparty": str, "won": bool, "units": int, "currency": str}
    await_facts(["providers.peer_game.settled"], peer)
    covered = {"outcomes": list, "of": int, "units": int, "currency": str}
    await_facts(["providers.round.covered"], covered)
    follow_facts(intake.CONSUMER, intake.KINDS)
