"""Processing of the payment providers' inbox: what waits, one event, and the sweeper for what was lost on the way."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings
from django.db import connections, transaction

from apps.core import clock
from apps.integrations import inbox
from apps.integrations.connections import connection_by_id
from apps.integrations.inbox import Arrival
from apps.integrations.models import InboundEvent, Integration
from apps.payments.contract import EventAdapter, EventKind, PaymentEvent
from apps.payments.operations.events import Applied, EventNotSound, EventParked, EventUnhandled, readied, told_within
from apps.payments.registry import adapter_of

log = structlog.get_logger(__name__)

PROCESS_EVENT, PROCESS_INBOX = "payments.process_event", "payments.process_inbox"
_MOST_AT_ONCE = 10
_LONGEST_SECONDS = 10.0
"""Then the other tasks of the queue have their turn. Far below the lease of an event."""


def arrival_of(event: PaymentEvent) -> Arrival:
    """What the inbox has to know of an event. Two tellings under one id must agree in the terms."""
    return Arrival(
        event_id=event.event_id,
        word=event.word,
        references=(event.reference, event.psp_reference),
        terms=(event.kind, event.word, event.reference, event.psp_reference, event.amount),
    )


def announce(_row_ids: Sequence[UUID]) -> None:
    """Tell the workers that events have arrived."""
    inbox.call(PROCESS_INBOX)


@shared_task(name=PROCESS_INBOX)
def process_inbox() -> int:
    """
    Apply what has arrived, oldest first, until nothing waits or others have waited long enough; returns how many.

    Several may run at once: each takes other events. A few events are claimed together, each is applied by itself.
    """
    inbox.answer_call(PROCESS_INBOX)
    until = time.monotonic() + _LONGEST_SECONDS
    rows = _claim()
    if len(rows) < _MOST_AT_ONCE:
        return _work_all(rows, until)
    inbox.call(PROCESS_INBOX)  # another worker may help
    with ThreadPoolExecutor(settings.INBOX_THREADS) as threads:
        helpers = [threads.submit(copy_context().run, _help, until) for _ in range(settings.INBOX_THREADS - 1)]
        done = _work_all(rows, until) + _drain(until)
        return done + sum(helper.result() for helper in helpers)


def _help(until: float) -> int:
    try:
        return _drain(until)
    finally:
        connections.close_all()  # this thread's own


def _drain(until: float) -> int:
    done = 0
    while time.monotonic() <= until and (rows := _claim()):
        done += _work_all(rows, until)
    return done


def _claim() -> list[InboundEvent]:
    return inbox.claim_next(kind=Integration.Kind.PAYMENTS, most=_MOST_AT_ONCE, now=clock.now())


def _work_all(rows: Sequence[InboundEvent], until: float) -> int:
    """Work off claimed events; what the time does not suffice for is left to the next."""
    for place, row in enumerate(rows):
        if time.monotonic() > until:
            inbox.give_back(rows[place:], now=clock.now())
            inbox.call(PROCESS_INBOX)
            return place
        _work_off(row)
    return len(rows)


@shared_task(name=PROCESS_EVENT)
def process_event(*, row_id: str) -> str:
    """Apply one stored event, once; returns the state it is in then, or nothing where there was nothing to do."""
    event = inbox.claim(UUID(row_id), now=clock.now())
    return _work_off(event) if event is not None else ""


@shared_task(name="payments.sweep_inbox")
def sweep_inbox() -> int:
    """Queue what is due and was not processed; safe to run twice at once. Returns how many."""
    due = inbox.take_due(kind=Integration.Kind.PAYMENTS, now=clock.now())
    inbox.enqueue(due, task=PROCESS_EVENT)
    return len(due)


def _work_off(row: InboundEvent) -> str:
    try:
        return _process(row)
    except Exception as error:
        log.exception("payments_event_failed", row_id=str(row.pk), integration=row.integration.slug)
        return inbox.mark_failed(row, error=f"{type(error).__name__}: {error}"[:2000], now=clock.now())


def _process(row: InboundEvent) -> str:
    event = _read(row)
    if event is None or event.kind == EventKind.UNKNOWN:
        reason = "no adapter reads this event" if event is None else "a word nobody knows"
        return inbox.mark_unhandled(row, reason=reason)
    found = connection_by_id(row.integration_id)
    assert found is not None  # noqa: S101 - rows protect their integration
    try:
        # A provider may have to be asked: before the transaction.
        ready = readied(found, event)
        with transaction.atomic():
            now = clock.now()
            applied = Applied.NO_OP if ready is None else told_within(ready.attempt, ready.event, now=now)
            return inbox.mark_processed(row, result=str(applied)[:32], now=now)
    except EventParked as parked:
        return inbox.park(row, reason=str(parked)[:2000], now=clock.now())
    except EventUnhandled as unhandled:
        return inbox.mark_unhandled(row, reason=str(unhandled)[:2000])
    except EventNotSound as unsound:
        return inbox.mark_failed(row, error=str(unsound)[:2000], now=clock.now(), is_final=True)


def _read(row: InboundEvent) -> PaymentEvent | None:
    """Read the stored body anew: a corrected adapter must be able to make sense of an old event."""
    found = connection_by_id(row.integration_id)
    adapter = adapter_of(found) if found is not None else None
    if found is None or not isinstance(adapter, EventAdapter):
        return None
    # A telling that contradicts an earlier one is kept under its id and a digest; it is never applied by itself.
    events = adapter.events(found, bytes(row.body))
    return next((event for event in events if event.event_id == row.event_id), None)
