"""Refunding deposits: one request, one refund, however often a form or a call is repeated."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Sum

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.core.queue import enqueue_on_commit
from apps.integrations.connections import connection_by_id
from apps.integrations.inbox import wake
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.payments.contract import REFUND_PREFIX
from apps.payments.dispute_contract import CallDone, CallRefused, CallResult, CallUnclear, RefundAdapter, RefundOrder
from apps.payments.models import Attempt, Deposit, Refund
from apps.payments.operations import postings
from apps.payments.operations.steps import PaymentUnknown, lock_deposit, record_step
from apps.payments.registry import adapter_of

START_PERMISSION = "payments.start_refund"
State = Refund.State
# Longer than a call may take: one that is older has lost its worker.
STUCK_AFTER = timedelta(minutes=2)
_BACK_OFF = (timedelta(minutes=5), timedelta(hours=1), *[timedelta(days=1)] * 5)


class RefundNotPossible(DomainError):
    """The deposit can not be refunded, or not by so much; the detail says why."""

    code = "refund-not-possible"
    title = "This refund is not possible"
    status = 422


class RefundKeyReused(DomainError):
    """The same action was sent again with other terms."""

    code = "refund-key-reused"
    title = "This refund was asked for with other terms"
    status = 422


def refund_of_key(reference: str) -> Refund | None:
    """Find a refund by our reference of it."""
    return Refund.objects.filter(key=reference).first()


@transaction.atomic
def start_refund(
    *, deposit_id: int, money: Money, reason_code: str, note: str, action_key: str, actor: User, now: datetime
) -> tuple[Refund, bool]:
    """
    Lock the money and put a refund on its way; return it, and whether this action had been taken before.

    :param action_key: of the form that asks; sent twice it is one refund, while two forms with one amount are two
    :raises PermissionDenied: if the actor may not
    :raises RefundNotPossible: more than is left of the deposit, too late by contract, or the provider can not
    :raises InsufficientFunds: if the player has less in cash
    :raises RefundKeyReused: the action was taken with other terms
    """
    if not actor.has_perm(START_PERMISSION):
        raise PermissionDenied
    deposit = lock_deposit(deposit_id)
    if not (actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=deposit.brand_id).exists()):
        raise PaymentUnknown
    known = deposit.refunds.filter(action_key=action_key).first()
    if known is not None:
        if known.money != money:
            raise RefundKeyReused
        return known, True
    _require_refundable(deposit, money, now)
    public_id = uuid7()
    refund = Refund(
        public_id=public_id,
        deposit=deposit,
        player_id=deposit.player_id,
        integration_id=deposit.integration_id,
        contract_id=deposit.contract_id,
        currency=deposit.currency,
        amount_units=money.units,
        reason_code=reason_code,
        note=note[:500],
        action_key=action_key,
        key=f"{REFUND_PREFIX}{public_id.hex}",
        requested_by=actor,
        requested_at=now,
        changed_at=now,
        next_try_at=now,
    )
    refund.save()
    made = postings.post_refund_locked(refund, now=now)
    record_step(
        deposit, "refund-requested", before=deposit.state, now=now, transaction_id=made, actor=actor, refund=refund,
        reason=reason_code, amount=money.format(), note=note,
    )  # fmt: skip
    enqueue_on_commit("payments.send_refund", refund_id=refund.pk)
    return refund, False


def refundable_units(deposit: Deposit) -> int:
    """What may still be given back: what came, less what went back already, is on its way back, or is contested."""
    taken = deposit.refunds.exclude(state__in=(State.FAILED, State.RETURNED, State.DONE)).aggregate(
        units=Sum("amount_units", default=0)
    )
    contested = deposit.disputes.aggregate(units=Sum("debited_units", default=0))
    return deposit.settled_units - deposit.reversed_units - int(taken["units"]) - int(contested["units"])


def _require_refundable(deposit: Deposit, money: Money, now: datetime) -> None:
    if deposit.state not in (Deposit.State.SETTLED, Deposit.State.REVERSED) or deposit.settled_at is None:
        raise RefundNotPossible("Nothing has settled that could be given back.")
    if money.currency != deposit.currency or money.units <= 0:
        raise RefundNotPossible(f"The deposit is in {deposit.currency}.")
    left = refundable_units(deposit)
    if money.units > left:
        raise RefundNotPossible(f"{Money(max(left, 0), deposit.currency).format()} {deposit.currency} are left of it.")
    if deposit.disputes.filter(closed_at=None).exists():
        raise RefundNotPossible("Its payer contests it: a refund would give the money back twice.")
    days = deposit.contract.refund_days if deposit.contract else None
    if days is not None and now > deposit.settled_at + timedelta(days=days):
        raise RefundNotPossible(f"The provider refunds within {days} days.")
    route = connection_by_id(deposit.integration_id)
    if route is None or not isinstance(adapter_of(route), RefundAdapter):
        raise RefundNotPossible("Refunds at this provider carry no key of ours: one sent twice would be two.")


def send_refund(*, refund_id: int, now: datetime) -> Refund:
    """
    Send a refund to its provider; not for use inside a transaction.

    Sent again after an unclear outcome, or a crash, it carries the same key, so that it stays one refund.
    """
    claimed = _claim(refund_id, now)
    if claimed is not None:
        refund, order = claimed
        _record(refund, _call(refund, order), now)
    return Refund.objects.get(pk=refund_id)


@transaction.atomic
def _claim(refund_id: int, now: datetime) -> tuple[Refund, RefundOrder] | None:
    refund = _lock(refund_id)
    if refund.next_try_at is None or refund.next_try_at > now:
        return None
    if refund.state == State.SUBMITTING:
        # Its worker is gone, and with it what it knew.
        refund.mark_unknown(error="the worker was lost", at=now)
    if refund.state not in (State.REQUESTED, State.UNKNOWN):
        return None
    attempt = refund.deposit.attempts.filter(integration_id=refund.integration_id, state=Attempt.State.DONE).first()
    refund.begin(at=now)
    refund.next_try_at = now + STUCK_AFTER
    refund.save(update_fields=["state", "tries", "error", "next_try_at", "changed_at"])
    reference = attempt.psp_reference if attempt is not None else ""
    return refund, RefundOrder(refund.key, refund.money, reference, refund.player_id)


def _call(refund: Refund, order: RefundOrder) -> CallResult:
    route = connection_by_id(refund.integration_id)
    adapter = adapter_of(route) if route is not None else None
    if route is None or not isinstance(adapter, RefundAdapter) or not order.payment_reference:
        return CallUnclear("the provider can not be asked: no route, or no reference of the payment")
    try:
        return adapter.refund(route, order)
    except (VendorUnreachable, VendorSwitchedOff, VendorTimeout) as error:
        # Also what was certainly not sent is tried again later: staff asked for it, and the money is locked.
        return CallUnclear(error.code)


@transaction.atomic
def _record(refund: Refund, result: CallResult, now: datetime) -> None:
    refund = _lock(refund.pk)
    deposit, before = refund.deposit, refund.state
    if before != State.SUBMITTING:
        return  # its event was quicker than the answer
    match result:
        case CallDone(psp_reference):
            refund.mark_submitted(at=now)
            refund.psp_reference, refund.next_try_at, refund.error = psp_reference[:120], None, ""
        case CallRefused(code, reason):
            fail_refund(refund, f"{code} {reason}".strip(), now=now)
            return
        case CallUnclear(reason):
            refund.mark_unknown(error=reason, at=now)
            is_last = refund.tries > len(_BACK_OFF)
            refund.next_try_at = None if is_last else now + _BACK_OFF[refund.tries - 1]
    refund.save(update_fields=["state", "psp_reference", "error", "next_try_at", "changed_at"])
    record_step(
        deposit, f"refund-{refund.state}", before=deposit.state, now=now, integration_id=refund.integration_id,
        refund=refund, reason=refund.error, is_incident=refund.state == State.UNKNOWN and refund.next_try_at is None,
    )  # fmt: skip
    wake(integration_id=refund.integration_id, references=(refund.key, refund.psp_reference))


def fail_refund(refund: Refund, error: str, *, now: datetime, event_id: str = "") -> None:
    """Close a locked refund that certainly was not made, and give the money back; in the caller's transaction."""
    made = postings.post_refund_released(refund, now=now)
    refund.fail(error=error, at=now)
    refund.next_try_at = None
    refund.save(update_fields=["state", "error", "next_try_at", "changed_at", "closed_at"])
    record_step(
        refund.deposit, "refund-failed", before=refund.deposit.state, now=now, transaction_id=made, refund=refund,
        integration_id=refund.integration_id, event_id=event_id, reason=error,
    )  # fmt: skip


def _lock(refund_id: int) -> Refund:
    """Lock a refund, its deposit first: payments are locked in one order by everybody."""
    deposit_id = Refund.objects.values_list("deposit_id", flat=True).get(pk=refund_id)
    deposit = lock_deposit(deposit_id)
    refund = Refund.objects.select_for_update(no_key=True, of=("self",)).get(pk=refund_id)
    refund.deposit = deposit
    return refund
