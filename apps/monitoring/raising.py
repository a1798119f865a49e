"""The one place where a hit becomes an alert: how often, and through which door. The door is `compliance.alerts`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.monitoring.models import RuleState, Snooze

LARGER = Decimal("1.5")
"""A hit this much larger breaks a cool-down and ends a snooze."""


@dataclass(frozen=True, slots=True)
class AlertTerms:
    """What an alert is about, as `compliance.alerts.raise_alert` wants it."""

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


@dataclass(frozen=True, slots=True)
class Raised:
    """What became of it."""

    alert_id: int | None
    case_id: int | None
    is_new: bool


def raise_alert(terms: AlertTerms, *, now: datetime) -> Raised:
    """
    Raise an alert, or append to the one that is open, in the caller's transaction.

    The lead connects this body to `apps.compliance.alerts.raise_alert`; until then the decision's row is the alert.
    """
    del terms, now
    return Raised(None, None, is_new=True)


def state_of(*, rule_id: str, player_id: int, dedupe_key: str, at: datetime) -> RuleState:
    """Lock what is known of this rule about this player; made at the first hit."""
    RuleState.objects.bulk_create(
        [RuleState(dedupe_key=dedupe_key, rule_id=rule_id, player_id=player_id, first_hit_at=at, last_hit_at=at)],
        ignore_conflicts=True,
    )
    return RuleState.objects.select_for_update().get(dedupe_key=dedupe_key)


def kept_quiet(
    state: RuleState, *, magnitude: Decimal | None, cooldown_days: int, at: datetime, snoozes: Sequence[Snooze]
) -> str:
    """
    Say why a hit raises no alert: `snooze`, `cool-down`, or empty when it does.

    A hit half as large again as the one that was answered ends either; so does their time.
    """
    for snooze in snoozes:
        if snooze.until > at and not _is_larger(magnitude, snooze.magnitude):
            return "snooze"
    if state.alerted_at is None or at >= state.alerted_at + timedelta(days=cooldown_days):
        return ""
    return "" if _is_larger(magnitude, state.alerted_magnitude) else "cool-down"


def _is_larger(magnitude: Decimal | None, before: Decimal | None) -> bool:
    return magnitude is not None and before is not None and before > 0 and magnitude >= before * LARGER


def running_snoozes(*, rule_id: str, player_id: int) -> list[Snooze]:
    """The snooze of this rule for this player, if one runs."""
    return list(Snooze.objects.filter(rule_id=rule_id, player_id=player_id, ended_at__isnull=True))
