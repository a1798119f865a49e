"""What a case page shows of monitoring: the player's risk with its reasons. One query for both cards."""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from apps.compliance.case_view import Part, register_part
from apps.compliance.timeline import restrict_facts
from apps.core.admin_display import instant_text
from apps.monitoring.models import RiskKind, RiskState

_SHOWN = 6
# The cards of one page are built with one time, in one thread: the second finds what the first has read.
_latest: ContextVar[tuple[int, datetime, dict[str, RiskState]] | None] = ContextVar("latest", default=None)


def register() -> None:
    """Add the cards; called once the models are loaded. Who may not know of money laundering sees harm alone."""
    register_part(Part("monitoring-aml", "Risk of money laundering", "monitoring.view_decision", aml_card))
    register_part(Part("monitoring-harm", "Risk of harm", "monitoring.view_riskstate", harm_card))
    restrict_facts("monitoring.aml_risk.", "monitoring.view_decision")
    restrict_facts("monitoring.harm_risk.", "monitoring.view_riskstate")


def aml_card(player_id: int, now: datetime) -> Mapping[str, Any]:
    """Level and reasons."""
    return _card(_states(player_id, now).get(RiskKind.AML))


def harm_card(player_id: int, now: datetime) -> Mapping[str, Any]:
    """Level and reasons."""
    return _card(_states(player_id, now).get(RiskKind.HARM))


def _states(player_id: int, now: datetime) -> dict[str, RiskState]:
    latest = _latest.get()
    if latest is None or latest[:2] != (player_id, now):
        states = {state.kind: state for state in RiskState.objects.filter(player_id=player_id)}
        _latest.set(latest := (player_id, now, states))
    return latest[2]


def _card(state: RiskState | None) -> Mapping[str, Any]:
    if state is None:
        return {"facts": [("Level", "not rated yet: no rule has hit")]}
    level = f"{state.level} of 5, score {state.score} ({instant_text(state.computed_at)})"
    reasons = [(f"+{part['points']}", part["title"]) for part in state.contributions[:_SHOWN]]
    return {"facts": [("Level", level), *reasons]}
