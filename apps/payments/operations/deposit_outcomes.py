"""What a provider's word does to a deposit. The row is locked by the caller; money moves in the same transaction."""

from datetime import datetime

from apps.integrations.connections import connection_by_id
from apps.payments.contract import EventKind, PaymentEvent
from apps.payments.models import Attempt, Deposit
from apps.payments.operations import deposit_gates, postings
from apps.payments.operations.instruments import learn_instrument, note_instrument
from apps.payments.operations.references import key_of
from apps.payments.operations.refusals import Applied, EventNotSound, EventParked
from apps.payments.operations.reserves import hold_reserve
from apps.payments.operations.steps import lock_deposit, record_event_step, record_step
from apps.payments.registry import adapter_of
from apps.verification.operations.due_diligence import check_threshold

State = Deposit.State
_OPEN = (State.INITIATED, State.PENDING)
_LATE = (State.FAILED, State.EXPIRED)
_DONE = (State.SETTLED, State.REVERSED)


def deposit_told(deposit: Deposit, attempt: Attempt, event: PaymentEvent, *, now: datetime) -> Applied:
    """
    Apply an event to a locked deposit; what has been applied already, or is overtaken, changes nothing.

    :raises EventParked: if it has to wait for another event
    :raises EventNotSound: if it contradicts what is known
    """
    if event.amount is not None and event.amount.currency != deposit.currency:
        raise EventNotSound(f"{event.amount.currency} for a deposit in {deposit.currency}")
    match event.kind:
        case EventKind.DEPOSIT_PENDING:
            return _pending(deposit, attempt, event, now)
        case EventKind.DEPOSIT_SETTLED:
            return _settled(deposit, attempt, event, now)
        case EventKind.DEPOSIT_FAILED:
            return _failed(deposit, attempt, event, now)
        case EventKind.DEPOSIT_REVERSED:
            return _reversed(deposit, attempt, event, now)
    raise EventNotSound(f"{event.kind} for a deposit")


def _pending(deposit: Deposit, attempt: Attempt, event: PaymentEvent, now: datetime) -> Applied:
    if deposit.state != State.INITIATED:
        return Applied.NO_OP
    deposit.mark_pending(at=now)
    deposit.save(update_fields=["state", "changed_at"])
    record_event_step(deposit, attempt, event, State.INITIATED, now)
    return Applied.APPLIED


def _settled(deposit: Deposit, attempt: Attempt, event: PaymentEvent, now: datetime) -> Applied:
    before = deposit.state
    units = event.amount.units if event.amount is not None else deposit.amount_units
    if units <= 0:
        raise EventNotSound("a deposit of nothing")
    if before in _DONE and _is_another_payment(attempt, event):
        beside = _beside(deposit, attempt, event, units, now)
        return _settled(*beside, event, now)
    if before in _DONE:
        if units != deposit.settled_units or attempt.state != Attempt.State.DONE:
            raise EventNotSound(f"a second settlement, of {units} units, after one of {deposit.settled_units}")
        attempt.save(update_fields=["psp_reference"])  # this telling may be the first that carries it
        return Applied.NO_OP
    _take_reference(attempt, event)
    deposit.integration_id = attempt.integration_id
    deposit.contract_id = attempt.contract_id or deposit.contract_id
    deposit.fee_units = _fee(event, deposit)
    deposit.settle(units=units, at=now)
    made = postings.post_settled(
        deposit, units=units, fee=deposit.fee_units, psp_reference=attempt.psp_reference or attempt.key, now=now
    )
    deposit.save(
        update_fields=["state", "settled_units", "settled_at", "changed_at", "integration", "contract", "fee_units"]
    )
    attempt.state, attempt.next_query_at = Attempt.State.DONE, None
    attempt.save(update_fields=["state", "next_query_at", "psp_reference"])
    hold_reserve(deposit, now=now)
    note_instrument(deposit, attempt, event.instrument, names_accounts=_names_accounts(attempt), now=now)
    refusal = deposit_gates.settled(deposit, units=units, now=now)
    check_threshold(player_id=deposit.player_id, now=now)
    remarks = {
        "late": before in _LATE,
        "blocked_player": bool(refusal),
        "gate": refusal,
        "other_amount": units != deposit.amount_units,
    }
    record_event_step(
        deposit, attempt, event, before, now, made=made, is_incident=before in _LATE or bool(refusal), units=units,
        **{name: remark for name, remark in remarks.items() if remark},
    )  # fmt: skip
    return Applied.APPLIED


