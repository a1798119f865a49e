"""The end of an exclusion: by time, by the procedure of coming back, or early by two people where the law allows it."""

from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from apps.core.errors import DomainError
from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.safer_play import rules
from apps.safer_play.exclusions import WATCHED_FOR, Kind
from apps.safer_play.guarding import lock_player_with_law, refresh_guard
from apps.safer_play.models import Exclusion, ExclusionReturn
from apps.safer_play.staff import require_staff

# Whoever comes back from these is watched.
_WATCHED = (Kind.SELF_EXCLUSION, Kind.OPERATOR, Kind.THIRD_PARTY, Kind.REGISTER)
# These end by their own time only, whoever asks: they are short, or another's to end.
_BY_TIME_ONLY = (Kind.PANIC, Kind.TIME_OUT, Kind.REGISTER)


class ReturnNotPossible(DomainError):
    """Nobody can come back from this exclusion now; the text says why, `earliest` from when on."""

    code: ClassVar[str] = "return-not-possible"
    title: ClassVar[str] = "Coming back is not possible"
    status: ClassVar[int] = 409


class UnableToEndExclusion(DomainError):
    """The exclusion has ended, or is of a kind that nobody here can end early."""

    code: ClassVar[str] = "unable-to-end-exclusion"
    title: ClassVar[str] = "The exclusion cannot be ended"
    status: ClassVar[int] = 409


@transaction.atomic
def request_return(*, player_id: int, public_id: str, reason: str, now: datetime) -> ExclusionReturn:
    """
    Ask to come back. Where the law wants a decision, staff have until `decide_by`; else the cooling-off begins.

    :raises ReturnNotPossible: before the term is over, without a reason where one is due, or when asked already
    """
    player = lock_player_with_law(player_id)
    exclusion = Exclusion.objects.select_for_update().filter(player_id=player_id, public_id=public_id).first()
    if exclusion is None or exclusion.state != Exclusion.State.ACTIVE or exclusion.kind in _BY_TIME_ONLY:
        raise ReturnNotPossible("There is no such exclusion, or it ends by itself.")
    earliest = exclusion.earliest_return_at
    if earliest is not None and earliest > now:
        raise ReturnNotPossible(extensions={"earliest": earliest.isoformat()})
    if exclusion.returns.filter(state__in=("requested", "cooling")).exists():
        raise ReturnNotPossible("You have asked already.")
    rule = rules.return_rule(player, now)
    if rule.needs_reason and not reason.strip():
        raise ReturnNotPossible("Say why.")
    request = ExclusionReturn(exclusion=exclusion, reason=reason, requested_at=now, policy_version_id=rule.version_id)
    needs_decision = rule.decide_within is not None or exclusion.kind != Kind.SELF_EXCLUSION
    if needs_decision:
        request.decide_by = now + rule.decide_within if rule.decide_within else None
    else:
        _cool(request, by="system", note="", rule=rule, now=now)
    request.save(force_insert=True)
    return request


@transaction.atomic
def withdraw_return(*, player_id: int, public_id: str, now: datetime) -> ExclusionReturn:
    """
    Stay away after all.

    :raises ReturnNotPossible: if no request is under way
    """
    lock_player_with_law(player_id)
    requests = ExclusionReturn.objects.select_for_update().filter(
        exclusion__player_id=player_id, exclusion__public_id=public_id, state__in=("requested", "cooling")
    )
    request = requests.first()
    if request is None:
        raise ReturnNotPossible("Nobody has asked to come back.")
    request.withdraw(at=now)
    request.save(update_fields=["state", "decided_at"])
    return request


@transaction.atomic
def reject_return(*, return_id: int, actor: User, note: str, now: datetime) -> ExclusionReturn:
    """
    Say no to a player's request to come back. One person may; yes is what two people say (`commands`).

    :raises PermissionDenied: without the permission, or at another brand
    :raises ReturnNotPossible: if it does not wait for a decision
    """
    player = lock_player_with_law(_player_of_return(return_id))
    require_staff(actor, "decide_return", player)
    request = _waiting_return(return_id)
    request.reject(by=actor.get_username(), at=now, note=note)
    request.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    return request


@transaction.atomic
def accept_return(*, return_id: int, actor: User, note: str, now: datetime) -> ExclusionReturn:
    """
    Let a player come back after the cooling-off. Two people decide on it; this is what the second's yes carries out.

    :raises PermissionDenied: without the permission, or at another brand
    :raises ReturnNotPossible: if it does not wait for a decision
    """
    player = lock_player_with_law(_player_of_return(return_id))
    require_staff(actor, "approve_exclusion_end", player)
    request = _waiting_return(return_id)
    _cool(request, by=actor.get_username(), note=note, rule=rules.return_rule(player, now), now=now)
    request.save(update_fields=["state", "decided_by", "decided_at", "decision_note", "back_at"])
    return request


