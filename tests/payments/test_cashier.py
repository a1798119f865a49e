"""A cashier that calls us: authorize reserves, transfer books, cancel releases, each as often as it likes."""

import threading
from dataclasses import replace

import pytest
from django.db import connections

from apps.core import clock
from apps.core.money import Money
from apps.integrations.connections import connection
from apps.integrations.models import Integration
from apps.payments.cashier import PlatformCashier
from apps.payments.cashier_contract import CashierCall, CashierPlayer, Refusal
from apps.payments.cashier_sessions import LIFETIME, open_cashier_session
from apps.payments.contract import Direction
from apps.payments.models import Deposit, PaymentStep, Withdrawal
from apps.players.models import Player
from apps.transactions.models import AccountKind
from tests.factories.games import make_player
from tests.payments.play import euro, shared, wallet


@pytest.fixture
def cashier(integration: Integration) -> PlatformCashier:
    found = connection("bank")
    assert found is not None
    return PlatformCashier(found)


def call(player: Player, direction: Direction, amount: str, reference: str = "tx1") -> CashierCall:
    return CashierCall(
        direction=direction,
        user_id=str(player.public_id),
        psp_reference=reference,
        money=euro(amount),
        now=clock.now(),
        method="creditcard",
    )


def test_a_session_is_its_own_players(cashier: PlatformCashier, player: Player, integration: Integration) -> None:
    now = clock.now()
    token = open_cashier_session(player=player, integration_id=integration.pk, now=now)
    mine, other = str(player.public_id), str(make_player("other").public_id)
    found = cashier.verify_session(session_token=token, user_id=mine, now=now)
    assert isinstance(found, CashierPlayer)
    assert found.balance == euro("5000")
    assert cashier.verify_session(session_token=token, user_id=other, now=now) == Refusal.UNKNOWN_PLAYER
    assert cashier.verify_session(session_token="x", user_id=mine, now=now) == Refusal.UNKNOWN_SESSION
    assert cashier.verify_session(session_token=token, user_id=mine, now=now + LIFETIME) == Refusal.UNKNOWN_SESSION


def test_a_deposit_is_promised_then_booked_once(cashier: PlatformCashier, player: Player) -> None:
    asked = call(player, Direction.DEPOSIT, "500")
    first, again = cashier.authorize(asked), cashier.authorize(asked)
    assert (first.refusal, first.authorization) == (None, again.authorization)
    assert wallet(player) == ("5000.00", "0.00")

    # What production does: another amount is transferred than was authorized.
    booked = [cashier.transfer(replace(asked, money=euro("1025"))) for _ in range(2)]

    assert {answer.number for answer in booked} == {first.number}
    assert wallet(player) == ("6025.00", "0.00")
    assert Deposit.objects.get().state == "settled"


def test_a_transfer_without_authorize_is_booked(cashier: PlatformCashier, player: Player) -> None:
    assert cashier.transfer(call(player, Direction.DEPOSIT, "20")).refusal is None
    assert wallet(player) == ("5020.00", "0.00")
    assert cashier.transfer(call(player, Direction.WITHDRAWAL, "30", "tx2")).refusal is None
    assert wallet(player) == ("4990.00", "0.00")


def test_a_withdrawal_is_reserved_then_paid(cashier: PlatformCashier, player: Player) -> None:
    asked = call(player, Direction.WITHDRAWAL, "100")
    first, again = cashier.authorize(asked), cashier.authorize(asked)
    assert first.authorization == again.authorization
    assert wallet(player) == ("4900.00", "100.00")
    assert cashier.transfer(asked).refusal is None
    assert wallet(player) == ("4900.00", "0.00")
    assert Withdrawal.objects.get().state == "paid"


def test_an_overdraft_is_refused_and_nothing_is_kept(cashier: PlatformCashier, player: Player) -> None:
    answer = cashier.authorize(call(player, Direction.WITHDRAWAL, "5000.01"))
    assert answer.refusal == Refusal.INSUFFICIENT_FUNDS
    assert wallet(player) == ("5000.00", "0.00")
    assert not Withdrawal.objects.exists()


def test_a_transfer_is_taken_even_without_money(cashier: PlatformCashier, player: Player) -> None:
    cashier.authorize(call(player, Direction.WITHDRAWAL, "4000"))
    cashier.transfer(call(player, Direction.WITHDRAWAL, "5500"))
    assert wallet(player) == ("0.00", "0.00")
    assert shared(AccountKind.SUSPENSE) == "-500.00"
    assert PaymentStep.objects.filter(is_incident=True).count() == 1


def test_cancelled_twice_is_released_once(cashier: PlatformCashier, player: Player) -> None:
    asked = call(player, Direction.WITHDRAWAL, "100")
    cashier.authorize(asked)
    assert [cashier.cancel(asked).refusal for _ in range(2)] == [None, None]
    assert wallet(player) == ("5000.00", "0.00")


def test_a_cancel_after_the_transfer_releases_nothing(cashier: PlatformCashier, player: Player) -> None:
    asked = call(player, Direction.WITHDRAWAL, "100")
    cashier.authorize(asked)
    cashier.transfer(asked)
    assert cashier.cancel(asked).refusal is None
    assert wallet(player) == ("4900.00", "0.00")


@pytest.mark.parametrize(("direction", "cash"), [(Direction.WITHDRAWAL, "4900.00"), (Direction.DEPOSIT, "5100.00")])
def test_a_transfer_after_a_cancel_counts_and_is_raised(
    cashier: PlatformCashier, player: Player, direction: Direction, cash: str
) -> None:
    asked = call(player, direction, "100")
    cashier.authorize(asked)
    cashier.cancel(asked)
    assert cashier.transfer(asked).refusal is None
    assert wallet(player) == (cash, "0.00")
    assert PaymentStep.objects.filter(is_incident=True).count() == 1


def test_an_id_stands_for_one_payment(cashier: PlatformCashier, player: Player) -> None:
    cashier.authorize(call(player, Direction.WITHDRAWAL, "100"))
    assert cashier.authorize(call(player, Direction.DEPOSIT, "100")).refusal == Refusal.CONFLICT
    assert cashier.authorize(call(make_player("other"), Direction.WITHDRAWAL, "100")).refusal == Refusal.CONFLICT
    dollars = replace(call(player, Direction.DEPOSIT, "1", "tx9"), money=Money.parse("1", "USD"))
    assert cashier.authorize(dollars).refusal == Refusal.WRONG_CURRENCY
    assert cashier.cancel(call(player, Direction.DEPOSIT, "1", "nothing")).refusal == Refusal.UNKNOWN_PAYMENT


def test_two_withdrawals_at_once_against_one_balance(cashier: PlatformCashier, player: Player) -> None:
    barrier, answers = threading.Barrier(4), []

    def ask(number: int) -> None:
        try:
            barrier.wait()
            # Each of two payments comes twice.
            answers.append(cashier.authorize(call(player, Direction.WITHDRAWAL, "3000", f"tx{number % 2}")).refusal)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(str(answer) for answer in answers) == ["None", "None", "insufficient_funds", "insufficient_funds"]
    assert wallet(player) == ("2000.00", "3000.00")
