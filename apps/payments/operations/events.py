"""The way of a provider's event into a payment: found, proven where needed, applied once."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from apps.integrations.connections import Connection
from apps.integrations.inbox import wake
from apps.payments.contract import Direction, EventKind, PaymentEvent, Query
from apps.payments.dispute_contract import StoredInstrumentAdapter
from apps.payments.models import Attempt, Deposit, PaymentStep, Withdrawal
from apps.payments.operations.deposit_outcomes import deposit_told, instrument_told
from apps.payments.operations.dispute_outcomes import DISPUTE_EVENTS, dispute_told
from apps.payments.operations.references import attempt_of, learn_reference
from apps.payments.operations.refund_outcomes import REFUND_EVENTS, refund_told
from apps.payments.operations.refunds import refund_of_key
from apps.payments.operations.refusals import Applied, EventNotSound, EventParked, EventUnhandled
from apps.payments.operations.steps import lock_deposit, lock_withdrawal
from apps.payments.operations.withdrawal_outcomes import withdrawal_told
from apps.payments.registry import adapter_of

__all__ = ["Applied", "EventNotSound", "EventParked", "EventUnhandled", "apply_event"]

_FRESH = """
SELECT a.*, %(event)s <> '' AND EXISTS (
           SELECT FROM payments_paymentstep s
            WHERE s.integration_id = a.integration_id AND s.event_id = %(event)s AND s.event_id <> '') AS is_told
  FROM payments_attempt a WHERE a.id = %(attempt)s
"""


@dataclass(frozen=True, slots=True)
class Ready:
    """An event, proven where that is needed, and the attempt that it is about."""

    attempt: Attempt
    event: PaymentEvent


def apply_event(*, connection: Connection, event: PaymentEvent, now: datetime) -> Applied:
    """
    Apply one event; twice, or at the same time as itself, it counts once. Opens its own transaction.

    :raises EventParked: an orphan, or too early: try again later
    :raises EventUnhandled: the adapter does not know the word
    :raises EventNotSound: it contradicts what is known
    :raises VendorTimeout: the provider had to be asked and did not answer
    :raises VendorUnreachable: likewise
    """
    ready = readied(connection, event)
    return Applied.NO_OP if ready is None else told(ready.attempt, ready.event, now=now)


def readied(connection: Connection, event: PaymentEvent) -> Ready | None:
    """
    Find what an event is about and have it proven, perhaps by its provider: not inside a transaction.

    None if there is nothing to do. Raises what `apply_event` raises.
    """
    if event.kind == EventKind.UNKNOWN:
        raise EventUnhandled(event.word)
    # Asked again under the payment's lock; here it spares the provider a question.
    if event.kind == EventKind.INFORMATION or (event.needs_fetch and _is_step(connection.id, event.event_id)):
        return None
    attempt = attempt_of(connection.id, event)
    if attempt is None:
        raise EventParked("no payment of that reference yet")
    if event.kind == EventKind.INSTRUMENT_KNOWN:
        event = _named(connection, attempt, event)
    elif event.needs_fetch:
        event = _proven(connection, attempt, event)
    return Ready(attempt, event)


@transaction.atomic
def told(attempt: Attempt, event: PaymentEvent, *, now: datetime) -> Applied:
    """
    Apply what a provider says of an attempt, by event or when asked. All or nothing; under the payment's lock.

    :raises EventParked: too early
    :raises EventNotSound: it contradicts what is known
    """
    return told_within(attempt, event, now=now)


def told_within(attempt: Attempt, event: PaymentEvent, *, now: datetime) -> Applied:
    """Do what `told` does, in a transaction of the caller's that ends with what this raises."""
    payment = (
        lock_deposit(attempt.deposit_id)
        if attempt.deposit_id is not None
        else lock_withdrawal(attempt.withdrawal_id or 0)
    )
    # Read under the lock: what was found before it may be old.
    fresh, is_told = _fresh(attempt, event)
    if is_told:
        return Applied.NO_OP
    learn_reference(fresh, event)
    if isinstance(payment, Withdrawal):
        applied = withdrawal_told(payment, fresh, event, now=now)
    elif event.kind in DISPUTE_EVENTS:
        applied = dispute_told(payment, fresh, event, now=now)
    elif event.kind in REFUND_EVENTS:
        applied = _refund_told(payment, event, now)
    elif event.kind == EventKind.INSTRUMENT_KNOWN:
        applied = instrument_told(payment, fresh, event, now=now)
    else:
        applied = deposit_told(payment, fresh, event, now=now)
    if applied == Applied.APPLIED:
        # What came too early may be right now.
        wake(integration_id=fresh.integration_id, references=(fresh.key, fresh.psp_reference))
    return applied


def query_of(attempt: Attempt, event: PaymentEvent | None = None) -> Query:
    """Say which payment a provider is to be asked about."""
    payment = attempt.deposit or attempt.withdrawal
    assert payment is not None  # noqa: S101 - by a constraint
    direction = Direction.DEPOSIT if attempt.deposit_id is not None else Direction.WITHDRAWAL
    return Query(direction, attempt.key, attempt.psp_reference, payment.money, event)


def _proven(connection: Connection, attempt: Attempt, event: PaymentEvent) -> PaymentEvent:
    """Ask the provider, and take its word instead of the event's."""
    adapter = adapter_of(connection)
    if adapter is None:
        raise EventUnhandled(f"no adapter for {connection.vendor}")
    state = adapter.fetch(connection, query_of(attempt, event))
    if not state.found:
        raise EventNotSound("the provider does not know the payment that its event is about")
    if state.kind is None:
        raise EventParked("the provider does not confirm the event yet")
    amount = state.amount if state.amount is not None else event.amount
    return replace(event, kind=state.kind, amount=amount, fee=state.fee or event.fee, needs_fetch=False)


def _refund_told(deposit: Deposit, event: PaymentEvent, now: datetime) -> Applied:
    refund = refund_of_key(event.reference)
    if refund is None or refund.deposit_id != deposit.pk:
        raise EventParked("no refund of that reference yet")
    return refund_told(deposit, refund, event, now=now)


def _named(connection: Connection, attempt: Attempt, event: PaymentEvent) -> PaymentEvent:
    """Ask a provider that stores instruments which one this is: what a payout goes to is never taken unproven."""
    adapter = adapter_of(connection)
    if not event.needs_fetch or not isinstance(adapter, StoredInstrumentAdapter):
        return event
    payment = attempt.deposit or attempt.withdrawal
    assert payment is not None  # noqa: S101 - by a constraint
    stored = adapter.stored_instruments(connection, str(payment.player.public_id))
    facts = stored.get(event.instrument.token if event.instrument else "")
    if facts is None:
        raise EventParked("the provider does not list this instrument for the player yet")
    return replace(event, instrument=facts, needs_fetch=False)


def _fresh(attempt: Attempt, event: PaymentEvent) -> tuple[Attempt, bool]:
    """Read an attempt anew, and whether this event of its provider has counted already."""
    (found,) = Attempt.objects.raw(_FRESH, {"attempt": attempt.pk, "event": event.event_id})
    return found, bool(getattr(found, "is_told"))  # noqa: B009 - a column of the statement, not of the model


def _is_step(integration_id: int, event_id: str) -> bool:
    return bool(event_id) and PaymentStep.objects.filter(integration_id=integration_id, event_id=event_id).exists()
