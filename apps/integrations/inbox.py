"""
The inbox of vendors' events: stored before they are answered, processed afterwards, woken until that has worked.

The row is the queue. Celery is told after the commit; when that is lost (Redis flushed, process killed), `take_due`
finds the row. What an event means is the business of the app that processes it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import current_app
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import OperationalError
from prometheus_client import Counter
from psycopg.types.json import Jsonb
from redis.exceptions import RedisError

from apps.core.ids import uuid7
from apps.core.redis_client import redis_client
from apps.integrations.audit import record_event, require_permission
from apps.integrations.models import InboundEvent, IntegrationEvent

log = structlog.get_logger(__name__)

State = InboundEvent.State
OPEN_STATES = (State.RECEIVED, State.PARKED, State.FAILED)

UNHANDLED = Counter("casino_inbox_unhandled", "Inbound events that nobody understands", ["integration"])

# Long enough for the task that the arrival itself queues.
FIRST_SWEEP_AFTER = timedelta(seconds=30)
# Longer than a task may run (settings: 240 s); then its worker counts as killed.
LEASE = timedelta(minutes=5)
RETRY_AFTER = (10, 30, 60, 300, 900, 1800, 3600, 3600, 3600, 3600, 3600, 3600)
"""Seconds until the next try of an event whose processing failed; after the last one it waits for a person."""
PARKED_RETRY_AFTER = (5, 15, 60, 300, 900, *[3600] * 72)
"""The same for an event about a payment that we do not know (yet): three days."""

_CALL_SECONDS = 5
"""How long one message for a worker stands for all that arrives, if no worker has taken it."""

# The states are written out, or the plan could not use the partial index of what is due.
_CLAIM = """
UPDATE integrations_inboundevent e
   SET claimed_until = %(until)s, next_attempt_at = %(until)s, attempts = e.attempts + 1
  FROM (SELECT id FROM integrations_inboundevent
         WHERE {which} AND (claimed_until IS NULL OR claimed_until <= %(now)s) {first}
           FOR UPDATE SKIP LOCKED) due
 WHERE e.id = due.id
RETURNING e.*
"""
_CLAIM_ONE = _CLAIM.format(which="id = %(id)s AND state IN ('received', 'parked', 'failed')", first="")
_CLAIM_NEXT = _CLAIM.format(
    which="state = 'received' AND next_attempt_at <= %(fresh)s AND integration_id IN"
    " (SELECT i.id FROM integrations_integration i WHERE i.kind = %(kind)s)",
    first="ORDER BY next_attempt_at, id LIMIT %(most)s",
)

_WAKE = """
UPDATE integrations_inboundevent SET next_attempt_at = %(now)s, claimed_until = NULL
 WHERE integration_id = %(integration)s AND state = 'parked' AND "references" && %(wanted)s::varchar[]
"""

_STORE = """
INSERT INTO integrations_inboundevent AS e
       (id, integration_id, event_id, word, "references", terms_digest, body, headers, remote_address, verified_by,
        exchange_id, received_at, deliveries, last_delivered_at, state, result, error, attempts, next_attempt_at)
VALUES (%(id)s, %(integration)s, %(event_id)s, %(word)s, %(references)s, %(digest)s, %(body)s, %(headers)s,
        %(address)s, %(verified_by)s, %(exchange)s, %(now)s, 1, %(now)s, %(state)s, '', %(error)s, 0, %(next)s)
    ON CONFLICT (integration_id, event_id) DO UPDATE
   SET deliveries = e.deliveries + 1, last_delivered_at = greatest(e.last_delivered_at, excluded.last_delivered_at)
RETURNING e.id, e.id = %(id)s, e.terms_digest = %(digest)s
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The verified request that brought events."""

    integration_id: int
    integration: str
    """Its slug, for logs."""
    exchange_id: UUID
    body: bytes
    headers: Mapping[str, str]
    """Masked."""
    remote_address: str
    verified_by: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event of a delivery. `terms` are what it says about money: the same id with other terms is suspicious."""

    event_id: str
    word: str
    references: Sequence[str]
    terms: Sequence[object] = field(default_factory=tuple)


@transaction.atomic
def store(
    *,
    delivery: Delivery,
    arrivals: Iterable[Arrival],
    announce: Callable[[Sequence[UUID]], None],
    now: datetime,
) -> list[UUID]:
    """
    Keep the events of a request, and `announce` the new ones to the workers once they are committed.

    A known event is only counted. A known id with other terms is kept beside it as `unhandled`, for people to see.
    Returns the ids of the rows that are new and to be processed.
    """
    fresh: list[UUID] = []
    # In one order, so that two batches of the same events do not wait for each other.
    for arrival in sorted(arrivals, key=lambda each: each.event_id):
        row_id, is_new, is_same = _insert(delivery, arrival, now=now)
        if is_new:
            fresh.append(row_id)
        elif not is_same:
            _keep_contradiction(delivery, arrival, now=now)
    if fresh:
        transaction.on_commit(lambda: announce(fresh), robust=True)
    return fresh


