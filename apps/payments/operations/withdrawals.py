"""What a player may do with withdrawals. Funds are locked in the transaction that makes the row."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from apps.compliance.policies import policy_for
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.queue import enqueue_on_commit
from apps.payments.closed_loop import Allocation, allocate
from apps.payments.contract import Direction
from apps.payments.models import Instrument, Withdrawal
from apps.payments.operations import postings
from apps.payments.operations.steps import PaymentUnknown, lock_withdrawal, record_step
from apps.payments.routing import capabilities_for, open_amounts
from apps.players.models import Player
from apps.transactions.models import Account, AccountKind
from apps.verification.gates import FUNDS_LOCKED, Purpose, gate
from apps.verification.requirements import KycRequired

log = structlog.get_logger(__name__)

DUE_AFTER = timedelta(hours=24)
# Where the law forbids taking a withdrawal back (Great Britain: since 31 October 2021).
# Where no policy has been published yet.
_NO_REVERSE_WITHDRAWAL = frozenset({"GB", "SE"})


class WithdrawalsBlocked(DomainError):
    """The account may not withdraw at the moment; customer support knows more."""

    code = "withdrawals-blocked"
    title = "Withdrawals are not possible on this account"
    status = 403


class WithdrawalNotPossible(DomainError):
    """No provider pays this amount to this instrument; `GET payment-methods` lists what is open."""

    code = "withdrawal-not-possible"
    title = "This withdrawal is not possible"
    status = 422


class InstrumentUnknown(DomainError):
    """There is no such instrument of this player; `GET payment-methods` lists them."""

    code = "instrument-unknown"
    title = "Unknown payment instrument"
    status = 422


class WithdrawalLocked(DomainError):
    """The withdrawal is on its way or decided, so it can not be cancelled any more."""

    code = "withdrawal-locked"
    title = "The withdrawal can not be cancelled any more"
    status = 409


class ReverseWithdrawalNotAllowed(DomainError):
    """The law of the player's country forbids taking a withdrawal back."""

    code = "reverse-withdrawal-not-allowed"
    title = "A withdrawal can not be taken back"
    status = 403


@transaction.atomic
def request_withdrawal(
    *, player: Player, money: Money, instrument: str, remote_address: str, now: datetime
) -> Withdrawal:
    """
    Lock the money and put the withdrawal on its way.

    :param instrument: public id of the player's instrument, or the code of a method in which he has one
    :raises WithdrawalsBlocked: by the player's status. Exclusion does not stop a withdrawal
    :raises KycRequired: while due diligence locks the money
    :raises InstrumentUnknown: if it is not his, or blocked
    :raises WithdrawalNotPossible: if nobody pays that
    :raises InsufficientFunds: if he has less
    """
    if player.status == Player.Status.CLOSED or Player.Restriction.WITHDRAWAL in player.restrictions:
        raise WithdrawalsBlocked
    _require_unlocked(player, now)
    found = _instrument(player, instrument)
    cells = capabilities_for(player, Direction.WITHDRAWAL, money.currency).filter(method_id=found.method_id)
    if found.integration_id is not None:
        cells = cells.filter(integration_id=found.integration_id)
    if not cells.filter(min_units__lte=money.units, max_units__gte=money.units).exists():
        raise WithdrawalNotPossible(open_amounts(cells, money.currency))
    if not Account.objects.filter(player_id=player.pk, currency=money.currency, kind=AccountKind.CASH).exists():
        raise WithdrawalNotPossible(f"There is no {money.currency} wallet.")
    withdrawal = Withdrawal.objects.create(
        player=player,
        brand_id=player.brand_id,
        currency=money.currency,
        amount_units=money.units,
        method_id=found.method_id,
        instrument=found,
        remote_address=remote_address,
        requested_at=now,
        changed_at=now,
        due_at=now + DUE_AFTER,
    )
    made = postings.post_locked(withdrawal, now=now)
    record_step(withdrawal, "requested", before="", now=now, transaction_id=made)
    enqueue_on_commit("payments.screen_withdrawal", withdrawal_id=withdrawal.pk)
    return withdrawal


def plan_withdrawal(*, player: Player, money: Money, instrument: str = "") -> Allocation:
    """
    Say into which withdrawals an amount is to be divided so that each part goes back the way it came.

    :param instrument: as in `request_withdrawal`; empty: whichever paid in last is served first
    :raises InstrumentUnknown: if it is not his, or blocked
    """
    chosen = _instrument(player, instrument) if instrument else None
    return allocate(player=player, money=money, chosen=chosen, method_id=chosen.method_id if chosen else "")


def cancel_withdrawal(*, player: Player, public_id: UUID, now: datetime) -> Withdrawal:
    """
    Take a withdrawal back before it is approved, where the law allows it.

    :raises PaymentUnknown: if it is not the player's
    :raises ReverseWithdrawalNotAllowed: by the player's jurisdiction; the attempt is recorded
    :raises WithdrawalLocked: once it is approved, or closed
    """
    with transaction.atomic():
        found = Withdrawal.objects.filter(player=player, public_id=public_id).values_list("pk", flat=True).first()
        if found is None:
            raise PaymentUnknown
        withdrawal = lock_withdrawal(found)
        before = withdrawal.state
        if before == Withdrawal.State.CANCELLED:
            return withdrawal
        allowed = may_take_back(player, now=now)
        if allowed and (before not in Withdrawal.CANCELLABLE or withdrawal.is_source_refund):
            raise WithdrawalLocked
        if allowed:
            made = postings.post_released(withdrawal, now=now)
            withdrawal.cancel(at=now)
            withdrawal.holder, withdrawal.held_since = None, None
            withdrawal.save(
                update_fields=[
                    "state", "changed_at", "closed_at", "due_at", "clock_stopped_at", "holder", "held_since",
                ]
            )  # fmt: skip
            record_step(withdrawal, "cancelled", before=before, now=now, transaction_id=made)
    if not allowed:
        # For those who protect players from harm: whoever asks for this wants to play with it.
        log.warning("reverse_withdrawal_attempted", withdrawal=str(public_id), player=str(player.public_id))
        raise ReverseWithdrawalNotAllowed
    return withdrawal


def _require_unlocked(player: Player, now: datetime) -> None:
    """Funds that due diligence locks stay until it is done; whatever else is missing is for the screening to say."""
    answer = gate(player=player, purpose=Purpose.WITHDRAWAL, now=now)
    if answer.player_reason == FUNDS_LOCKED:
        raise KycRequired(extensions={"missing": list(answer.missing), "reason": FUNDS_LOCKED})


def may_take_back(player: Player, *, now: datetime) -> bool:
    """Whether the law of the player's place lets him take a requested withdrawal back."""
    answer = policy_for("reverse_withdrawal_allowed", player=player, now=now)
    if answer.value is None:
        return player.jurisdiction_id not in _NO_REVERSE_WITHDRAWAL
    return bool(answer.value)


def _instrument(player: Player, wanted: str) -> Instrument:
    usable = Instrument.objects.filter(player=player, is_blocked=False)
    try:
        found = usable.filter(public_id=UUID(wanted)).first()
    except ValueError:
        found = usable.filter(method_id=wanted).order_by("-verification", "-last_used_at", "-pk").first()
    if found is None:
        raise InstrumentUnknown
    return found
