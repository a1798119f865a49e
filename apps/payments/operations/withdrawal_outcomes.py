"""What a provider's word does to a withdrawal. The row is locked by the caller; money moves in the same transaction."""

from datetime import datetime
from uuid import UUID

from apps.payments.contract import EventKind, PaymentEvent
from apps.payments.models import Attempt, Withdrawal
from apps.payments.operations import postings
from apps.payments.operations.claims import drop_claim
from apps.payments.operations.instruments import doubt_instrument
from apps.payments.operations.refusals import Applied, EventNotSound
from apps.payments.operations.steps import record_event_step, record_step

State = Withdrawal.State
_AWAITED = (State.QUEUED, State.BLOCKED, *Withdrawal.IN_FLIGHT)
_RELEASED = (State.FAILED, State.CANCELLED, State.REJECTED)
_CLOSING = [
    "state", "reason_code", "paid_units", "owed_units", "integration", "closed_at", "changed_at", "holder",
    "held_since",
]  # fmt: skip


def withdrawal_told(withdrawal: Withdrawal, attempt: Attempt, event: PaymentEvent, *, now: datetime) -> Applied:
    """
    Apply an event to a locked withdrawal; what has been applied already, or is overtaken, changes nothing.

    The order of events does not matter: pending < failed < paid < returned, and a return counts as paid before.

    :raises EventNotSound: if it contradicts what is known
    """
    if event.amount is not None and (event.amount.currency != withdrawal.currency or event.amount.units <= 0):
        raise EventNotSound(f"{event.amount} for a withdrawal in {withdrawal.currency}")
    match event.kind:
        case EventKind.PAYOUT_PENDING:
            return _pending(withdrawal, attempt, event, now)
        case EventKind.PAYOUT_PAID:
            return _paid(withdrawal, attempt, event, now)
        case EventKind.PAYOUT_FAILED:
            return _failed(withdrawal, attempt, event, now)
        case EventKind.PAYOUT_RETURNED:
            return _returned(withdrawal, attempt, event, now)
    raise EventNotSound(f"{event.kind} for a withdrawal")


def _is_current(attempt: Attempt) -> bool:
    return attempt.state != Attempt.State.REFUSED


def _pending(withdrawal: Withdrawal, attempt: Attempt, event: PaymentEvent, now: datetime) -> Applied:
    before = withdrawal.state
    if before not in (State.SUBMITTING, State.SUBMITTED, State.UNKNOWN) or not _is_current(attempt):
        return Applied.NO_OP
    withdrawal.mark_pending(at=now)
    withdrawal.save(update_fields=["state", "changed_at"])
    Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.ACCEPTED)
    record_event_step(withdrawal, attempt, event, before, now)
    return Applied.APPLIED


def _paid(withdrawal: Withdrawal, attempt: Attempt, event: PaymentEvent, now: datetime) -> Applied:
    before = withdrawal.state
    units = event.amount.units if event.amount is not None else withdrawal.amount_units
    fee = event.fee.units if event.fee is not None and event.fee.currency == withdrawal.currency else 0
    if attempt.state == Attempt.State.DONE or before == State.RETURNED:
        return Applied.NO_OP
    if before == State.PAID:
        return _paid_twice(withdrawal, attempt, event, units=units, now=now)
    if before in _AWAITED:
        withdrawal.integration_id = attempt.integration_id
        taken = postings.post_paid(withdrawal, units=units, fee=fee, psp_reference=_reference(attempt), now=now)
    elif before in _RELEASED:
        withdrawal.integration_id = attempt.integration_id
        taken = postings.post_paid_after_release(
            withdrawal, units=units, fee=fee, integration_id=attempt.integration_id,
            psp_reference=_reference(attempt), now=now,
        )  # fmt: skip
    else:
        raise EventNotSound(f"paid, while the withdrawal is {before}")
    superseded = not _is_current(attempt)
    withdrawal.owed_units = taken.shortfall
    withdrawal.mark_paid(units=units, at=now)
    drop_claim(withdrawal)
    withdrawal.save(update_fields=_CLOSING)
    _finish(attempt)
    record_event_step(
        withdrawal, attempt, event, before, now, made=taken.transaction_id, units=units, shortfall=taken.shortfall,
        is_incident=before in _RELEASED or superseded or units != withdrawal.amount_units,
    )  # fmt: skip
    return Applied.APPLIED


