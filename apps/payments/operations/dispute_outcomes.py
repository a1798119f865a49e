"""What a provider's word does to a dispute. Money moves per event; what the dispute's state is, the provider says."""

from datetime import datetime, timedelta

from apps.integrations.outbox import record_fact
from apps.payments.contract import EventKind, PaymentEvent
from apps.payments.contracts import chargeback_fee
from apps.payments.dispute_contract import DisputeStage, DisputeStatus
from apps.payments.models import Attempt, Deposit, Dispute, DisputeAnswer, DisputeEvent
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
    }
)
_STAGES, _STATUSES = list(DisputeStage), list(DisputeStatus)


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
    dispute, is_new = Dispute.objects.get_or_create(
        deposit=deposit,
        reference=(event.dispute_reference or "chargeback")[:120],
        defaults={
            "integration_id": attempt.integration_id,
            "contract_id": attempt.contract_id or deposit.contract_id,
            "opened_at": now,
            "changed_at": now,
        },
    )
    dispute.deposit = deposit
    told = DisputeEvent(dispute=dispute, word=(event.word or event.kind.value)[:64], event_id=event.event_id, at=now)
    _move(dispute, event, told, now)
    _place(dispute, event, is_new=is_new, now=now)
    told.stage, told.status = event.dispute_stage, event.dispute_status
    dispute.save()
    told.save()
    _answered(dispute, now)
    record_step(
        deposit,
        event.kind.value,
        before=deposit.state,
        now=now,
        transaction_id=told.transaction_id,
        integration_id=attempt.integration_id,
        event_id=event.event_id,
        is_incident=dispute.owed_units > 0 and told.transaction_id is not None,
        dispute=dispute.reference,
        word=event.word,
    )
    _tell(dispute, "opened" if is_new else "updated" if dispute.is_open else "closed", now)
    return Applied.APPLIED


def _move(dispute: Dispute, event: PaymentEvent, told: DisputeEvent, now: datetime) -> None:
    """Move the money of an event, once, whatever the dispute's status is."""
    match event.kind:
        case EventKind.CHARGEBACK:
            if not dispute.debits:
                _debit(dispute, event, told, now)
        case EventKind.CHARGEBACK_REVERSED:
            if not dispute.debits:
                raise EventParked("a reversal of a chargeback that has not come yet")
            if not dispute.credits:
                _credit(dispute, event, told, now)
        case EventKind.SECOND_CHARGEBACK:
            if not dispute.credits:
                raise EventParked("a second chargeback before the first was reversed")
            if dispute.debits == 1:
                _debit(dispute, event, told, now)


def _debit(dispute: Dispute, event: PaymentEvent, told: DisputeEvent, now: datetime) -> None:
    deposit = dispute.deposit
    units = event.amount.units if event.amount is not None else deposit.settled_units
    if units > deposit.settled_units:
        raise EventNotSound(f"a chargeback of {units} units where {deposit.settled_units} came")
    is_first = dispute.debits == 0
    # Charged once for each dispute, with the first debit.
    fee = chargeback_fee(dispute.contract, method=deposit.method_id, money=deposit.money) if is_first else 0
    taken = postings.post_chargeback(dispute, units=units, fee=fee, now=now)
    dispute.debits += 1
    dispute.debited_units, dispute.owed_units = units, taken.shortfall
    dispute.fee_units += fee
    told.units, told.fee_units, told.transaction_id = -units, fee, taken.transaction_id


def _credit(dispute: Dispute, event: PaymentEvent, told: DisputeEvent, now: datetime) -> None:
    units = event.amount.units if event.amount is not None else dispute.debited_units
    if units > dispute.debited_units:
        raise EventNotSound(f"{units} units come back where {dispute.debited_units} were taken")
    told.transaction_id = postings.post_chargeback_reversed(dispute, units=units, now=now)
    told.units = units
    dispute.credits += 1
    dispute.debited_units -= units
    dispute.owed_units -= min(units, dispute.owed_units)


def _place(dispute: Dispute, event: PaymentEvent, *, is_new: bool, now: datetime) -> None:
    """Take the stage and status that the provider tells, where they stand higher: events come in any order."""
    told = (event.dispute_stage or dispute.stage, event.dispute_status or (dispute.status if is_new else ""))
    if told[1] and (is_new or _rank(*told) > _rank(dispute.stage, dispute.status)):
        dispute.stage, dispute.status = told
        dispute.word = (event.word or event.kind.value)[:60]
    elif not dispute.word:
        dispute.word = (event.word or event.kind.value)[:60]
    dispute.changed_at = now
    dispute.closed_at = None if dispute.is_open else dispute.closed_at or now
    dispute.reason = event.reason[:200] or dispute.reason
    dispute.reason_code = event.dispute_reason_code[:40] or dispute.reason_code
    dispute.respond_by = _deadline(dispute, event)


def _deadline(dispute: Dispute, event: PaymentEvent) -> datetime | None:
    """The earliest of what we were told and what was agreed: nobody can move it later by an unsigned word."""
    days = dispute.contract.defense_days if dispute.contract is not None else None
    agreed = dispute.opened_at + timedelta(days=days) if days is not None else None
    known = [at for at in (dispute.respond_by, event.respond_by, agreed) if at is not None]
    return min(known, default=None)


def _rank(stage: str, status: str) -> tuple[int, int]:
    return _STAGES.index(DisputeStage(stage)), _STATUSES.index(DisputeStatus(status))


def _answered(dispute: Dispute, now: datetime) -> None:
    """An answer whose outcome was unclear has been taken, if the provider says what follows from it."""
    kinds = {
        Dispute.Status.CHALLENGED: DisputeAnswer.Kind.DEFEND,
        Dispute.Status.ACCEPTED: DisputeAnswer.Kind.ACCEPT,
    }
    kind = kinds.get(Dispute.Status(dispute.status))
    if kind is not None:
        unclear = (DisputeAnswer.State.SENDING, DisputeAnswer.State.UNKNOWN)
        DisputeAnswer.objects.filter(dispute=dispute, kind=kind, state__in=unclear).update(
            state=DisputeAnswer.State.DONE, answered_at=now, next_try_at=None
        )


def _tell(dispute: Dispute, what: str, now: datetime) -> None:
    deposit = dispute.deposit
    record_fact(
        kind=f"payments.dispute.{what}",
        brand_code=deposit.player.brand.code,
        player_id=deposit.player_id,
        subject=str(dispute.public_id),
        data={
            "deposit": str(deposit.public_id),
            "amount_units": deposit.settled_units,
            "debited_units": dispute.debited_units,
            "owed_units": dispute.owed_units,
            "currency": deposit.currency,
            "stage": dispute.stage,
            "status": dispute.status,
        },
        now=now,
    )
