"""Refunds that staff start: one action, one refund, counted at the provider's side."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import connections

from apps.brands.models import StaffScope
from apps.core import clock
from apps.payments.contract import EventKind
from apps.payments.models import Attempt, Deposit, PspContract, Refund
from apps.payments.operations.events import Applied, EventParked
from apps.payments.operations.refunds import (
    RefundKeyReused,
    RefundNotPossible,
    refundable_units,
    send_refund,
    start_refund,
)
from apps.players.models import Player
from apps.transactions.models import AccountKind
from apps.transactions.posting import InsufficientFunds
from tests.payments.bank import Bank
from tests.payments.play import euro, settled_deposit, shared, spend_all, tell, wallet


def officer(player: Player, name: str = "anna") -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="start_refund"))
    StaffScope.objects.create(user=user, brand=player.brand)
    return user


def start(deposit: Deposit, actor: User, amount: str = "50", key: str = "one") -> Refund:
    refund, _ = start_refund(
        deposit_id=deposit.pk, money=euro(amount), reason_code="player-request", note="Asked by mail", action_key=key,
        actor=actor, now=clock.now(),
    )  # fmt: skip
    return refund


def fresh(refund: Refund) -> Refund:
    return Refund.objects.get(pk=refund.pk)


def say(refund: Refund, kind: EventKind, **facts: Any) -> Applied:
    return tell(refund.deposit, kind, reference_override=refund.key, **facts)


def test_a_refund_locks_sends_and_is_done_when_the_provider_says_so(player: Player, bank: Bank) -> None:
    deposit = settled_deposit(player, "80")
    refund = start(deposit, officer(player))
    assert wallet(player) == ("5030.00", "50.00")
    assert send_refund(refund_id=refund.pk, now=clock.now()).state == "submitted"
    assert list(bank.refunds) == [refund.key]
    assert say(refund, EventKind.REFUND_DONE) == Applied.APPLIED
    assert say(refund, EventKind.REFUND_DONE) == Applied.NO_OP
    deposit = Deposit.objects.get(pk=deposit.pk)
    assert (fresh(refund).state, deposit.state, deposit.reversed_units) == ("done", "reversed", euro("50").units)
    assert wallet(player) == ("5030.00", "0.00")
    assert shared(AccountKind.PSP) == "-30.00"


def test_the_same_action_again_is_one_refund_and_two_actions_are_two(player: Player, bank: Bank) -> None:
    deposit, anna = settled_deposit(player, "100"), officer(player)
    first, again, second = start(deposit, anna), start(deposit, anna), start(deposit, anna, key="two")
    assert first.pk == again.pk
    for each in (first, again, second):
        send_refund(refund_id=each.pk, now=clock.now())
    assert sorted(bank.refunds) == sorted({first.key, second.key})
    assert bank.calls["/refund"] == 2
    with pytest.raises(RefundKeyReused):
        start(deposit, anna, "49")


def test_the_same_action_at_the_same_moment_is_one_refund(player: Player, bank: Bank) -> None:
    deposit, anna = settled_deposit(player, "100"), officer(player)
    barrier, made = threading.Barrier(4), []

    def act() -> None:
        try:
            barrier.wait()
            refund = start(deposit, anna)
            send_refund(refund_id=refund.pk, now=clock.now())
            made.append(refund.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(made) == 4
    assert len(set(made)) == 1
    assert (len(bank.refunds), bank.calls["/refund"]) == (1, 1)
    assert wallet(player) == ("5050.00", "50.00")


@pytest.mark.parametrize("mode", ["error", "lose_answer"])
def test_after_an_unclear_answer_it_is_sent_again_under_the_same_key(player: Player, bank: Bank, mode: str) -> None:
    deposit = settled_deposit(player, "80")
    refund = start(deposit, officer(player))
    bank.mode = mode
    assert send_refund(refund_id=refund.pk, now=clock.now()).state == "unknown"
    # Not before its time, and never failed by age.
    assert send_refund(refund_id=refund.pk, now=clock.now()).tries == 1
    bank.mode = "ok"
    assert send_refund(refund_id=refund.pk, now=clock.now() + timedelta(days=400)).state == "submitted"
    assert list(bank.refunds) == [refund.key]
    assert wallet(player) == ("5030.00", "50.00")


def test_a_definite_no_gives_the_money_back(player: Player, bank: Bank) -> None:
    bank.mode = "ok"
    deposit = settled_deposit(player, "80")
    refund = start(deposit, officer(player))
    bank.mode = "refuse"
    assert send_refund(refund_id=refund.pk, now=clock.now()).state == "failed"
    assert wallet(player) == ("5080.00", "0.00")
    # The provider may still say that it was made: late is true.
    assert say(refund, EventKind.REFUND_DONE) == Applied.APPLIED
    assert (fresh(refund).state, wallet(player)) == ("done", ("5030.00", "0.00"))


def test_a_refund_that_comes_back_is_the_players_again(player: Player, bank: Bank) -> None:
    deposit = settled_deposit(player, "80")
    refund = start(deposit, officer(player))
    send_refund(refund_id=refund.pk, now=clock.now())
    with pytest.raises(EventParked):
        say(refund, EventKind.REFUND_RETURNED)
    say(refund, EventKind.REFUND_DONE)
    assert say(refund, EventKind.REFUND_RETURNED) == Applied.APPLIED
    assert (fresh(refund).state, wallet(player)) == ("returned", ("5080.00", "0.00"))
    deposit = Deposit.objects.get(pk=deposit.pk)
    assert refundable_units(deposit) == euro("80").units


def test_no_more_goes_back_than_came(player: Player, bank: Bank) -> None:
    deposit, anna = settled_deposit(player, "80"), officer(player)
    start(deposit, anna, "50")
    with pytest.raises(RefundNotPossible, match=r"30\.00 EUR are left"):
        start(deposit, anna, "30.01", key="two")
    start(deposit, anna, "30", key="three")
    assert wallet(player) == ("5000.00", "80.00")
    assert Refund.objects.count() == 2


def test_concurrent_parts_together_do_not_exceed_the_deposit(player: Player, bank: Bank) -> None:
    deposit, anna = settled_deposit(player, "80"), officer(player)
    barrier, results = threading.Barrier(4), []

    def act(number: int) -> None:
        try:
            barrier.wait()
            start(deposit, anna, "30", key=f"part {number}")
            results.append("taken")
        except RefundNotPossible:
            results.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(results) == ["refused", "refused", "taken", "taken"]
    assert wallet(player) == ("5020.00", "60.00")


def test_what_is_not_there_or_contested_is_not_refunded(player: Player, bank: Bank) -> None:
    deposit, anna = settled_deposit(player, "80"), officer(player)
    tell(deposit, EventKind.CHARGEBACK, dispute_reference="D1", dispute_status="opened", amount=euro("10"))
    with pytest.raises(RefundNotPossible, match="contests"):
        start(deposit, anna)
    other = settled_deposit(player, "60")
    spend_all(player)
    with pytest.raises(InsufficientFunds):
        start(other, anna)
    assert not Refund.objects.exists()
    assert wallet(player) == ("0.00", "0.00")


def test_without_the_permission_nothing_moves(player: Player, bank: Bank) -> None:
    deposit = settled_deposit(player, "80")
    with pytest.raises(PermissionDenied):
        start(deposit, User.objects.create_user("dora", is_staff=True))
    assert wallet(player) == ("5080.00", "0.00")


def test_the_contract_says_how_long_a_refund_is_possible(player: Player, bank: Bank) -> None:
    deposit, anna = settled_deposit(player, "80"), officer(player)
    contract = PspContract.objects.create(
        integration_id=deposit.integration_id, version=1, valid_from=clock.now() - timedelta(days=400),
        merchant_of_record="We", refund_days=30, added_at=clock.now(),
    )  # fmt: skip
    Deposit.objects.filter(pk=deposit.pk).update(contract=contract, settled_at=clock.now() - timedelta(days=31))
    with pytest.raises(RefundNotPossible, match="30 days"):
        start(deposit, anna)


def test_a_refund_whose_worker_was_lost_is_sent_again_under_its_key(player: Player, bank: Bank) -> None:
    deposit = settled_deposit(player, "80")
    refund = start(deposit, officer(player))
    row = fresh(refund)
    row.begin(at=clock.now())
    row.next_try_at = clock.now() + timedelta(minutes=2)
    row.save()
    assert send_refund(refund_id=refund.pk, now=clock.now()).state == "submitting"
    assert send_refund(refund_id=refund.pk, now=clock.now() + timedelta(minutes=3)).state == "submitted"
    assert list(bank.refunds) == [refund.key]
    assert Attempt.objects.filter(deposit=deposit).count() == 1
