"""The ledger lines of payments: which account pays which. States are not looked at here."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.payments.models import Deposit, Dispute, Refund, ReserveHold, Withdrawal
from apps.transactions.models import Account, AccountKind, TransactionKind
from apps.transactions.posting import (
    Leg,
    PlayerAccounts,
    lock_wallet,
    open_player_accounts,
    player_and_shared_account,
    post,
    shared_account,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A posting that takes money from a player, and what he did not have, which stands in suspense."""

    transaction_id: UUID
    shortfall: int


def post_settled(deposit: Deposit, *, units: int, fee: int, psp_reference: str, now: datetime) -> UUID:
    """Bring a deposit to the player's cash; the provider's fee is ours to pay."""
    accounts, psp = player_and_shared_account(
        player_id=deposit.player_id, brand_id=deposit.brand_id, currency=deposit.currency,
        kind=AccountKind.PSP.value, integration_id=deposit.integration_id,
    )  # fmt: skip
    legs = [Leg(psp, accounts.cash, units)]
    legs += [Leg(_shared(deposit, AccountKind.FEE), psp, fee)] if fee else []
    # Money that comes in is never refused; what fails here fails the whole event.
    return _post(deposit, TransactionKind.DEPOSIT, legs, deposit.integration_id, psp_reference, now, savepoint=False)


def post_reversed(deposit: Deposit, *, units: int, psp_reference: str, now: datetime) -> Taken:
    """Give back to the provider what it took back."""
    target = _psp(deposit, deposit.integration_id)
    legs, shortfall = _take(deposit, target, units)
    # An id stands for one posting; a deposit may be reversed in parts.
    external_id = f"{psp_reference}/reversal/{deposit.reversed_units}"
    return Taken(_post(deposit, TransactionKind.REVERSAL, legs, deposit.integration_id, external_id, now), shortfall)


def post_chargeback(dispute: Dispute, *, units: int, fee: int, now: datetime) -> Taken:
    """Give a contested deposit back to the provider, and pay what the provider charges for that."""
    deposit = dispute.deposit
    legs, shortfall = _take(deposit, _psp(deposit, dispute.integration_id), units)
    legs += _fee_legs(deposit, fee, dispute.integration_id)
    made = _post(deposit, TransactionKind.CHARGEBACK, legs, dispute.integration_id, _id_of(dispute), now)
    return Taken(made, shortfall)


def post_chargeback_reversed(dispute: Dispute, *, units: int, now: datetime) -> UUID:
    """Take a contested deposit back: first what the player owes for it, then to his cash."""
    deposit = dispute.deposit
    source = _psp(deposit, dispute.integration_id)
    owed = min(units, dispute.owed_units)
    legs = [Leg(source, _shared(deposit, AccountKind.SUSPENSE), owed)] if owed else []
    if units > owed:
        legs.append(Leg(source, _accounts(deposit).cash, units - owed))
    return _post(deposit, TransactionKind.CHARGEBACK, legs, dispute.integration_id, _id_of(dispute), now)


def post_refund_locked(refund: Refund, *, now: datetime) -> UUID:
    """
    Lock the money of a new refund.

    :raises InsufficientFunds: if the player has less
    """
    deposit = refund.deposit
    accounts = _accounts(deposit)
    legs = [Leg(accounts.cash, accounts.locked, refund.amount_units)]
    return _post(deposit, TransactionKind.REFUND, legs, None, "", now, refund=str(refund.public_id))


def post_refund_released(refund: Refund, *, now: datetime) -> UUID:
    """Give the locked money of a refund back to the player."""
    deposit = refund.deposit
    accounts = _accounts(deposit)
    legs = [Leg(accounts.locked, accounts.cash, refund.amount_units)]
    return _post(deposit, TransactionKind.RELEASE, legs, refund.integration_id, "", now, refund=str(refund.public_id))


def post_refunded(refund: Refund, *, was_released: bool, fee: int, now: datetime) -> Taken:
    """Turn the locked money of a refund into money the provider has given back; after a release, take it again."""
    deposit = refund.deposit
    psp, shortfall = _psp(deposit, refund.integration_id), 0
    if was_released:
        legs, shortfall = _take(deposit, psp, refund.amount_units)
    else:
        legs = [Leg(_accounts(deposit).locked, psp, refund.amount_units)]
    legs += _fee_legs(deposit, fee, refund.integration_id)
    made = _post(
        deposit, TransactionKind.REFUND, legs, refund.integration_id, refund.psp_reference or refund.key, now,
        refund=str(refund.public_id),
    )  # fmt: skip
    return Taken(made, shortfall)


def post_refund_returned(refund: Refund, *, now: datetime) -> UUID:
    """Bring back to the player what was refunded and came back to the provider."""
    deposit = refund.deposit
    legs = [Leg(_psp(deposit, refund.integration_id), _accounts(deposit).cash, refund.amount_units)]
    name = f"{refund.psp_reference or refund.key}/return"
    return _post(deposit, TransactionKind.REFUND, legs, refund.integration_id, name, now, refund=str(refund.public_id))


def post_reserve_held(deposit: Deposit, *, units: int, now: datetime) -> UUID:
    """Set apart what the provider keeps back: it still owes it to us, but not before its day."""
    reserve, psp = _reserve(deposit, deposit.integration_id), _psp(deposit, deposit.integration_id)
    legs = [Leg(reserve, psp, units)]
    return _post(deposit, TransactionKind.RESERVE, legs, deposit.integration_id, "", now, reserve="held")


def post_reserve_released(hold: ReserveHold, *, now: datetime) -> UUID:
    """Put back among what the provider owes us what it kept until today."""
    deposit = hold.deposit
    legs = [Leg(_psp(deposit, hold.integration_id), _reserve(deposit, hold.integration_id), hold.units)]
    return _post(deposit, TransactionKind.RESERVE, legs, hold.integration_id, "", now, reserve="released")


