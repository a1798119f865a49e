"""Keeping and erasing: legal holds, requests to be forgotten, and the day on which the law lets go of personal data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from apps.brands.models import StaffScope
from apps.compliance.approvals import request_approval
from apps.compliance.erasure_letter import Letter, erased_letter, refusal_letter
from apps.compliance.holdings import holdings
from apps.compliance.models.approvals import ApprovalRequest
from apps.compliance.models.policies import PolicySource, PolicyVersion
from apps.compliance.models.retention import Erasure, ErasureRequest, LegalHold
from apps.compliance.policies import PolicyAnswer, local_day, policy
from apps.core.errors import DomainError
from apps.players.models import Player, StatusChange
from apps.players.operations.status import lock_player

PLACE_PERMISSION = "compliance.place_hold"
RELEASE_PERMISSION = "compliance.release_hold"
ERASURE_PERMISSION = "compliance.handle_erasure"
RELEASE_COMMAND = "compliance.release_hold"
YEARS = "retention_years_after_relationship"
ANSWER_WITHIN = timedelta(days=30)
CALENDAR = "the calendar"
_LONGEST_HOLD_REVIEW = timedelta(days=366)
_BATCH = 100
_CLOSED = Player.Status.CLOSED


class SubjectUnknown(DomainError):
    """There is no such player, hold or request, or the member of staff does not serve the brand."""

    code = "retention-unknown"
    title = "Unknown player, hold or request"
    status = 404


class HoldNotSound(DomainError):
    """A hold says what it covers and why, and is reviewed within a year."""

    code = "hold-not-sound"
    title = "The hold can not be placed like that"
    status = 422


class HoldReleased(DomainError):
    """The hold has been released already."""

    code = "hold-released"
    title = "The hold has been released"
    status = 409


class ErasureOpen(DomainError):
    """The player's request is being handled already."""

    code = "erasure-open"
    title = "A request for erasure waits already"
    status = 409


class ErasureAnswered(DomainError):
    """The request has been answered."""

    code = "erasure-answered"
    title = "The request has been answered"
    status = 409


class UnableToErase(DomainError):
    """The law, a hold, or money of the player keeps the data."""

    code = "unable-to-erase"
    title = "The personal data cannot be erased"
    status = 409


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a player's data are kept, and by which rule."""

    ended_on: date | None
    """When the relationship ended: the day the account was closed for good so far; None while it is open."""
    years: int
    delete_on: date | None
    rule: PolicyAnswer
    is_own: bool
    """Whether the jurisdiction itself says so. What is borrowed keeps data, but never erases any."""


def retention_of(player: Player, *, now: datetime) -> Retention:
    """Say until when the law keeps a player's data, as it stands today."""
    ended_at = _closed_at().filter(player=player).values_list("changed_at", flat=True).first()
    ended = local_day(player.jurisdiction_id, ended_at) if ended_at and player.status == _CLOSED else None
    rule = policy(YEARS, jurisdiction=player.jurisdiction_id, on=local_day(player.jurisdiction_id, now))
    years = int(rule.value or 0)
    is_own = rule.version_id is not None and rule.jurisdiction == player.jurisdiction_id
    return Retention(ended, years, _years_later(ended, years) if ended and is_own else None, rule, is_own)


def held(player_id: int) -> QuerySet[LegalHold]:
    """Return the holds on a player that are not released."""
    return LegalHold.objects.filter(player_id=player_id, released_at__isnull=True)


@transaction.atomic
def place_hold(*, player_id: int, scope: str, reason: str, review_on: date, owner: User, now: datetime) -> LegalHold:
    """
    Keep everything about a player until two people release it.

    :raises PermissionDenied: if the person may not place holds
    :raises SubjectUnknown: if there is no such player of a brand the person serves
    :raises HoldNotSound: if scope or reason say nothing, or the review lies behind or more than a year ahead
    """
    player = _subject(player_id, owner, PLACE_PERMISSION)
    today = local_day(player.jurisdiction_id, now)
    if not scope.strip() or not reason.strip():
        raise HoldNotSound
    if not today < review_on <= today + _LONGEST_HOLD_REVIEW:
        raise HoldNotSound("The review date lies ahead, by a year at most.")
    return LegalHold.objects.create(
        player=player, scope=scope.strip(), reason=reason.strip(), owner=owner, review_on=review_on, placed_at=now
    )