def enqueue(row_ids: Iterable[UUID], *, task: str) -> None:
    """Ask the workers to process these rows. Without a broker nothing is lost: the sweeper comes by."""
    for row_id in row_ids:
        try:
            current_app.send_task(task, kwargs={"row_id": str(row_id)}, retry=False, ignore_result=True)
        except current_app.connection_for_write().connection_errors as error:
            log.warning("inbox_not_queued", task=task, row_id=str(row_id), error=type(error).__name__)
            return


def call(task: str) -> None:
    """
    Ask the workers to take what waits. However much arrives, one message lies in the queue: `task` takes it all.

    `task` begins with `answer_call`. Without Redis nothing is lost: the sweeper comes by.
    """
    try:
        if redis_client().set(_call_key(task), 1, nx=True, ex=_CALL_SECONDS):
            current_app.send_task(task, retry=False, ignore_result=True)
    except (RedisError, OperationalError, OSError) as error:
        log.warning("inbox_not_queued", task=task, error=type(error).__name__)


def answer_call(task: str) -> None:
    """Say, before looking for events, that what arrives from now on needs a message of its own."""
    try:
        redis_client().delete(_call_key(task))
    except RedisError as error:
        log.warning("inbox_call_not_answered", task=task, error=type(error).__name__)


def claim(row_id: UUID, *, now: datetime) -> InboundEvent | None:
    """Take an open event for processing; None if it is done, unknown, or in another worker's hands."""
    terms = {"id": row_id, "now": now, "until": now + LEASE}
    return next(iter(InboundEvent.objects.raw(_CLAIM_ONE, terms)), None)


def claim_next(*, kind: str, most: int, now: datetime) -> list[InboundEvent]:
    """
    Take the events that arrived first and that nobody has tried yet, for processing by the caller.

    :param kind: an `Integration.Kind`
    """
    fresh = now + FIRST_SWEEP_AFTER
    terms = {"kind": kind, "most": most, "now": now, "until": now + LEASE, "fresh": fresh}
    return sorted(InboundEvent.objects.raw(_CLAIM_NEXT, terms), key=lambda event: event.pk)


def give_back(events: Sequence[InboundEvent], *, now: datetime) -> None:
    """Leave claimed events, of which nothing was tried, to the next worker."""
    for event in events:
        InboundEvent.objects.filter(pk=event.pk, state__in=OPEN_STATES, attempts=event.attempts).update(
            claimed_until=None, next_attempt_at=now + FIRST_SWEEP_AFTER, attempts=F("attempts") - 1
        )


def mark_processed(event: InboundEvent, *, result: str, now: datetime) -> str:
    """Its effects are committed, or are being so in the same transaction. Returns the state it is in now."""
    return _finish(event, State.PROCESSED, result=result, processed_at=now)


def park(event: InboundEvent, *, reason: str, now: datetime) -> str:
    """It is about something that we do not know (yet)."""
    pause = _pause(PARKED_RETRY_AFTER, event.attempts)
    if pause is None:
        log.error("inbox_orphan", integration=event.integration.slug, event_id=event.event_id, word=event.word)
    return _finish(event, State.PARKED, error=reason, next_attempt_at=None if pause is None else now + pause)


def mark_failed(event: InboundEvent, *, error: str, now: datetime, is_final: bool = False) -> str:
    """Processing broke; it is tried again, with growing pauses, and in the end (or at once) waits for a person."""
    pause = None if is_final else _pause(RETRY_AFTER, event.attempts)
    report = log.error if pause is None else log.warning
    report("inbox_event_failed", integration=event.integration.slug, event_id=event.event_id, error=error[:300])
    return _finish(event, State.FAILED, error=error, next_attempt_at=None if pause is None else now + pause)


def mark_unhandled(event: InboundEvent, *, reason: str) -> str:
    """Nobody knows what it means; it stays for people, and is never taken for processed."""
    _alert(event.integration.slug, event.event_id, event.word, reason)
    return _finish(event, State.UNHANDLED, error=reason)