def _is_another_payment(attempt: Attempt, event: PaymentEvent) -> bool:
    return bool(event.psp_reference and attempt.psp_reference) and event.psp_reference != attempt.psp_reference


def _take_reference(attempt: Attempt, event: PaymentEvent) -> None:
    """Call an attempt by the payment that succeeded: one before it, tried with another card, may have failed."""
    if _is_another_payment(attempt, event):
        attempt.psp_reference = event.psp_reference


def _beside(
    deposit: Deposit, attempt: Attempt, event: PaymentEvent, units: int, now: datetime
) -> tuple[Deposit, Attempt]:
    """
    Make a deposit of its own of a second payment under the same reference: another transaction to the same address.

    Each can then be refunded, reversed and contested by itself.
    """
    made = Deposit.objects.create(
        player=deposit.player, brand_id=deposit.brand_id, currency=deposit.currency, amount_units=units,
        method_id=deposit.method_id, integration_id=attempt.integration_id, contract_id=attempt.contract_id,
        next_step={"type": "wait"}, created_at=now, changed_at=now, expires_at=now,
    )  # fmt: skip
    own = Attempt.objects.create(
        deposit=made, integration_id=attempt.integration_id, contract_id=attempt.contract_id, number=1,
        key=key_of(made, 1), psp_reference=event.psp_reference, state=Attempt.State.ACCEPTED, started_at=now,
        answered_at=now,
    )  # fmt: skip
    record_step(made, "initiated", before="", now=now, beside=str(deposit.public_id), is_incident=True)
    return lock_deposit(made.pk), own


def _failed(deposit: Deposit, attempt: Attempt, event: PaymentEvent, now: datetime) -> Applied:
    before = deposit.state
    if before not in (*_OPEN, State.EXPIRED):
        return Applied.NO_OP
    Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.REFUSED, next_query_at=None)
    if deposit.integration_id != attempt.integration_id:
        # Another provider has been asked since; this one's no is old news.
        return Applied.NO_OP
    deposit.fail(reason=event.reason, at=now)
    deposit.save(update_fields=["state", "reason", "changed_at"])
    deposit_gates.released(deposit, now=now)
    record_event_step(deposit, attempt, event, before, now, reason=event.reason)
    return Applied.APPLIED


def _reversed(deposit: Deposit, attempt: Attempt, event: PaymentEvent, now: datetime) -> Applied:
    before = deposit.state
    if before not in _DONE:
        raise EventParked("a reversal of what has not settled yet")
    remaining = deposit.settled_units - deposit.reversed_units
    if remaining == 0:
        return Applied.NO_OP
    units = event.amount.units if event.amount is not None else remaining
    if not 0 < units <= remaining:
        raise EventNotSound(f"a reversal of {units} units where {remaining} are left")
    taken = postings.post_reversed(deposit, units=units, psp_reference=attempt.psp_reference or attempt.key, now=now)
    deposit.reverse(units=units, at=now)
    deposit.save(update_fields=["state", "reversed_units", "changed_at"])
    record_event_step(
        deposit, attempt, event, before, now, made=taken.transaction_id, is_incident=taken.shortfall > 0, units=units,
        shortfall=taken.shortfall,
    )  # fmt: skip
    return Applied.APPLIED


def instrument_told(deposit: Deposit, attempt: Attempt, event: PaymentEvent, *, now: datetime) -> Applied:
    """Remember the account or card that the provider names for a locked deposit; before or after it settles."""
    if event.instrument is None or not event.instrument.token:
        return Applied.NO_OP
    # Until money has come from it, that it is the player's own is only the provider's word.
    source = "deposit" if deposit.state in _DONE else "provider"
    found = learn_instrument(
        player=deposit.player, method_id=deposit.method_id, integration_id=attempt.integration_id,
        facts=event.instrument, source=source, now=now,
    )  # fmt: skip
    deposit.instrument = found
    deposit.save(update_fields=["instrument"])
    if deposit.state in _DONE:
        note_instrument(deposit, attempt, None, names_accounts=True, now=now)
    record_event_step(deposit, attempt, event, deposit.state, now, instrument=str(found.public_id))
    return Applied.APPLIED


def _names_accounts(attempt: Attempt) -> bool:
    route = connection_by_id(attempt.integration_id)
    adapter = adapter_of(route) if route is not None else None
    return adapter is not None and adapter.capabilities.names_accounts


def _fee(event: PaymentEvent, deposit: Deposit) -> int:
    if event.fee is None:
        return 0
    if event.fee.currency != deposit.currency or event.fee.units < 0:
        raise EventNotSound(f"a fee of {event.fee}")
    return event.fee.units
