"""Four eyes, one mechanism for all apps: asking for a command, deciding on it, carrying it out once. No commands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.compliance.approval_access import holds, serves
from apps.compliance.approval_commands import ApprovalNotSound, Command, command_named, find_command
from apps.compliance.approval_terms import canonical, hash_of, is_as_asked, state_under
from apps.compliance.models.approvals import ApprovalEvent, ApprovalRequest
from apps.core.errors import DomainError
from apps.core.request_context import current_factor, current_request_id
from apps.players.models import Player

SHORTEST_REASON = 5
_LONGEST = 2000
_State = ApprovalRequest.State
_DECISION = ("state", "checker", "decision_reason", "result", "decided_at", "executed_at")


class ApprovalUnknown(DomainError):
    """There is no such request, or the member of staff does not serve its brand."""

    code = "approval-unknown"
    title = "Unknown request"
    status = 404


class ApprovalSecondPerson(DomainError):
    """Whoever asked does not decide. There is no exception, not for superusers either."""

    code = "approval-second-person"
    title = "A second person has to decide"
    status = 403


class ApprovalDecided(DomainError):
    """The request has been decided, or has ended otherwise, already."""

    code = "approval-decided"
    title = "The request has been decided"
    status = 409


class ApprovalExpired(DomainError):
    """Nobody decided in time; it has to be asked for again."""

    code = "approval-expired"
    title = "The request has expired"
    status = 409


class ApprovalVoid(DomainError):
    """Whoever asked has left, or may no longer ask for this."""

    code = "approval-void"
    title = "The request is void"
    status = 409


class ApprovalStale(DomainError):
    """What the request is about has changed since it was made, so it was refused; it has to be asked for again."""

    code = "approval-stale"
    title = "The request rests on something that has changed"
    status = 409


class UnableToExecute(DomainError):
    """The command was approved but could not be carried out; nothing has happened and the request goes on waiting."""

    code = "approval-not-executed"
    title = "This could not be carried out now"
    status = 409


@transaction.atomic
def request_approval(
    *,
    command: str,
    payload: Mapping[str, Any],
    maker: User,
    reason: str,
    now: datetime,
    subject_player_id: int | None = None,
    brand_id: int | None = None,
    expires_at: datetime | None = None,
) -> ApprovalRequest:
    """
    Ask a colleague to let a command be carried out; nothing happens yet.

    :param payload: what the command needs: JSON without floating-point numbers (amounts are integers or strings)
    :param subject_player_id: whose matter it is; then only staff of that player's brand decide
    :param brand_id: whose matter it is where it is about no one player; likewise
    :raises PermissionDenied: if the maker may not ask for this
    :raises ApprovalUnknown: if there is no such player, or the maker does not serve the brand
    :raises ApprovalNotSound: if command, reason or time make no sense
    :raises DomainError: whatever the command's own check says
    """
    spec = command_named(command)
    maker = _require(maker, spec, spec.maker_permission)
    player = _subject(subject_player_id, maker)
    if brand_id is not None and not serves(maker, brand_id):
        raise ApprovalUnknown("There is no such brand.")
    until = expires_at or now + spec.lifetime
    _require_sound(reason, now, until)
    terms = canonical(payload)
    if spec.revalidate:
        spec.revalidate(payload=terms, now=now)
    request = ApprovalRequest.objects.create(
        command=command,
        payload=terms,
        payload_hash=hash_of(command, terms, maker.pk),
        rests_on=state_under(spec, terms),
        summary=spec.describe(terms)[:_LONGEST],
        reason=reason.strip(),
        subject_player=player,
        brand_id=player.brand_id if player else brand_id,
        maker=maker,
        created_at=now,
        expires_at=until,
        request_id=current_request_id(),
    )
    _record(request, ApprovalEvent.Kind.ASKED, maker, now, reason)
    return request


def decide_approval(
    *, request_id: int, checker: User, approve: bool, reason: str, now: datetime, seen_hash: str = ""
) -> ApprovalRequest:
    """
    Decide on a colleague's request and, if approved, carry it out, once, under the request's lock.

    :param reason: required to reject
    :param seen_hash: `payload_hash` of what the checker was shown, so that he decides on nothing else
    :raises PermissionDenied: if the checker may not decide on this command
    :raises ApprovalUnknown: if there is no such request, or the checker does not serve its brand
    :raises ApprovalSecondPerson: if the checker asked for it
    :raises ApprovalDecided: if it has ended already
    :raises ApprovalExpired: if its time is over
    :raises ApprovalVoid: if its maker has left or may no longer ask for it
    :raises ApprovalStale: if it, or what it rests on, is not what was asked for; it is refused for good
    :raises UnableToExecute: if it could not be carried out now; it goes on waiting
    """
    request, refusal = _decide(request_id, checker, reason, now, approve=approve, seen_hash=seen_hash)
    if refusal is not None:
        raise refusal
    return request


def request_under_way(*, command: str, payload: Mapping[str, Any], maker: User) -> ApprovalRequest:
    """
    Return the request that is being carried out, for a command that keeps it with what it does.

    :raises ApprovalUnknown: if there is none: called by something else than the mechanism
    """
    waiting = ApprovalRequest.objects.filter(command=command, payload=payload, maker=maker, state=_State.WAITING)
    found = waiting.order_by("-pk").first()
    if found is None:
        raise ApprovalUnknown
    return found


@transaction.atomic
def cancel_request(*, request_id: int, maker: User, reason: str, now: datetime) -> ApprovalRequest:
    """
    Take back what one asked for oneself.

    :raises ApprovalUnknown: if there is no such request of the maker's
    :raises ApprovalDecided: if it has ended already
    """
    request = _locked(request_id)
    if request.maker_id != maker.pk:
        raise ApprovalUnknown
    if request.state != _State.WAITING:
        raise ApprovalDecided
    request.cancel(at=now, reason=reason.strip())
    _end(request, ApprovalEvent.Kind.CANCELLED, maker, now, reason)
    return request


def end_stale_requests(*, now: datetime) -> int:
    """End requests whose time is over or whose maker may no longer ask; returns how many. Skips those being decided."""
    ended = 0
    with transaction.atomic():
        waiting = ApprovalRequest.objects.select_for_update(skip_locked=True, no_key=True, of=("self",)).filter(
            state=_State.WAITING
        )
        for request in waiting.order_by("pk"):
            ended += _end_if_stale(request, now) is not None
    return ended


@transaction.atomic
def _decide(
    request_id: int, checker: User, reason: str, now: datetime, *, approve: bool, seen_hash: str
) -> tuple[ApprovalRequest, DomainError | None]:
    """Decide; a refusal that leaves a trace is returned, not raised, so that the trace is kept."""
    request = _locked(request_id)
    spec = command_named(request.command)
    checker = _require(checker, spec, spec.checker_permission)
    if request.brand_id is not None and not serves(checker, request.brand_id):
        raise ApprovalUnknown
    if request.maker_id == checker.pk:
        raise ApprovalSecondPerson
    if request.state != _State.WAITING:
        raise ApprovalDecided
    if seen_hash and seen_hash != request.payload_hash:
        raise ApprovalNotSound("This is not the request you were shown.")
    if (over := _end_if_stale(request, now)) is not None:
        return request, over
    if not approve:
        return _reject(request, checker, reason, now), None
    return request, _carry_out(request, spec, checker, reason, now)


def _carry_out(
    request: ApprovalRequest, spec: Command, checker: User, reason: str, now: datetime
) -> DomainError | None:
    try:
        _require_unchanged(request, spec, now)
    except DomainError as stale:
        told = stale.detail or stale.title
        request.refuse(checker=checker, at=now, reason=told)
        _end(request, ApprovalEvent.Kind.REFUSED, checker, now, told)
        return stale if isinstance(stale, ApprovalStale) else ApprovalStale(told)
    try:
        with transaction.atomic():
            result = spec.execute(payload=request.payload, maker=request.maker, checker=checker, now=now)
    except DomainError as refusal:
        told = refusal.detail or refusal.title
        _record(request, ApprovalEvent.Kind.FAILED, checker, now, told)
        return UnableToExecute(f"{told} The request goes on waiting.")
    request.execute(checker=checker, at=now, reason=reason.strip(), result=result)
    request.save(update_fields=_DECISION)
    _record(request, ApprovalEvent.Kind.EXECUTED, checker, now, reason)
    return None


def _require_unchanged(request: ApprovalRequest, spec: Command, now: datetime) -> None:
    # First of all: a payload that is not the one asked for never reaches the command.
    if not is_as_asked(request) or state_under(spec, request.payload) != request.rests_on:
        raise ApprovalStale
    if spec.revalidate:
        spec.revalidate(payload=request.payload, now=now)


def _reject(request: ApprovalRequest, checker: User, reason: str, now: datetime) -> ApprovalRequest:
    if len(reason.strip()) < SHORTEST_REASON:
        raise ApprovalNotSound("A rejection says why.")
    request.reject(checker=checker, at=now, reason=reason.strip())
    _end(request, ApprovalEvent.Kind.REJECTED, checker, now, reason)
    return request


def _end_if_stale(request: ApprovalRequest, now: datetime) -> DomainError | None:
    """End a request that nobody may decide on any more, and say why; None if it may be decided."""
    if now >= request.expires_at:
        request.expire(at=now)
        _end(request, ApprovalEvent.Kind.EXPIRED, None, now, "")
        return ApprovalExpired()
    told = _why_void(request)
    if told:
        request.annul(at=now, reason=told)
        _end(request, ApprovalEvent.Kind.VOID, None, now, told)
        return ApprovalVoid(told)
    return None


def _why_void(request: ApprovalRequest) -> str:
    maker = User.objects.get(pk=request.maker_id)
    spec = find_command(request.command)
    if spec is None:
        return "The platform no longer knows this command."
    if not (maker.is_active and maker.is_staff):
        return f"{maker.get_username()} no longer works here."
    if not holds(maker, spec, spec.maker_permission):
        return f"{maker.get_username()} may no longer ask for this."
    if request.brand_id is not None and not serves(maker, request.brand_id):
        return f"{maker.get_username()} no longer serves the player's brand."
    return ""


def _end(request: ApprovalRequest, kind: ApprovalEvent.Kind, actor: User | None, now: datetime, note: str) -> None:
    """Keep how a request ended without being carried out."""
    request.save(update_fields=_DECISION)
    _record(request, kind, actor, now, note)
    spec = find_command(request.command)
    if spec and spec.abandon and is_as_asked(request):
        spec.abandon(payload=request.payload, now=now)


def _record(request: ApprovalRequest, kind: ApprovalEvent.Kind, actor: User | None, now: datetime, note: str) -> None:
    factor = current_factor() if actor else None
    ApprovalEvent.objects.create(
        approval=request,
        kind=kind,
        actor=actor,
        note=note.strip()[:_LONGEST],
        payload_hash=request.payload_hash,
        factor="" if factor is None else factor.kind or ApprovalEvent.Factor.NONE,
        factor_at=factor.shown_at if factor else None,
        request_id=current_request_id(),
        at=now,
    )


def _locked(request_id: int) -> ApprovalRequest:
    found = ApprovalRequest.objects.select_for_update(no_key=True).filter(pk=request_id).first()
    if found is None:
        raise ApprovalUnknown
    return found


def _require(person: User, spec: Command, permission: str) -> User:
    """Look at the person as the database knows him now: rights may have been taken away since he logged in."""
    fresh = User.objects.filter(pk=person.pk).first()
    if fresh is None or not (fresh.is_active and fresh.is_staff and holds(fresh, spec, permission)):
        raise PermissionDenied
    return fresh


def _subject(player_id: int | None, maker: User) -> Player | None:
    if player_id is None:
        return None
    player = Player.objects.filter(pk=player_id).first()
    if player is None or not serves(maker, player.brand_id):
        raise ApprovalUnknown("There is no such player.")
    return player


def _require_sound(reason: str, now: datetime, until: datetime) -> None:
    if len(reason.strip()) < SHORTEST_REASON:
        raise ApprovalNotSound(f"The reason has {SHORTEST_REASON} characters or more.")
    if len(reason.strip()) > _LONGEST:
        raise ApprovalNotSound(f"The reason has {_LONGEST} characters at most.")
    if until <= now:
        raise ApprovalNotSound("The request would have expired already.")