@transaction.atomic
def end_exclusion_early(*, exclusion_id: int, actor: User, reason: str, now: datetime) -> Exclusion:
    """
    End an exclusion before its time. Two people decide on it (`commands`); this is what the second's yes carries out.

    :raises PermissionDenied: without the permission, or at another brand
    :raises UnableToEndExclusion: if it has ended, or may not be ended early: time-outs, the panic button, registers,
        and a self-exclusion whose shortest term is not over
    """
    found = Exclusion.objects.filter(pk=exclusion_id).values_list("player_id", flat=True).first()
    if found is None:
        raise UnableToEndExclusion
    player = lock_player_with_law(found)
    require_staff(actor, "approve_exclusion_end", player)
    exclusion = Exclusion.objects.select_for_update().get(pk=exclusion_id)
    require_endable(exclusion, now=now)
    _end(exclusion, player, reason=f"Ended early: {reason}", now=now)
    return exclusion


def require_endable(exclusion: Exclusion, *, now: datetime) -> None:
    """
    Check that an exclusion may be ended early at all.

    :raises UnableToEndExclusion: with the reason
    """
    if exclusion.state != Exclusion.State.ACTIVE:
        raise UnableToEndExclusion("It has ended.")
    if exclusion.kind in _BY_TIME_ONLY:
        raise UnableToEndExclusion("This kind ends by its own time, or where it was made.")
    if exclusion.earliest_return_at is not None and exclusion.earliest_return_at > now:
        raise UnableToEndExclusion(f"Not before {exclusion.earliest_return_at:%Y-%m-%d %H:%M} UTC.")


def due_exclusions(*, now: datetime) -> list[int]:
    """Ids of exclusions that end by themselves now: their time is over, or their player's cooling-off is."""
    over = Q(ends_at__lte=now, holds=False)
    cooled = Q(returns__state="cooling", returns__back_at__lte=now)
    return list(
        Exclusion.objects.filter(over | cooled, state="active").order_by("pk").values_list("pk", flat=True).distinct()
    )


@transaction.atomic
def end_due_exclusion(*, exclusion_id: int, now: datetime) -> bool:
    """End one of `due_exclusions`, if it is still due."""
    player = lock_player_with_law(Exclusion.objects.values_list("player_id", flat=True).get(pk=exclusion_id))
    exclusion = Exclusion.objects.select_for_update().get(pk=exclusion_id)
    if exclusion.state != Exclusion.State.ACTIVE or exclusion_id not in due_exclusions(now=now):
        return False
    request = exclusion.returns.filter(state="cooling", back_at__lte=now).first()
    if request is not None:
        request.finish()
        request.save(update_fields=["state"])
    _end(exclusion, player, reason="Came back" if request else "Its time is over", now=now)
    return True


def _cool(request: ExclusionReturn, *, by: str, note: str, rule: rules.ReturnRule, now: datetime) -> None:
    is_definite = request.exclusion.ends_at is not None
    cooling = rule.cooling_definite if is_definite else rule.cooling_indefinite
    request.cool(by=by, at=now, note=note, back_at=now + cooling)


def _end(exclusion: Exclusion, player: Player, *, reason: str, now: datetime) -> None:
    """End it and those of linked accounts that follow it."""
    watched_until = now + WATCHED_FOR if exclusion.kind in _WATCHED else None
    exclusion.end(at=now, reason=reason[:300], watched_until=watched_until)
    exclusion.save(update_fields=["state", "ended_at", "end_reason", "watched_until"])
    refresh_guard(player, now=now)
    record_fact(
        kind="safer_play.exclusion.ended",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(exclusion.public_id),
        data={"kind": exclusion.kind, "reason": reason, "watched_until": _text(watched_until)},
        now=now,
    )
    for follower in exclusion.followers.filter(state=Exclusion.State.ACTIVE).order_by("player_id"):
        _end(follower, lock_player_with_law(follower.player_id), reason=reason, now=now)


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _waiting_return(return_id: int) -> ExclusionReturn:
    request = ExclusionReturn.objects.select_for_update().get(pk=return_id)
    if request.state != ExclusionReturn.State.REQUESTED:
        raise ReturnNotPossible("It does not wait for a decision.")
    return request


def _player_of_return(return_id: int) -> int:
    found = ExclusionReturn.objects.filter(pk=return_id).values_list("exclusion__player_id", flat=True).first()
    if found is None:
        raise ReturnNotPossible("There is no such request.")
    return found