def wake(*, integration_id: int, references: Iterable[str]) -> int:
    """Let parked events about these references be processed at the next sweep; returns how many there are."""
    wanted = [reference for reference in references if reference]
    if not wanted:
        return 0
    with connection.cursor() as cursor:
        # Real time may be behind the business clock, never before it: due at once for every sweeper.
        cursor.execute(_WAKE, {"integration": integration_id, "wanted": wanted, "now": timezone.now()})
        return int(cursor.rowcount)


@transaction.atomic
def take_due(*, kind: str, now: datetime, limit: int = 500) -> list[UUID]:
    """
    Events whose time has come, oldest first, for a sweeper to enqueue; they are not given out again for a while.

    :param kind: an `Integration.Kind`
    """
    due = (
        InboundEvent.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(integration__kind=kind, state__in=OPEN_STATES, next_attempt_at__lte=now)
        .order_by("next_attempt_at", "id")
        .values_list("pk", flat=True)[:limit]
    )
    found = list(due)
    InboundEvent.objects.filter(pk__in=found).update(next_attempt_at=now + LEASE)
    return found


@transaction.atomic
def replay(*, row_id: UUID, task: str, reason: str, actor: User | None, now: datetime) -> InboundEvent:
    """
    Process an event anew, whatever became of it. Safe: processing is idempotent by event id.

    :raises PermissionDenied: without the permission integrations.replay_inboundevent
    :raises InboundEvent.DoesNotExist: if there is no such event
    """
    require_permission(actor, "replay_inboundevent")
    event = InboundEvent.objects.select_for_update().get(pk=row_id)
    was = event.state
    event.state, event.error, event.attempts, event.claimed_until = State.RECEIVED, "", 0, None
    event.next_attempt_at = now + FIRST_SWEEP_AFTER
    event.save(update_fields=["state", "error", "attempts", "claimed_until", "next_attempt_at"])
    record_event(
        IntegrationEvent.Action.EVENT_REPLAYED,
        integration_id=event.integration_id,
        actor=actor,
        now=now,
        reason=reason,
        event=str(event.pk),
        event_id=event.event_id,
        was=was,
    )
    transaction.on_commit(lambda: enqueue([event.pk], task=task), robust=True)
    return event


def _insert(
    delivery: Delivery,
    arrival: Arrival,
    *,
    now: datetime,
    state: str = State.RECEIVED,
    suffix: str = "",
    error: str = "",
) -> tuple[UUID, bool, bool]:
    arguments: dict[str, Any] = {
        "id": uuid7(),
        "integration": delivery.integration_id,
        "event_id": arrival.event_id + suffix,
        "word": arrival.word[:64],
        "references": [reference[:200] for reference in arrival.references if reference],
        "digest": _digest(arrival.terms),
        "body": delivery.body,
        "headers": Jsonb(dict(delivery.headers)),
        "address": delivery.remote_address,
        "verified_by": delivery.verified_by,
        "exchange": delivery.exchange_id,
        "now": now,
        "state": state,
        "error": error,
        "next": now + FIRST_SWEEP_AFTER if state == State.RECEIVED else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STORE, arguments)
        row_id, is_new, is_same = cursor.fetchone()
    return row_id, is_new, is_same


def _keep_contradiction(delivery: Delivery, arrival: Arrival, *, now: datetime) -> None:
    """A vendor's mistake or an attack with a stolen key: the first telling counts, the second is for people."""
    reason = f"event {arrival.event_id} was told before with other terms"
    suffix = f"#{_digest(arrival.terms)[:16]}"
    _, is_new, _ = _insert(delivery, arrival, now=now, state=State.UNHANDLED, suffix=suffix, error=reason)
    if is_new:
        _alert(delivery.integration, arrival.event_id, arrival.word, reason)


def _alert(integration: str, event_id: str, word: str, reason: str) -> None:
    UNHANDLED.labels(integration).inc()
    log.error("inbox_event_unhandled", integration=integration, event_id=event_id, word=word, reason=reason)


def _finish(event: InboundEvent, state: str, **fields: Any) -> str:
    values = {"result": "", "error": "", "next_attempt_at": None, "processed_at": None} | fields
    # Only what this worker holds: after its lease ended somebody else may have finished it.
    InboundEvent.objects.filter(pk=event.pk, state__in=OPEN_STATES, attempts=event.attempts).update(
        state=state, claimed_until=None, **values
    )
    return str(state)


def _call_key(task: str) -> str:
    return f"casino:inbox-call:{task}"


def _pause(pauses: Sequence[int], attempts: int) -> timedelta | None:
    return timedelta(seconds=pauses[attempts - 1]) if attempts <= len(pauses) else None


def _digest(terms: Sequence[object]) -> str:
    text = "\x1f".join("" if term is None else str(term) for term in terms)
    return hashlib.sha256(text.encode()).hexdigest()
