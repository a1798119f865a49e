"""Deposits of which nothing was heard: the provider is asked once more, then they expire. Late money still settles."""

from datetime import datetime

from django.db import transaction

from apps.integrations.connections import connection_by_id
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.payments.contract import PaymentEvent
from apps.payments.models import Attempt, Deposit
from apps.payments.operations import deposit_gates
from apps.payments.operations.events import query_of, told
from apps.payments.operations.refusals import EventNotSound, EventParked
from apps.payments.operations.steps import lock_deposit, record_step
from apps.payments.registry import adapter_of

_OPEN = (Deposit.State.INITIATED, Deposit.State.PENDING)


def expire_deposit(*, deposit_id: int, now: datetime) -> Deposit:
    """Close an overdue deposit; not for use inside a transaction. A provider that knows better is believed."""
    for attempt in Attempt.objects.filter(deposit_id=deposit_id).exclude(state=Attempt.State.REFUSED):
        _ask(attempt, now)
    with transaction.atomic():
        deposit = lock_deposit(deposit_id)
        before = deposit.state
        if before in _OPEN and deposit.expires_at <= now:
            deposit.expire(at=now)
            deposit.save(update_fields=["state", "changed_at"])
            record_step(deposit, "expired", before=before, now=now)
            deposit_gates.released(deposit, now=now)
    return deposit


def _ask(attempt: Attempt, now: datetime) -> None:
    route = connection_by_id(attempt.integration_id)
    adapter = adapter_of(route) if route else None
    if route is None or adapter is None or not adapter.capabilities.can_fetch:
        return
    try:
        state = adapter.fetch(route, query_of(attempt))
    except (VendorTimeout, VendorUnreachable, VendorSwitchedOff):
        return
    if not state.found or state.kind is None:
        return
    event = PaymentEvent(
        kind=state.kind, event_id="", word=state.word, psp_reference=state.psp_reference, amount=state.amount,
        fee=state.fee, reason=state.reason,
    )  # fmt: skip
    try:
        told(attempt, event, now=now)
    except (EventParked, EventNotSound) as error:
        Attempt.objects.filter(pk=attempt.pk).update(error=str(error)[:300])
