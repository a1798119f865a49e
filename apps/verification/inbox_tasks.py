"""Processing of the identity vendors' inbox: one event a task, and the sweeper that finds what was lost on the way."""

from uuid import UUID

import structlog
from celery import shared_task

from apps.core import clock
from apps.integrations import inbox
from apps.integrations.connections import connection_by_id
from apps.integrations.inbox import Arrival
from apps.integrations.models import InboundEvent, Integration
from apps.verification.contract import IdentityEvent
from apps.verification.operations.events import EventParked, EventUnhandled, VendorSilent, apply_event
from apps.verification.registry import adapter_of

log = structlog.get_logger(__name__)

PROCESS_EVENT = "verification.process_event"
_MOST_PARKED = 5
"""A start is recorded within seconds; what is still unknown after so many tries is nobody's."""


def arrival_of(event: IdentityEvent) -> Arrival:
    """What the inbox has to know of an event."""
    references = tuple(dict.fromkeys(each for each in (event.session, event.subject, event.reference) if each))
    return Arrival(event_id=event.event_id, word=event.word, references=references, terms=(event.event_id,))


@shared_task(name=PROCESS_EVENT)
def process_event(*, row_id: str) -> str:
    """Apply one stored event, once; returns the state it is in then, or nothing where there was nothing to do."""
    event = inbox.claim(UUID(row_id), now=clock.now())
    if event is None:
        return ""
    try:
        _process(event)
    except Exception as error:
        log.exception("verification_event_failed", row_id=row_id, integration=event.integration.slug)
        inbox.mark_failed(event, error=f"{type(error).__name__}: {error}"[:2000], now=clock.now())
    return str(InboundEvent.objects.values_list("state", flat=True).get(pk=event.pk))


@shared_task(name="verification.sweep_inbox")
def sweep_inbox() -> int:
    """Queue what is due and was not processed; safe to run twice at once. Returns how many."""
    due = inbox.take_due(kind=Integration.Kind.IDENTITY, now=clock.now())
    inbox.enqueue(due, task=PROCESS_EVENT)
    return len(due)


def _process(row: InboundEvent) -> None:
    found = connection_by_id(row.integration_id)
    adapter = adapter_of(found) if found is not None else None
    if found is None or adapter is None:
        inbox.mark_unhandled(row, reason="no adapter reads this event")
        return
    try:
        # Read anew: a corrected adapter must be able to make sense of an old event.
        applied = apply_event(connection=found, event=adapter.event(found, bytes(row.body)), now=clock.now())
    except EventParked as parked:
        if row.attempts >= _MOST_PARKED:
            inbox.mark_unhandled(row, reason=str(parked)[:2000])
        else:
            inbox.park(row, reason=str(parked)[:2000], now=clock.now())
    except EventUnhandled as unhandled:
        inbox.mark_unhandled(row, reason=str(unhandled)[:2000])
    except VendorSilent as silent:
        inbox.mark_failed(row, error=f"the vendor does not say what holds: {silent}"[:2000], now=clock.now())
    else:
        inbox.mark_processed(row, result=str(applied)[:32], now=clock.now())