def ask_to_release(*, hold_id: int, maker: User, reason: str, now: datetime) -> ApprovalRequest:
    """
    Ask a colleague to let a hold go.

    :raises PermissionDenied: if the maker may not ask for that
    :raises SubjectUnknown: if there is no such hold
    :raises HoldReleased: if it has been released
    """
    hold = LegalHold.objects.filter(pk=hold_id).first()
    if hold is None:
        raise SubjectUnknown
    return request_approval(
        command=RELEASE_COMMAND,
        payload={"hold": hold.pk, "why": reason.strip()},
        maker=maker,
        reason=reason,
        now=now,
        subject_player_id=hold.player_id,
    )


def release_hold(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """Carry out an approved release."""
    hold = _lock_hold(payload)
    hold.released_at, hold.released_by, hold.release_reason = now, checker, str(payload["why"])
    hold.save(update_fields=["released_at", "released_by", "release_reason"])
    return {"hold": hold.pk, "asked_by": maker.get_username()}


def recheck_release(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the mechanism passes it
    """
    Look at it again.

    :raises HoldReleased: if it has been released in the meantime
    """
    _lock_hold(payload)


@transaction.atomic
def record_erasure_request(*, player_id: int, channel: str, actor: User, now: datetime) -> ErasureRequest:
    """
    Note that a player asks to be forgotten; the law wants an answer within a month.

    :raises PermissionDenied: if the person may not handle such requests
    :raises SubjectUnknown: if there is no such player of a brand the person serves
    :raises ErasureOpen: if an earlier one has not been answered
    """
    player = _subject(player_id, actor, ERASURE_PERMISSION)
    if ErasureRequest.objects.filter(player=player, state=ErasureRequest.State.RECEIVED).exists():
        raise ErasureOpen
    return ErasureRequest.objects.create(
        player=player, channel=channel.strip(), received_at=now, due_at=now + ANSWER_WITHIN, recorded_by=actor
    )


@transaction.atomic
def answer_erasure_request(*, request_id: int, actor: User, now: datetime) -> ErasureRequest:
    """
    Answer: erase what nothing keeps any more, or say which law keeps it, until when, and what the player can do.

    :raises PermissionDenied: if the person may not handle such requests
    :raises SubjectUnknown: if there is no such request of a brand the person serves
    :raises ErasureAnswered: if it has been answered
    """
    request = ErasureRequest.objects.select_for_update(no_key=True).filter(pk=request_id).first()
    if request is None:
        raise SubjectUnknown
    player = _subject(request.player_id, actor, ERASURE_PERMISSION)
    if request.state != ErasureRequest.State.RECEIVED:
        raise ErasureAnswered
    kept = retention_of(player, now=now)
    letter = _letter(player, kept, now)
    request.legal_basis, request.delete_on, request.policy_version_id = (
        letter.legal_basis, kept.delete_on, kept.rule.version_id,
    )  # fmt: skip
    if why_kept(player, kept, now):
        request.refuse(by=actor, at=now, answer=letter.text)
    else:
        _erase(player, kept, actor=actor.get_username(), now=now)
        request.erase(by=actor, at=now, answer=erased_letter(player).text)
    request.save()
    return request


@transaction.atomic
def erase_player(*, player_id: int, now: datetime) -> Erasure:
    """
    Remove a player's personal data because the law lets go of them. The ledger keeps balancing.

    :raises UnableToErase: if something keeps them; nothing has changed then
    """
    player = lock_player(player_id)
    kept = retention_of(player, now=now)
    if reason := why_kept(player, kept, now):
        raise UnableToErase(f"{reason}.")
    return _erase(player, kept, actor=CALENDAR, now=now)


def why_kept(player: Player, kept: Retention, now: datetime) -> str:
    """Say in words why a player's data cannot be erased today, for staff; nothing if they can."""
    if Erasure.objects.filter(player=player).exists():
        return "They have been erased already"
    if kept.ended_on is None:
        return "The account is open"
    if not kept.is_own or kept.delete_on is None:
        # Erasing cannot be undone, so a borrowed period does not do.
        return f"{player.jurisdiction.name} has no period of its own in force: two people publish {YEARS} first"
    if local_day(player.jurisdiction_id, now) < kept.delete_on:
        return f"The law keeps them until {kept.delete_on:%-d %B %Y}"
    if hold := held(player.pk).first():
        return f"A legal hold covers them: {hold.scope}"
    reasons = [reason for each in holdings() if each.blocks and (reason := each.blocks(player))]
    return f"Still open: {'; '.join(reasons)}" if reasons else ""


def due_players(*, now: datetime) -> QuerySet[Player]:
    """
    Return players who may be due, the longest closed first; :func:`erase_player` decides on each.

    Those whose account was closed longer ago than the shortest period there is, and whose data are neither erased nor
    held.
    """
    shortest = _shortest_period()
    if shortest is None:
        return Player.objects.none()
    last_closed = _closed_at().filter(player=OuterRef("pk")).values("changed_at")[:1]
    holds = LegalHold.objects.filter(player=OuterRef("pk"), released_at__isnull=True)
    return (
        Player.objects.filter(status=_CLOSED, erasure__isnull=True)
        .annotate(closed_at=Subquery(last_closed))
        .filter(~Exists(holds), closed_at__lte=now - timedelta(days=365 * shortest))
        .order_by("closed_at", "pk")
    )


def erase_expired(*, now: datetime) -> int:
    """Erase whom the law has let go of; returns how many. Each player in a transaction of his own."""
    erased, seen = 0, 0
    for player_id in list(due_players(now=now).values_list("pk", flat=True)[:_BATCH]):
        seen += 1
        try:
            erase_player(player_id=player_id, now=now)
        except UnableToErase:
            continue
        erased += 1
    return erased


def _erase(player: Player, kept: Retention, *, actor: str, now: datetime) -> Erasure:
    if kept.delete_on is None:
        raise UnableToErase
    counts: dict[str, int] = {}
    done = Erasure(
        player=player,
        due_on=kept.delete_on,
        policy_version_id=kept.rule.version_id,
        erased_at=now,
        actor=actor,
        counts=counts,
    )
    done.save(force_insert=True)  # first: the guards of append-only tables look for it
    # The profile last: others find their rows by the name in it.
    for each in sorted(holdings(), key=lambda each: (each.name == "profile", each.name)):
        if each.erase:
            counts[each.name] = each.erase(player)
    done.save(update_fields=["counts"])
    return done


def _letter(player: Player, kept: Retention, now: datetime) -> Letter:
    version = PolicyVersion.objects.filter(pk=kept.rule.version_id or 0).first() if kept.is_own else None
    sources = PolicySource.objects.filter(pk__in=version.sources) if version else PolicySource.objects.none()
    return refusal_letter(
        player,
        years=kept.years,
        ended_on=kept.ended_on,
        delete_on=kept.delete_on,
        sources=[f"{each.title} ({each.publisher})" for each in sources],
        on=local_day(player.jurisdiction_id, now),
        kept=[each.keeps for each in holdings() if each.keeps],
    )


def _closed_at() -> QuerySet[StatusChange]:
    return StatusChange.objects.filter(to_status=_CLOSED).order_by("-changed_at", "-pk")


def _shortest_period() -> int | None:
    rows = PolicyVersion.objects.filter(parameter_id=YEARS, state=PolicyVersion.State.PUBLISHED)
    values = [row for row in rows.values_list("value", flat=True) if isinstance(row, int)]
    return min(values) if values else None


def _years_later(day: date, years: int) -> date:
    """Return the first day after the period: kept five years from 3 May 2021 means deleted on 4 May 2026."""
    try:
        last = day.replace(year=day.year + years)
    except ValueError:  # 29 February
        last = date(day.year + years, 3, 1) - timedelta(days=1)
    return last + timedelta(days=1)


def _lock_hold(payload: Mapping[str, Any]) -> LegalHold:
    hold = LegalHold.objects.select_for_update(no_key=True).filter(pk=payload["hold"]).first()
    if hold is None:
        raise SubjectUnknown
    if hold.released_at is not None:
        raise HoldReleased
    return hold


def _subject(player_id: int, person: User, permission: str) -> Player:
    if not person.has_perm(permission):
        raise PermissionDenied
    player = Player.objects.select_for_update(no_key=True, of=("self",)).select_related("brand", "jurisdiction").filter(
        pk=player_id
    ).first()  # fmt: skip
    if player is None or not (
        person.is_superuser or StaffScope.objects.filter(user=person, brand_id=player.brand_id).exists()
    ):
        raise SubjectUnknown
    return player
