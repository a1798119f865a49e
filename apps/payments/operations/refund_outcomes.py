"""What a provider's word does to a refund of ours. Its deposit is locked by the caller."""

from datetime import datetime
from typing import Any

from apps.core.money import Money
from apps.integrations.outbox import record_fact
from apps.payments.contract import EventKind, PaymentEvent
from apps.payments.contracts import fee_of
from apps.payments.models import ContractFee, Deposit, Refund
from apps.payments.operations import postings
from apps.payments.operations.refunds import fail_refund
from apps.payments.operations.refusals import Applied, EventNotSound, EventParked
from apps.payments.operations.steps import record_step

REFUND_EVENTS = frozenset({EventKind.REFUND_DONE, EventKind.REFUND_FAILED, EventKind.REFUND_RETURNED})
State = Refund.State


def refund_told(deposit: Deposit, refund: Refund, event: PaymentEvent, *, now: datetime) -> Applied:
    """
    Apply an event to a refund of a locked deposit; what was applied already changes nothing.

    :raises EventParked: if it has to wait for another event
    :raises EventNotSound: if it contradicts what is known
    """
    if event.amount is not None and event.amount != refund.money:
        raise EventNotSound(f"{event.amount} for a refund of {refund.money}")
    refund = Refund.objects.select_for_update(no_key=True, of=("self",)).get(pk=refund.pk)
    refund.deposit = deposit
    match event.kind:
        case EventKind.REFUND_DONE:
            return _done(refund, event, now)
        case EventKind.REFUND_FAILED:
            return _failed(refund, event, now)
        case _:
            return _returned(refund, event, now)


def _done(refund: Refund, event: PaymentEvent, now: datetime) -> Applied:
    if refund.state in (State.DONE, State.RETURNED):
        return Applied.NO_OP
    deposit, before = refund.deposit, refund.deposit.state
    was_released = refund.state == State.FAILED
    refund.psp_reference = refund.psp_reference or _own_reference(refund, event)
    fee = fee_of(refund.contract, ContractFee.Kind.REFUND, method=deposit.method_id, money=refund.money) or 0
    taken = postings.post_refunded(refund, was_released=was_released, fee=fee, now=now)
    refund.complete(at=now)
    refund.next_try_at = None
    refund.save(update_fields=["state", "psp_reference", "next_try_at", "changed_at", "closed_at"])
    deposit.reverse(units=refund.amount_units, at=now)
    deposit.save(update_fields=["state", "reversed_units", "changed_at"])
    _step(refund, "refunded", before, event, now, transaction_id=taken.transaction_id, is_incident=was_released)
    _tell(refund, deposit, now)
    return Applied.APPLIED


def _tell(refund: Refund, deposit: Deposit, now: datetime) -> None:
    record_fact(
        kind="payments.refund.made",
        brand_code=deposit.player.brand.code,
        player_id=deposit.player_id,
        subject=str(refund.public_id),
        data={
            "deposit": str(deposit.public_id),
            "amount_units": refund.amount_units,
            "currency": deposit.currency,
            "method": deposit.method_id,
        },
        now=now,
    )


def _failed(refund: Refund, event: PaymentEvent, now: datetime) -> Applied:
    if refund.state == State.DONE:
        # Taken first and refused by the scheme afterwards: the money came back.
        return _returned(refund, event, now)
    if not refund.is_open:
        return Applied.NO_OP
    if refund.state == State.REQUESTED:
        raise EventParked("a refund that has not been sent yet")
    fail_refund(refund, event.reason or event.word, now=now, event_id=event.event_id)
    return Applied.APPLIED


def _returned(refund: Refund, event: PaymentEvent, now: datetime) -> Applied:
    if refund.state == State.RETURNED:
        return Applied.NO_OP
    if refund.state != State.DONE:
        raise EventParked("a refund came back that has not been told as made")
    before = refund.deposit.state
    made = postings.post_refund_returned(refund, now=now)
    refund.mark_returned(at=now)
    refund.save(update_fields=["state", "changed_at", "closed_at"])
    deposit = refund.deposit
    deposit.reversed_units -= refund.amount_units
    deposit.changed_at = now
    deposit.save(update_fields=["reversed_units", "changed_at"])
    _step(refund, "refund-returned", before, event, now, transaction_id=made, is_incident=True)
    return Applied.APPLIED


def _own_reference(refund: Refund, event: PaymentEvent) -> str:
    found = str(event.facts.get("own_reference", ""))[:120]
    taken = Refund.objects.filter(integration_id=refund.integration_id, psp_reference=found).exists()
    return "" if taken else found


def _step(refund: Refund, name: str, before: str, event: PaymentEvent, now: datetime, **more: Any) -> None:
    record_step(
        refund.deposit, name, before=before, now=now, integration_id=refund.integration_id, event_id=event.event_id,
        refund=refund, word=event.word, amount=Money(refund.amount_units, refund.currency).format(), **more,
    )  # fmt: skip
