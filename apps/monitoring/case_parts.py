"""What a case page shows of monitoring: the player's risk with its reasons. One query a card."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.compliance.case_view import Part, register_part
from apps.core.admin_display import instant_text
from apps.monitoring.models import RiskKind, RiskState

_SHOWN = 6


def register() -> None:
    """Add the cards; called once the models are loaded. Who may not know of money laundering sees harm alone."""
    register_part(Part("monitoring-aml", "Risk of money laundering", "monitoring.view_decision", aml_card))
    register_part(Part("monitoring-harm", "Risk of harm", "monitoring.view_riskstate", harm_card))


def aml_card(player_id: int, now: datetime) -> Mapping[str, Any]:  # noqa: ARG001 - the signature of a card
    """Level and reasons."""
    return _card(player_id, RiskKind.AML)


def harm_card(player_id: int, now: datetime) -> Mapping[str, Any]:  # noqa: ARG001 - likewise
    """Level and reasons."""
    return _card(player_id, RiskKind.HARM)


def _card(player_id: int, kind: RiskKind) -> Mapping[str, Any]:
    state = RiskState.objects.filter(player_id=player_id, kind=kind).first()
    if state is None:
        return {"facts": [("Level", "not rated yet: no rule has hit")]}
    level = f"{state.level} of 5, score {state.score} ({instant_text(state.computed_at)})"
    reasons = [(f"+{part['points']}", part["title"]) for part in state.contributions[:_SHOWN]]
    return {"facts": [("Level", level), *reasons]}
