"""What a case page shows of monitoring: the player's risk with its reasons. One query a card."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.compliance.case_view import Part, register_part
from apps.core.admin_display import instant_text
from apps.monitoring.models import RiskKind, RiskState

_SHOWN = 6


def register() -> None:
    """Add the card; called once the models are loaded."""
    register_part(Part("monitoring-risk", "Risk", "monitoring.view_riskstate", risk_card))


def risk_card(player_id: int, now: datetime) -> Mapping[str, Any]:
    """Levels and what gives most points, on both scales."""
    states = list(RiskState.objects.filter(player_id=player_id).order_by("kind"))
    facts = [
        (
            RiskKind(state.kind).label,
            f"level {state.level} of 5, score {state.score} ({instant_text(state.computed_at)})",
        )
        for state in states
    ]
    facts += [
        (f"+{part['points']}", f"{part['title']} ({RiskKind(state.kind).label.lower()})")
        for state in states
        for part in state.contributions[:_SHOWN]
    ]
    if not facts:
        facts = [("Risk", "not rated yet: no rule has hit")]
    return {"facts": facts}
