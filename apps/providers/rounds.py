"""What one person does to rounds, the stuck ones, and what every resolution needs. Voids are in `round_voids`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.providers.models import Round, RoundEvent, RoundPolicy
from apps.providers.round_policies import policy_of
from apps.transactions.posting import lock_wallet

if TYPE_CHECKING:
    from django.contrib.auth.models import User

RESOLVE_PERMISSION = "providers.resolve_round"
MAX_REASON_LENGTH = 300
STUCK_AFTER = timedelta(minutes=30)
_Kind = RoundEvent.Kind


class RoundNotOpen(DomainError):
    """The round is not open: its vendor or somebody else has closed it."""

    code = "round-not-open"
    title = "The round is not open"
    status = 409


class RoundUnknown(DomainError):
    """The player has no such round."""

    code = "round-unknown"
    title = "No such round"
    status = 404


class RoundReasonRequired(DomainError):
    """Say why, in 300 characters at most: it goes into the round's history."""

    code = "round-reason-required"
    title = "A reason is required"
    status = 400


@dataclass(frozen=True, slots=True)
class StuckCount:
    """Stuck rounds of one integration and currency, and the stakes in them, in ledger units."""

    integration_id: int
    currency: str
    rounds: int
    held_units: int


@transaction.atomic
def close_round(*, round_id: int, player_id: int, reason: str, actor: "User", now: datetime) -> Round:
    """
    Close an open round as it stands: stakes stay staked. A late win still enters it, where its vendor may send one.

    :raises PermissionDenied: if the actor may not resolve rounds
    :raises RoundReasonRequired: if the reason is empty or too long
    :raises RoundUnknown: if the player has no such round
    :raises RoundNotOpen: if it is closed already
    """
    require_resolver(actor, reason)
    found = lock_round(round_id=round_id, player_id=player_id)
    if found.state != Round.State.OPEN:
        raise RoundNotOpen
    found.state, found.closed_at, found.close_reason = Round.State.ADJUSTED, now, "staff"
    Round.objects.filter(player_id=player_id, pk=round_id).update(
        state=found.state, closed_at=now, close_reason=found.close_reason
    )
    record_round_event(found, _Kind.CLOSED, reason=reason, actor=actor.get_username(), now=now, policy=policy_of(found))
    return found


@transaction.atomic
def answer_late_result(*, round_id: int, player_id: int, reason: str, actor: "User", now: datetime) -> None:
    """
    Note that a person has looked at what the vendor sent after the round was resolved; moves nothing.

    :raises PermissionDenied: if the actor may not resolve rounds
    :raises RoundReasonRequired: if the reason is empty or too long
    :raises RoundUnknown: if the player has no such round, or nothing came late
    """
    require_resolver(actor, reason)
    found = lock_round(round_id=round_id, player_id=player_id)
    if not late_results().filter(round_id=round_id).exists():
        raise RoundUnknown("No result waits for an answer.")
    record_round_event(found, _Kind.ANSWERED, reason=reason, actor=actor.get_username(), now=now)


def late_results() -> QuerySet[RoundEvent]:
    """Results that came after their round was resolved, and at which nobody has looked since, oldest first."""
    later = RoundEvent.objects.filter(
        round_id=OuterRef("round_id"), pk__gt=OuterRef("pk"), kind__in=(_Kind.ANSWERED, _Kind.RESETTLED)
    )
    return RoundEvent.objects.filter(~Exists(later), kind=_Kind.LATE).order_by("pk")


def stuck_rounds(*, now: datetime) -> QuerySet[Round]:
    """Return the queue of open rounds without activity for half an hour, oldest first."""
    edge = now - STUCK_AFTER
    return Round.objects.filter(state=Round.State.OPEN, opened_at__lte=edge, last_activity_at__lte=edge).order_by(
        "opened_at", "pk"
    )


def stuck_counts(*, now: datetime) -> list[StuckCount]:
    """Count the queue by integration and currency."""
    rows = (
        stuck_rounds(now=now)
        .order_by("integration_id", "currency")
        .values_list("integration_id", "currency")
        .annotate(rounds=Count("pk"), held=Sum("held_amount"))
    )
    return [StuckCount(*row) for row in rows]


@transaction.atomic
def flag_stuck_rounds(*, now: datetime) -> int:
    """Write into the history of each newly stuck round that it was found so; returns how many were new."""
    noted = RoundEvent.objects.filter(round_id=OuterRef("pk"), kind=_Kind.STUCK)
    fresh = stuck_rounds(now=now).filter(~Exists(noted))[:10_000]
    events = [
        round_event(
            found, _Kind.STUCK, reason=idle_words(found.last_activity_at), actor="providers.flag_stuck_rounds", now=now
        )
        for found in fresh
    ]
    RoundEvent.objects.bulk_create(events)
    return len(events)


def idle_words(since: datetime) -> str:
    """Say since when nothing has happened."""
    return f"no activity since {since:%Y-%m-%dT%H:%M:%SZ}"


def lock_round(*, round_id: int, player_id: int) -> Round:
    """
    Lock the player's wallet, then the round: the order in which bets lock them.

    :raises RoundUnknown: if the player has no such round
    """
    rounds = Round.objects.filter(player_id=player_id, pk=round_id)
    currency = rounds.values_list("currency", flat=True).first()
    if currency is None:
        raise RoundUnknown
    lock_wallet(player_id=player_id, currency=currency)
    return rounds.select_for_update(no_key=True).get()


def require_resolver(actor: "User", reason: str) -> None:
    """
    Let only those pass who may resolve rounds and say why.

    :raises PermissionDenied: without the permission
    :raises RoundReasonRequired: if the reason is empty or too long
    """
    if not actor.has_perm(RESOLVE_PERMISSION):
        raise PermissionDenied
    if not 0 < len(reason.strip()) <= MAX_REASON_LENGTH:
        raise RoundReasonRequired


def round_event(
    found: Round,
    kind: RoundEvent.Kind,
    *,
    reason: str,
    actor: str,
    now: datetime,
    policy: RoundPolicy | None = None,
    approval_id: int | None = None,
    amount_units: int | None = None,
    reference: str = "",
) -> RoundEvent:
    """Make a line of the round's history, unsaved."""
    return RoundEvent(
        round_id=found.pk,
        player_id=found.player_id,
        integration_id=found.integration_id,
        kind=kind,
        reason=reason.strip()[:MAX_REASON_LENGTH],
        actor=actor,
        request_id=current_request_id(),
        occurred_at=now,
        policy=policy,
        approval_id=approval_id,
        amount_units=amount_units,
        reference=reference,
    )


def record_round_event(
    found: Round, kind: RoundEvent.Kind, *, reason: str, actor: str, now: datetime, **more: Any
) -> None:
    """Add a line to the round's history; `more` as in :func:`round_event`."""
    round_event(found, kind, reason=reason, actor=actor, now=now, **more).save(force_insert=True)
