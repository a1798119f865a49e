"""What people do with an alert about return to player: take it over, suspend the game, decide, measure anew."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.core.errors import DomainError
from apps.providers.catalogue import switch_game
from apps.reporting.models import RtpAlert, RtpBaseline

DECIDE_PERMISSION = "reporting.decide_rtpalert"
_State = RtpAlert.State
_SHORTEST_FINDING, _LONGEST_FINDING = 5, 2000


class RtpAlertOver(DomainError):
    """Somebody has taken it over or decided it already."""

    code = "rtp-alert-over"
    title = "The alert is no longer in that state"
    status = 409


class RtpFindingRequired(DomainError):
    """Say what was found, in 5 to 2000 characters: the annual games-testing audit reads it."""

    code = "rtp-finding-required"
    title = "A finding is required"
    status = 400


@transaction.atomic
def take_alert(*, alert_id: int, actor: User, now: datetime) -> RtpAlert:
    """
    Take an alert over.

    :raises PermissionDenied: without the permission
    :raises RtpAlertOver: if somebody has it, or it is decided
    """
    alert = _locked(alert_id, actor)
    if alert.state != _State.OPEN:
        raise RtpAlertOver
    alert.take(by=actor, at=now)
    alert.save(update_fields=["state", "holder", "taken_at"])
    return alert


@transaction.atomic
def suspend_game(*, alert_id: int, actor: User, now: datetime) -> RtpAlert:
    """
    Disable the game everywhere, with the next bet; wins and rollbacks of bets already placed still pass.

    :raises PermissionDenied: unless the actor may switch games
    """
    alert = RtpAlert.objects.select_for_update(of=("self",)).select_related("game").get(pk=alert_id)
    reason = (
        f"RTP alert {alert.pk}: {alert.measured_ppm / 10_000:.2f} % of {alert.declared_ppm / 10_000:.2f} % declared"
    )
    switch_game(game_id=alert.game_id, enabled=False, reason=reason, actor=actor, now=now)
    alert.suspended_at = now
    alert.save(update_fields=["suspended_at"])
    return alert


@transaction.atomic
def decide_alert(*, alert_id: int, is_error: bool, finding: str, actor: User, now: datetime) -> RtpAlert:
    """
    Close an alert with what was found. After an error, the game is measured anew from tomorrow.

    :raises PermissionDenied: without the permission
    :raises RtpFindingRequired: if the finding is too short or too long
    :raises RtpAlertOver: if it is decided
    """
    alert = _locked(alert_id, actor)
    if not _SHORTEST_FINDING <= len(finding.strip()) <= _LONGEST_FINDING:
        raise RtpFindingRequired
    if alert.state not in (_State.OPEN, _State.TAKEN):
        raise RtpAlertOver
    decision = alert.confirm if is_error else alert.dismiss
    decision(by=actor, at=now, finding=finding.strip())
    alert.save(update_fields=["state", "decided_by", "decided_at", "finding"])
    # Rounds that raised it would raise it again at the next look; from now on new ones are judged.
    RtpBaseline.objects.create(
        game_id=alert.game_id,
        variant_id=alert.variant_id or 0,
        since=now.date() + timedelta(days=1),
        reason=f"RTP alert {alert.pk}: {alert.state}",
        made_by=actor,
        made_at=now,
    )
    return alert


def _locked(alert_id: int, actor: User) -> RtpAlert:
    if not actor.has_perm(DECIDE_PERMISSION):
        raise PermissionDenied
    return RtpAlert.objects.select_for_update(of=("self",)).select_related("game").get(pk=alert_id)
