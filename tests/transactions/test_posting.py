"""The typed way into the ledger: what it moves, what it refuses, and that a refusal leaves everything as it was."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from apps.core.ids import uuid7
from apps.core.request_context import request_context
from apps.transactions.models import Account, AccountKind, Transaction, TransactionKind, Transfer
from apps.transactions.posting import (
    InsufficientFunds,
    Leg,
    PlayerAccounts,
    UnableToPost,
    lock_wallet,
    open_player_accounts,
    post,
    shared_account,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BRAND = 7
ALICE, BOB = 101, 102


def wallet(player_id: int = ALICE, currency: str = "EUR") -> PlayerAccounts:
    return open_player_accounts(player_id=player_id, brand_id=BRAND, currency=currency)


def house(kind: str = AccountKind.TEST_FUNDING, currency: str = "EUR") -> int:
    return shared_account(brand_id=BRAND, currency=currency, kind=kind)


def move(debit: int, credit: int, amount: int, *, currency: str = "EUR", player_id: int | None = ALICE) -> UUID:
    return post(
        kind=TransactionKind.TEST_FUNDING,
        brand_id=BRAND,
        currency=currency,
        player_id=player_id,
        legs=[Leg(debit, credit, amount)],
        now=NOW,
    )


def balances(*accounts: int) -> list[int]:
    found = dict(Account.objects.filter(pk__in=accounts).values_list("pk", "balance"))
    return [found[account] for account in accounts]


@pytest.mark.django_db
def test_a_posting_moves_every_leg_and_keeps_balance_version_and_chain_beside_it() -> None:
    alice = wallet()
    request_id = uuid7()
    with request_context(request_id):
        transaction_id = post(
            kind=TransactionKind.TEST_FUNDING,
            brand_id=BRAND,
            currency="EUR",
            player_id=ALICE,
            legs=[Leg(house(), alice.cash, 10_000_000), Leg(alice.cash, alice.restricted, 2_500_000)],
            details={"why": "test"},
            now=NOW,
        )
    assert balances(alice.cash, alice.restricted) == [7_500_000, 2_500_000]
    stored = Transaction.objects.get(pk=transaction_id)
    assert (stored.kind, stored.player_id, stored.request_id) == ("test_funding", ALICE, request_id)
    assert (stored.created_at, stored.details) == (NOW, {"why": "test"})
    rows = Transfer.objects.filter(transaction_id=transaction_id).order_by("number")
    assert [(r.number, r.amount, r.debit_version, r.credit_version) for r in rows] == [
        (1, 10_000_000, None, 1),
        (2, 2_500_000, 2, 1),
    ]
    assert [(r.debit_balance, r.credit_balance) for r in rows] == [(None, 10_000_000), (7_500_000, 2_500_000)]
    head = Account.objects.get(pk=alice.cash)
    assert (head.version, bytes(head.head_hash)) == (2, bytes(rows[1].debit_hash or b""))


@pytest.mark.django_db
def test_a_player_can_not_be_debited_below_zero_and_nothing_of_the_posting_stays() -> None:
    alice = wallet()
    move(house(), alice.cash, 1_000_000)
    with pytest.raises(InsufficientFunds):
        post(
            kind=TransactionKind.CORRECTION,
            brand_id=BRAND,
            currency="EUR",
            player_id=ALICE,
            legs=[Leg(alice.cash, house(), 600_000), Leg(alice.cash, house(AccountKind.FEE), 600_000)],
            now=NOW,
        )
    assert balances(alice.cash) == [1_000_000]
    assert Transaction.objects.filter(kind=TransactionKind.CORRECTION).count() == 0
    move(alice.cash, house(), 1_000_000)  # the transaction around it is still usable
    assert balances(alice.cash) == [0]


@pytest.mark.django_db
def test_a_shared_account_is_opened_once_and_may_go_below_zero() -> None:
    assert house() == house()
    assert house(AccountKind.HOUSE) != house()
    assert shared_account(
        brand_id=BRAND, currency="EUR", kind=AccountKind.PROVIDER, integration_id=1
    ) != shared_account(brand_id=BRAND, currency="EUR", kind=AccountKind.PROVIDER, integration_id=2)
    move(house(), house(AccountKind.HOUSE), 5, player_id=None)
    assert Account.objects.get(pk=house()).balance == 0  # its row is never written; the roll-up knows


@pytest.mark.django_db
@pytest.mark.parametrize(
    "legs",
    [
        pytest.param(lambda _a, _h: [], id="no legs"),
        pytest.param(lambda a, h: [Leg(h, a.cash, 0)], id="nothing moves"),
        pytest.param(lambda a, h: [Leg(h, a.cash, -1)], id="backwards"),
        pytest.param(lambda a, _h: [Leg(a.cash, a.cash, 1)], id="to itself"),
        pytest.param(lambda _a, h: [Leg(h, 999_999, 1)], id="unknown account"),
        pytest.param(lambda _a, h: [Leg(h, wallet(BOB, "SEK").cash, 1)], id="other currency"),
    ],
)
def test_an_unsound_posting_is_refused(legs: Callable[[PlayerAccounts, int], list[Leg]]) -> None:
    alice = wallet()
    with pytest.raises(UnableToPost):
        post(
            kind=TransactionKind.TEST_FUNDING,
            brand_id=BRAND,
            currency="EUR",
            legs=legs(alice, house()),
            now=NOW,
        )
    assert Transaction.objects.count() == 0
    assert balances(alice.cash) == [0]


@pytest.mark.django_db
def test_an_amount_beyond_the_range_of_the_ledger_is_refused() -> None:
    alice = wallet()
    move(house(), alice.cash, 2**63 - 1)
    with pytest.raises(UnableToPost):
        move(house(), alice.cash, 1)
    assert balances(alice.cash) == [2**63 - 1]


@pytest.mark.django_db
def test_a_wallet_that_does_not_exist_can_not_be_locked() -> None:
    with pytest.raises(UnableToPost), transaction.atomic():
        lock_wallet(player_id=424_242, currency="EUR")


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["transactions_transaction", "transactions_transfer"])
@pytest.mark.parametrize("change", ["UPDATE {} SET player_id = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_ledger_refuses_to_be_changed(table: str, change: str) -> None:
    move(house(), wallet().cash, 1)
    with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))


@pytest.mark.django_db(transaction=True)
def test_transfers_between_two_wallets_in_both_directions_at_once_do_not_deadlock() -> None:
    alice, bob = wallet(ALICE), wallet(BOB)
    for account in (alice.cash, bob.cash):
        move(house(), account, 1_000)
    threads = 4
    barrier = threading.Barrier(threads)

    def swing(number: int) -> None:
        debit, credit = (alice.cash, bob.cash) if number % 2 else (bob.cash, alice.cash)
        try:
            barrier.wait(timeout=10)
            for _ in range(20):
                move(debit, credit, 1)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(swing, range(threads)))
    assert balances(alice.cash, bob.cash) == [1_000, 1_000]
    assert Account.objects.get(pk=alice.cash).version == 81
