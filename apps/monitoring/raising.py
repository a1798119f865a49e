"""The one place where a hit becomes an alert: how often, and through which door. The door is `compliance.alerts`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.compliance import alerts
from apps.compliance.models import Alert
from apps.monitoring.models import RuleState

LARGER = Decimal("1.5")
"""A hit this much larger breaks a cool-down."""
APPEND_EVERY = timedelta(hours=1)
"""While an alert is open, further hits of the same size are appended to it no more often than this."""


@dataclass(frozen=True, slots=True)
class AlertTerms:
    """What an alert is about."""

    player_id: int
    rule_id: str
    rule_version: str
    blueprint: str
    severity: str
    title: str
    explanation: str
    dedupe_key: str
    magnitude: Decimal | None
    evidence: Mapping[str, Any]
    policy_version_id: int | None = None


def raise_alert(terms: AlertTerms, *, now: datetime) -> alerts.RaisedAlert:
    """Raise an alert, or append to the one that is open, in the caller's transaction. Snoozes are asked there."""
    return alerts.raise_alert(
        player_id=terms.player_id,
        blueprint=terms.blueprint,
        source="monitoring",
        dedupe_key=terms.dedupe_key,
        severity=terms.severity,
        title=terms.title,
        explanation=terms.explanation,
        evidence=terms.evidence,
        now=now,
        rule_id=terms.rule_id,
        rule_version=terms.rule_version,
        policy_version_id=terms.policy_version_id,
        magnitude=terms.magnitude,
    )


def state_of(*, rule_id: str, player_id: int, dedupe_key: str, at: datetime) -> RuleState:
    """Lock what is known of this rule about this player; made at the first hit."""
    RuleState.objects.bulk_create(
        [RuleState(dedupe_key=dedupe_key, rule_id=rule_id, player_id=player_id, first_hit_at=at, last_hit_at=at)],
        ignore_conflicts=True,
    )
    return RuleState.objects.select_for_update().get(dedupe_key=dedupe_key)


def is_quiet(state: RuleState, *, magnitude: Decimal | None, cooldown_days: int, at: datetime) -> bool:
    """
    Say whether a hit is only counted: the rule has alerted lately, and this hit is not half as large again.

    While that alert is open, a hit an hour goes to it, so that whoever holds it sees that things go on.
    """
    if state.alerted_at is None or at >= state.alerted_at + timedelta(days=cooldown_days):
        return False
    before = state.alerted_magnitude
    if magnitude is not None and before is not None and before > 0 and magnitude >= before * LARGER:
        return False
    if at < (state.told_at or state.alerted_at) + APPEND_EVERY:
        return True
    return state.alert_id is None or not Alert.objects.filter(pk=state.alert_id, state=Alert.State.OPEN).exists()