def post_locked(withdrawal: Withdrawal, *, now: datetime) -> UUID:
    """
    Lock the money of a new withdrawal.

    :raises InsufficientFunds: if there is less
    """
    accounts = _accounts(withdrawal)
    legs = [Leg(accounts.cash, accounts.locked, withdrawal.amount_units)]
    return _post(withdrawal, TransactionKind.WITHDRAWAL, legs, None, "", now)


def post_released(withdrawal: Withdrawal, *, now: datetime) -> UUID:
    """Give the locked money back."""
    legs = [Leg(_accounts(withdrawal).locked, _home(withdrawal), withdrawal.amount_units)]
    return _post(withdrawal, TransactionKind.RELEASE, legs, withdrawal.integration_id, "", now)


def post_paid(withdrawal: Withdrawal, *, units: int, fee: int, psp_reference: str, now: datetime) -> Taken:
    """Turn locked money into money the provider has paid; more or less than was locked is settled with cash."""
    accounts, psp = _accounts(withdrawal), _psp(withdrawal, withdrawal.integration_id)
    legs = [Leg(accounts.locked, psp, min(units, withdrawal.amount_units))]
    shortfall = 0
    if units < withdrawal.amount_units:
        legs.append(Leg(accounts.locked, _home(withdrawal), withdrawal.amount_units - units))
    elif units > withdrawal.amount_units:
        more, shortfall = _take(withdrawal, psp, units - withdrawal.amount_units)
        legs += more
    legs += _fee_legs(withdrawal, fee, withdrawal.integration_id)
    made = _post(withdrawal, TransactionKind.PAYOUT, legs, withdrawal.integration_id, psp_reference, now)
    return Taken(made, shortfall)


def post_paid_after_release(
    withdrawal: Withdrawal, *, units: int, fee: int, integration_id: int, psp_reference: str, now: datetime
) -> Taken:
    """Book a payout whose money had been given back: late success, or a second payout."""
    legs, shortfall = _take(withdrawal, _psp(withdrawal, integration_id), units)
    legs += _fee_legs(withdrawal, fee, integration_id)
    made = _post(withdrawal, TransactionKind.PAYOUT, legs, integration_id, psp_reference, now)
    return Taken(made, shortfall)


def post_returned(withdrawal: Withdrawal, *, units: int, psp_reference: str, now: datetime) -> UUID:
    """Bring back what was paid and came back: first what the player owes for it, then to his cash."""
    source = _psp(withdrawal, withdrawal.integration_id)
    owed = min(units, withdrawal.owed_units)
    legs = [Leg(source, _shared(withdrawal, AccountKind.SUSPENSE), owed)] if owed else []
    if units > owed:
        legs.append(Leg(source, _home(withdrawal), units - owed))
    return _post(withdrawal, TransactionKind.RETURN, legs, withdrawal.integration_id, f"{psp_reference}/return", now)


def _id_of(dispute: Dispute) -> str:
    return f"{dispute.reference}/{dispute.deposit_id}/{dispute.debits + dispute.credits}"


def _take(payment: Deposit | Withdrawal, target: int, units: int) -> tuple[list[Leg], int]:
    """Take from cash what is there, and the rest from suspense: what a provider did can not be refused."""
    accounts = _accounts(payment)
    lock_wallet(player_id=payment.player_id, currency=payment.currency)
    cash = Account.objects.values_list("balance", flat=True).get(pk=accounts.cash)
    available = min(cash, units)
    legs = [Leg(accounts.cash, target, available)] if available else []
    if units > available:
        legs.append(Leg(_shared(payment, AccountKind.SUSPENSE), target, units - available))
    return legs, units - available


def _fee_legs(payment: Deposit | Withdrawal, fee: int, integration_id: int | None) -> list[Leg]:
    return [Leg(_shared(payment, AccountKind.FEE), _psp(payment, integration_id), fee)] if fee else []


def _home(withdrawal: Withdrawal) -> int:
    """Where the money of a withdrawal comes back to: cash, but for what is locked for due diligence."""
    accounts = _accounts(withdrawal)
    return accounts.restricted if withdrawal.is_source_refund else accounts.cash


def _accounts(payment: Deposit | Withdrawal) -> PlayerAccounts:
    return open_player_accounts(player_id=payment.player_id, brand_id=payment.brand_id, currency=payment.currency)


def _psp(payment: Deposit | Withdrawal, integration_id: int | None) -> int:
    return shared_account(
        brand_id=payment.brand_id,
        currency=payment.currency,
        kind=AccountKind.PSP.value,
        integration_id=integration_id,
    )


def _reserve(payment: Deposit, integration_id: int) -> int:
    return shared_account(
        brand_id=payment.brand_id,
        currency=payment.currency,
        kind=AccountKind.RESERVE.value,
        integration_id=integration_id,
    )


def _shared(payment: Deposit | Withdrawal, kind: AccountKind) -> int:
    return shared_account(brand_id=payment.brand_id, currency=payment.currency, kind=kind.value)


def _post(
    payment: Deposit | Withdrawal,
    kind: TransactionKind,
    legs: list[Leg],
    integration_id: int | None,
    psp_reference: str,
    now: datetime,
    *,
    savepoint: bool = True,
    **details: str,
) -> UUID:
    name = "deposit" if isinstance(payment, Deposit) else "withdrawal"
    return post(
        kind=kind.value,
        brand_id=payment.brand_id,
        currency=payment.currency,
        player_id=payment.player_id,
        integration_id=integration_id,
        external_id=psp_reference,
        legs=legs,
        details={name: str(payment.public_id), **details},
        now=now,
        savepoint=savepoint,
    )
