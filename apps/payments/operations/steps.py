"""Locking payments, and writing down each step they take."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import transaction

from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.integrations.connections import connection_by_id
from apps.integrations.outbox import record_fact
from apps.payments.contract import PaymentEvent
from apps.payments.models import Attempt, Deposit, PaymentStep, Refund, Withdrawal

log = structlog.get_logger(__name__)


class PaymentUnknown(DomainError):
    """There is no such payment, or it is somebody else's."""

    code = "payment-unknown"
    title = "Unknown payment"
    status = 404


def lock_deposit(deposit_id: int) -> Deposit:
    """Take a deposit's row until the transaction ends. Payments are locked before wallets, by everybody."""
    rows = Deposit.objects.select_for_update(no_key=True, of=("self",))
    deposit = rows.select_related("player__brand", "instrument").filter(pk=deposit_id).order_by().first()
    if deposit is None:
        raise PaymentUnknown
    return deposit


def lock_withdrawal(withdrawal_id: int) -> Withdrawal:
    """Take a withdrawal's row until the transaction ends. Payments are locked before wallets, by everybody."""
    rows = Withdrawal.objects.select_for_update(no_key=True, of=("self",))
    withdrawal = rows.select_related("player__brand", "instrument").filter(pk=withdrawal_id).order_by().first()
    if withdrawal is None:
        raise PaymentUnknown
    return withdrawal


def record_step(
    payment: Deposit | Withdrawal,
    name: str,
    *,
    before: str,
    now: datetime,
    transaction_id: UUID | None = None,
    integration_id: int | None = None,
    event_id: str = "",
    actor: User | None = None,
    is_incident: bool = False,
    refund: Refund | None = None,
    **details: Any,
) -> PaymentStep:
    """
    Write down what has happened to a payment; for an incident, tell those on call too.

    A change of state that others follow becomes a fact in the outbox.

    :param before: the state it was in
    :param refund: where it happened to a refund of the deposit
    """
    step = PaymentStep.objects.create(
        deposit=payment if isinstance(payment, Deposit) else None,
        withdrawal=payment if isinstance(payment, Withdrawal) else None,
        refund=refund,
        integration_id=integration_id,
        event_id=event_id,
        name=name.replace("_", "-"),
        from_state=before,
        to_state=payment.state,
        transaction_id=transaction_id,
        actor=actor,
        details=details,
        is_incident=is_incident,
        request_id=current_request_id(),
        at=now,
    )
    if payment.state != before:
        _tell(payment, is_incident=is_incident, now=now)
    said = {"payment": str(payment.public_id), "step": step.name}
    if transaction_id is not None:
        # Under the id of the request or the event that led to it: from the edge to the ledger.
        transaction.on_commit(partial(log.info, "payment_posted", **said, transaction=str(transaction_id)))
    if is_incident:
        log.error("payment_incident", **said, **details)
    return step


# The word in the fact's kind, by the state that others are told of.
DEPOSIT_FACTS = {each: each for each in ("initiated", "settled", "failed", "reversed", "expired")}
WITHDRAWAL_FACTS = {
    "on_hold": "held",
    **{each: each for each in ("requested", "approved", "paid", "failed", "returned", "cancelled", "rejected")},
}


def _tell(payment: Deposit | Withdrawal, *, is_incident: bool, now: datetime) -> None:
    is_deposit = isinstance(payment, Deposit)
    word = (DEPOSIT_FACTS if is_deposit else WITHDRAWAL_FACTS).get(payment.state)
    if word is None:
        return
    route = connection_by_id(payment.integration_id) if payment.integration_id is not None else None
    more = {"settled_units": payment.settled_units, "reason": payment.reason} if isinstance(payment, Deposit) else {}
    record_fact(
        kind=f"payments.{'deposit' if is_deposit else 'withdrawal'}.{word}",
        brand_code=payment.player.brand.code,
        player_id=payment.player_id,
        subject=str(payment.public_id),
        data={
            "amount_units": payment.amount_units,
            "currency": payment.currency,
            "method": payment.method_id,
            "integration": route.slug if route else "",
            "instrument": payment.instrument.fingerprint if payment.instrument else "",
            "is_incident": is_incident,
            **more,
        },
        now=now,
    )


def record_event_step(
    payment: Deposit | Withdrawal,
    attempt: Attempt,
    event: PaymentEvent,
    before: str,
    now: datetime,
    *,
    made: UUID | None = None,
    is_incident: bool = False,
    **details: Any,
) -> PaymentStep:
    """
    Write down what a provider's event did to a payment; the event's id makes the step unique.

    :param before: the state the payment was in
    :param made: id of the ledger transaction it led to
    """
    return record_step(
        payment,
        event.kind.value,
        before=before,
        now=now,
        transaction_id=made,
        integration_id=attempt.integration_id,
        event_id=event.event_id,
        is_incident=is_incident,
        word=event.word,
        **details,
    )