def _paid_twice(withdrawal: Withdrawal, attempt: Attempt, event: PaymentEvent, *, units: int, now: datetime) -> Applied:
    """A second provider, or a second attempt, has paid as well: the player owes it."""
    taken = postings.post_paid_after_release(
        withdrawal, units=units, fee=0, integration_id=attempt.integration_id, psp_reference=_reference(attempt),
        now=now,
    )  # fmt: skip
    _finish(attempt)
    record_event_step(
        withdrawal, attempt, event, withdrawal.state, now, made=taken.transaction_id, is_incident=True, units=units,
        shortfall=taken.shortfall, paid_twice=True,
    )  # fmt: skip
    return Applied.APPLIED


def _failed(withdrawal: Withdrawal, attempt: Attempt, event: PaymentEvent, now: datetime) -> Applied:
    before = withdrawal.state
    if before not in Withdrawal.IN_FLIGHT or not _is_current(attempt):
        return Applied.NO_OP
    fail_and_release(withdrawal, attempt, reason_code="psp-failed", event=event, now=now)
    return Applied.APPLIED


def fail_and_release(
    withdrawal: Withdrawal, attempt: Attempt | None, *, reason_code: str, event: PaymentEvent | None, now: datetime
) -> None:
    """Close a locked withdrawal that certainly was not paid, and give the money back."""
    before = withdrawal.state
    made = postings.post_released(withdrawal, now=now)
    withdrawal.mark_failed(reason_code=reason_code, at=now)
    drop_claim(withdrawal)
    withdrawal.save(update_fields=_CLOSING)
    if attempt is not None:
        _finish(attempt, Attempt.State.REFUSED)
    record_step(
        withdrawal,
        event.kind.value if event else reason_code,
        before=before,
        now=now,
        transaction_id=made,
        integration_id=attempt.integration_id if attempt else None,
        event_id=event.event_id if event else "",
        reason=event.reason if event else "",
    )


def _returned(withdrawal: Withdrawal, attempt: Attempt, event: PaymentEvent, now: datetime) -> Applied:
    before = withdrawal.state
    made: UUID | None = None
    if before in Withdrawal.IN_FLIGHT and _is_current(attempt):
        # The news of the payment is still on its way; a return says that there was one.
        withdrawal.integration_id = attempt.integration_id
        withdrawal.paid_units = withdrawal.amount_units
        units = _returned_units(withdrawal, event)
        postings.post_paid(withdrawal, units=withdrawal.amount_units, fee=0, psp_reference=_reference(attempt), now=now)
        made = postings.post_returned(withdrawal, units=units, psp_reference=_reference(attempt), now=now)
    elif before == State.PAID and withdrawal.integration_id == attempt.integration_id:
        units = _returned_units(withdrawal, event)
        made = postings.post_returned(withdrawal, units=units, psp_reference=_reference(attempt), now=now)
        withdrawal.owed_units -= min(units, withdrawal.owed_units)
    elif before in (State.PAID, State.RETURNED) and withdrawal.integration_id != attempt.integration_id:
        raise EventNotSound("a return from a provider that is not the one whose payout is booked")
    elif before != State.FAILED:
        return Applied.NO_OP
    withdrawal.mark_returned(at=now)
    drop_claim(withdrawal)
    withdrawal.save(update_fields=_CLOSING)
    _finish(attempt)
    if withdrawal.instrument is not None:
        doubt_instrument(withdrawal.instrument, reason=event.reason or event.word, now=now)
    record_event_step(withdrawal, attempt, event, before, now, made=made, is_incident=True, reason=event.reason)
    return Applied.APPLIED


def _returned_units(withdrawal: Withdrawal, event: PaymentEvent) -> int:
    units = event.amount.units if event.amount is not None else withdrawal.paid_units
    if units > withdrawal.paid_units:
        raise EventNotSound(f"a return of {units} units where {withdrawal.paid_units} were paid")
    return units


def _finish(attempt: Attempt, state: Attempt.State = Attempt.State.DONE) -> None:
    attempt.state, attempt.next_query_at = state, None
    attempt.save(update_fields=["state", "next_query_at"])


def _reference(attempt: Attempt) -> str:
    return attempt.psp_reference or attempt.key
