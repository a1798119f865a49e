"""People who set a player's risk level themselves, and who keep a rule quiet: with reason, end and second person."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.core.errors import DomainError
from apps.monitoring.models import RiskKind, RiskOverride, RuleState, Snooze
from apps.monitoring.publication import SecondPersonRequired
from apps.monitoring.risk import assess

LONGEST_OVERRIDE = timedelta(days=180)
LONGEST_SNOOZE = timedelta(days=180)


class TermsNotSound(DomainError):
    """The end lies in the past or too far away, or there is one already."""

    code = "monitoring-terms-not-sound"
    title = "This can not be set"
    status = 422


@transaction.atomic
def request_override(
    *, player_id: int, kind: str, level: int, until: datetime, reason: str, maker: User, now: datetime
) -> RiskOverride:
    """
    Ask for another risk level of a player, until a date at most 180 days away.

    :raises TermsNotSound: for an end that is none, an unknown kind, or while another request is open
    """
    _require(maker, "monitoring.override_risk")
    if not now < until <= now + LONGEST_OVERRIDE or kind not in RiskKind.values or level not in range(1, 6):
        raise TermsNotSound("A level from 1 to 5, until a date within 180 days.")
    if RiskOverride.objects.filter(player_id=player_id, kind=kind, state="requested").exists():
        raise TermsNotSound("Another request for this player is open.")
    return RiskOverride.objects.create(
        player_id=player_id, kind=kind, level=level, until=until, reason=reason, maker=maker, requested_at=now
    )


@transaction.atomic
def decide_override(*, override_id: int, checker: User, approve: bool, now: datetime) -> RiskOverride:
    """
    Agree to another risk level, or not. It counts at once, replaces one that runs, and ends by itself.

    :raises SecondPersonRequired: for who asked
    :raises TermsNotSound: if it was decided already, or has ended meanwhile
    """
    _require(checker, "monitoring.approve_riskoverride")
    override = RiskOverride.objects.select_for_update().get(pk=override_id)
    if override.state != RiskOverride.State.REQUESTED or override.until <= now:
        raise TermsNotSound("It has been decided already, or its time is over.")
    if override.maker_id == checker.pk:
        raise SecondPersonRequired
    if approve:
        for other in RiskOverride.objects.select_for_update().filter(
            player_id=override.player_id, kind=override.kind, state="running"
        ):
            other.state = RiskOverride.State.ENDED
            other.save(update_fields=["state"])
    override.state = RiskOverride.State.RUNNING if approve else RiskOverride.State.REFUSED
    override.checker, override.decided_at = checker, now
    override.save(update_fields=["state", "checker", "decided_at"])
    if approve:
        assess([override.player_id], kinds=[override.kind], now=now, why=f"Set by staff: {override.reason}")
    return override


@transaction.atomic
def snooze_rule(*, rule_id: str, player_id: int, until: datetime, reason: str, by: User, now: datetime) -> Snooze:
    """
    Keep a rule quiet for one player, at most 180 days. Hits are still counted; one half as large again ends it.

    To be called from a reviewed decision on a case.

    :raises TermsNotSound: for an end that is none
    """
    _require(by, "monitoring.snooze_rule")
    if not now < until <= now + LONGEST_SNOOZE:
        raise TermsNotSound("Until a date within 180 days.")
    for other in Snooze.objects.select_for_update().filter(rule_id=rule_id, player_id=player_id, ended_at__isnull=True):
        other.ended_at, other.ended_reason = now, "replaced"
        other.save(update_fields=["ended_at", "ended_reason"])
    sizes = RuleState.objects.filter(rule_id=rule_id, player_id=player_id).values_list("alerted_magnitude", flat=True)
    largest: Decimal | None = max((each for each in sizes if each is not None), default=None)
    return Snooze.objects.create(
        rule_id=rule_id, player_id=player_id, until=until, magnitude=largest, reason=reason[:300], set_by=by, set_at=now
    )


def _require(user: User, permission: str) -> None:
    if not (user.is_active and user.has_perm(permission)):
        raise PermissionDenied
