"""What a provider's word does to a dispute. Money moves per event; what the dispute's state is, the provider says."""

from datetime import datetime
from uuid import UUID

from apps.payments.contract import EventKind, PaymentEvent
from apps.payments.models import Attempt, Deposit, Dispute
from apps.payments.operations import postings
from apps.payments.operations.refusals import Applied, EventNotSound, EventParked
from apps.payments.operations.steps import record_step

DISPUTE_EVENTS = frozenset(
    {
        EventKind.CHARGEBACK,
        EventKind.CHARGEBACK_REVERSED,
        EventKind.SECOND_CHARGEBACK,
        EventKind.DISPUTE_OPENED,
        EventKind.DISPUTE_UPDATED,
        EventKind.DISPUTE_WON,
        EventKind.DISPUTE_LOST,
    }
)
_STATES = {EventKind.DISPUTE_WON: Dispute.State.WON, EventKind.DISPUTE_LOST: Dispute.State.LOST}


def dispute_told(deposit: Deposit, attempt: Attempt, event: PaymentEvent, *, now: datetime) -> Applied:
    """
    Apply an event of a dispute to a locked deposit.

    A chargeback debits, its reversal credits provisionally, a second chargeback debits again: each once.

    :raises EventParked: if it has to wait for another event
    :raises EventNotSound: if more would be taken back than came
    """
    if deposit.state not in (Deposit.State.SETTLED, Deposit.State.REVERSED):
        raise EventParked("a dispute about what has not settled yet")
    if event.amount is not None and (event.amount.currency != deposit.currency or event.amount.units <= 0):
        raise EventNotSound(f"{event.amount} for a deposit in {deposit.currency}")
    dispute, _ = Dispute.objects.get_or_create(
        deposit=deposit,
        reference=(event.dispute_reference or "chargeback")[:120],
        defaults={"opened_at": now, "changed_at": now},
    )
    dispute.deposit = deposit
    match event.kind:
        case EventKind.CHARGEBACK:
            made = None if dispute.debits else _debit(dispute, event, now)
        case EventKind.CHARGEBACK_REVERSED:
            if not dispute.debits:
                raise EventParked("a reversal of a chargeback that has not come yet")
            made = None if dispute.credits else _credit(dispute, event, now)
        case EventKind.SECOND_CHARGEBACK:
            if not dispute.credits:
                raise EventParked("a second chargeback before the first was reversed")
            made = None if dispute.debits > 1 else _debit(dispute, event, now)
        case _:
            made = None
            dispute.state = _STATES.get(event.kind, Dispute.State(dispute.state))
    dispute.stage, dispute.changed_at = (event.word or event.kind.value)[:60], now
    dispute.reason = event.reason[:200] or dispute.reason
    dispute.respond_by = event.respond_by or dispute.respond_by
    dispute.save()
    record_step(
        deposit,
        event.kind.value,
        before=deposit.state,
        now=now,
        transaction_id=made,
        integration_id=attempt.integration_id,
        event_id=event.event_id,
        is_incident=dispute.owed_units > 0 and made is not None,
        dispute=dispute.reference,
        word=event.word,
    )
    return Applied.APPLIED


def _debit(dispute: Dispute, event: PaymentEvent, now: datetime) -> UUID:
    units = event.amount.units if event.amount is not None else dispute.deposit.settled_units
    if units > dispute.deposit.settled_units:
        raise EventNotSound(f"a chargeback of {units} units where {dispute.deposit.settled_units} came")
    taken = postings.post_chargeback(dispute, units=units, now=now)
    dispute.debits += 1
    dispute.debited_units, dispute.owed_units = units, taken.shortfall
    return taken.transaction_id


def _credit(dispute: Dispute, event: PaymentEvent, now: datetime) -> UUID:
    units = event.amount.units if event.amount is not None else dispute.debited_units
    if units > dispute.debited_units:
        raise EventNotSound(f"{units} units come back where {dispute.debited_units} were taken")
    made = postings.post_chargeback_reversed(dispute, units=units, now=now)
    dispute.credits += 1
    dispute.debited_units -= units
    dispute.owed_units -= min(units, dispute.owed_units)
    return made
