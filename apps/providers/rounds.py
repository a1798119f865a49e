"""What we do to rounds: closing them by time or by staff. Voids are in `round_voids`, bets and wins in the wallet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.providers.models import Round, RoundEvent
from apps.transactions.posting import lock_wallet

if TYPE_CHECKING:
    from django.contrib.auth.models import User

RESOLVE_PERMISSION = "providers.resolve_round"
MAX_REASON_LENGTH = 300
STUCK_AFTER = timedelta(minutes=30)
# Caleta finishes open rounds after 48 h itself (Operator's Guide 1.5); an integration may set `round_expiry_hours`.
DEFAULT_EXPIRY_HOURS = 48
# Rows closed in one transaction, so that a bet never waits long for its round.
_BATCH = 500

_EXPIRE_BATCH = """
    WITH idle AS (
        SELECT r.player_id, r.id
          FROM providers_round r JOIN integrations_integration i ON i.id = r.integration_id
         WHERE r.state = 'open'
           AND r.opened_at <= %(now)s AND r.last_activity_at
               <= %(now)s - make_interval(hours => coalesce((i.options ->> 'round_expiry_hours')::integer, %(hours)s))
         ORDER BY r.opened_at LIMIT %(batch)s
           FOR NO KEY UPDATE OF r SKIP LOCKED
    ), closed AS (
        UPDATE providers_round r
           SET state = 'expired', closed_at = %(now)s, close_reason = 'idle'
          FROM idle WHERE r.player_id = idle.player_id AND r.id = idle.id
     RETURNING r.id, r.player_id, r.integration_id, r.last_activity_at
    )
    INSERT INTO providers_roundevent (round_id, player_id, integration_id, kind, reason, actor, request_id, occurred_at)
    SELECT id, player_id, integration_id, 'expired',
           'no activity since ' || to_char(last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           'providers.auto_close_rounds', %(request)s, %(now)s
      FROM closed
"""


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
    record_round_event(found, RoundEvent.Kind.CLOSED, reason=reason, actor=actor.get_username(), now=now)
    return found


def expire_rounds(*, now: datetime) -> int:
    """
    Close rounds in which nothing has happened for their integration's time, and return how many.

    In small transactions that skip rounds being played on at this moment; safe to run twice at once. Stakes stay
    staked, and a win that the vendor sends later is still paid.
    """
    total = 0
    terms: dict[str, Any] = {
        "now": now,
        "hours": DEFAULT_EXPIRY_HOURS,
        "batch": _BATCH,
        "request": current_request_id(),
    }
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_EXPIRE_BATCH, terms)
            expired: int = cursor.rowcount
        total += expired
        if expired < _BATCH:
            return total


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
    noted = RoundEvent.objects.filter(round_id=OuterRef("pk"), kind=RoundEvent.Kind.STUCK)
    fresh = stuck_rounds(now=now).filter(~Exists(noted))[:10_000]
    events = [
        RoundEvent(
            round_id=found.pk,
            player_id=found.player_id,
            integration_id=found.integration_id,
            kind=RoundEvent.Kind.STUCK,
            reason=f"no activity since {found.last_activity_at:%Y-%m-%dT%H:%M:%SZ}",
            actor="providers.flag_stuck_rounds",
            request_id=current_request_id(),
            occurred_at=now,
        )
        for found in fresh
    ]
    RoundEvent.objects.bulk_create(events)
    return len(events)


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


def record_round_event(found: Round, kind: RoundEvent.Kind, *, reason: str, actor: str, now: datetime) -> None:
    """Add a line to the round's history."""
    RoundEvent.objects.create(
        round_id=found.pk,
        player_id=found.player_id,
        integration_id=found.integration_id,
        kind=kind,
        reason=reason.strip(),
        actor=actor,
        request_id=current_request_id(),
        occurred_at=now,
    )
