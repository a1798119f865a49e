"""Processing of the payment providers' inbox: one event a task, and the sweeper that finds what was lost on the way."""

from uuid import UUID

import structlog
from celery import shared_task

from apps.core import clock
from apps.integrations import inbox
from apps.integrations.connections import connection_by_id
from apps.integrations.inbox import Arrival
from apps.integrations.models import InboundEvent, Integration
from apps.payments.contract import EventAdapter, EventKind, PaymentEvent
from apps.payments.operations.events import EventNotSound, EventParked, EventUnhandled, apply_event
from apps.payments.registry import adapter_of

log = structlog.get_logger(__name__)

PROCESS_EVENT = "payments.process_event"


def arrival_of(event: PaymentEvent) -> Arrival:
    """What the inbox has to know of an event. Two tellings under one id must agree in the terms."""
    return Arrival(
        event_id=event.event_id,
        word=event.word,
        references=(event.reference, event.psp_reference),
        terms=(event.kind, event.word, event.reference, event.psp_reference, event.amount),
    )


@shared_task(name=PROCESS_EVENT)
def process_event(*, row_id: str) -> str:
    """Apply one stored event, once; returns the state it is in then, or nothing where there was nothing to do."""
    event = inbox.claim(UUID(row_id), now=clock.now())
    if event is None:
        return ""
    try:
        _process(event)
    except Exception as error:
        log.exception("payments_event_failed", row_id=row_id, integration=event.integration.slug)
        inbox.mark_failed(event, error=f"{type(error).__name__}: {error}"[:2000], now=clock.now())
    return str(InboundEvent.objects.values_list("state", flat=True).get(pk=event.pk))


@shared_task(name="payments.sweep_inbox")
def sweep_inbox() -> int:
    """Queue what is due and was not processed; safe to run twice at once. Returns how many."""
    due = inbox.take_due(kind=Integration.Kind.PAYMENTS, now=clock.now())
    inbox.enqueue(due, task=PROCESS_EVENT)
    return len(due)


def _process(row: InboundEvent) -> None:
    told = _read(row)
    if told is None or told.kind == EventKind.UNKNOWN:
        inbox.mark_unhandled(row, reason="no adapter reads this event" if told is None else "a word nobody knows")
        return
    found = connection_by_id(row.integration_id)
    assert found is not None  # noqa: S101 - rows protect their integration
    try:
        applied = apply_event(connection=found, event=told, now=clock.now())
    except EventParked as parked:
        inbox.park(row, reason=str(parked)[:2000], now=clock.now())
    except EventUnhandled as unhandled:
        inbox.mark_unhandled(row, reason=str(unhandled)[:2000])
    except EventNotSound as unsound:
        inbox.mark_failed(row, error=str(unsound)[:2000], now=clock.now(), is_final=True)
    else:
        inbox.mark_processed(row, result=str(applied)[:32], now=clock.now())


def _read(row: InboundEvent) -> PaymentEvent | None:
    """Read the stored body anew: a corrected adapter must be able to make sense of an old event."""
    found = connection_by_id(row.integration_id)
    adapter = adapter_of(found) if found is not None else None
    if found is None or not isinstance(adapter, EventAdapter):
        return None
    # A telling that contradicts an earlier one is kept under its id and a digest; it is never applied by itself.
    events = adapter.events(found, bytes(row.body))
    return next((event for event in events if event.event_id == row.event_id), None)
