"""The balances of shared accounts: exact at every moment, rolled up once, whoever is writing meanwhile."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, connections, transaction

from apps.transactions.books import check_books
from apps.transactions.rollup import roll_up, shared_balance, shared_balances
from apps.transactions.tasks import roll_up_accounts
from tests.ledger_property import driver
from tests.ledger_property.driver import COIN, Command
from tests.transactions.meddling import run, tampering
from tests.transactions.scene import play_scene

pytestmark = pytest.mark.django_db(transaction=True)

PROVIDER = (10 - 25 + 7 - 7 + 6) * COIN


def rolled() -> dict[int, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, balance, transfers FROM transactions_accountrollup")
        return {account: (balance, transfers) for account, balance, transfers in cursor.fetchall()}


def test_a_balance_is_exact_before_and_after_the_roll_up() -> None:
    scene = play_scene()
    assert shared_balance(scene.provider) == PROVIDER
    assert roll_up() == 10
    assert rolled()[scene.provider] == (PROVIDER, 7)
    assert shared_balance(scene.provider) == PROVIDER
    driver.send(Command("debit", scene.seat, "next", 3 * COIN, round_ref="r9"))
    assert rolled()[scene.provider] == (PROVIDER, 7)
    assert shared_balance(scene.provider) == PROVIDER + 3 * COIN
    assert roll_up_accounts() == 1
    assert roll_up_accounts() == 0
    assert rolled()[scene.provider] == (PROVIDER + 3 * COIN, 8)


def test_the_balances_of_all_accounts_sum_to_nothing_with_those_of_the_players() -> None:
    scene = play_scene()
    roll_up()
    driver.send(Command("debit", scene.seat, "next", 3 * COIN, round_ref="r9"))
    shared = sum(each.balance for each in shared_balances().values())
    assert shared == -sum(driver.balances_of(scene.seat))


def test_what_an_open_transaction_wrote_is_rolled_up_after_it_ends_and_only_once() -> None:
    scene = play_scene()
    with transaction.atomic():
        driver.send(Command("debit", scene.seat, "open", 3 * COIN, round_ref="r9"))
        other = connections["default"].copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT ledger_roll_up()")
                assert cursor.fetchone() == (10,)
                cursor.execute(
                    "SELECT balance FROM ledger_shared_balances(NULL) WHERE account_id = %s", [scene.provider]
                )
                assert cursor.fetchone() == (PROVIDER,)
        finally:
            other.close()
        assert shared_balance(scene.provider) == PROVIDER + 3 * COIN
    assert roll_up() == 1
    assert rolled()[scene.provider] == (PROVIDER + 3 * COIN, 8)


def test_two_workers_do_not_count_twice() -> None:
    scene = play_scene()
    barrier = threading.Barrier(4)

    def work(number: int) -> int:
        try:
            barrier.wait(timeout=20)
            if number % 2:
                driver.send(*(Command("debit", scene.seat, f"w{number}-{n}", COIN, round_ref="r9") for n in range(5)))
            return sum(roll_up() or 0 for _ in range(10))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        counted = sum(pool.map(work, range(4)))
    assert counted + (roll_up() or 0) == 20
    assert rolled()[scene.provider] == (PROVIDER + 10 * COIN, 17)


def test_a_worker_that_finds_another_at_it_does_nothing() -> None:
    play_scene()
    roll_up()
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM transactions_cursor WHERE name = 'rollup' FOR UPDATE")
            assert roll_up() is None
            cursor.execute("ROLLBACK")
    finally:
        other.close()


@pytest.mark.parametrize(
    "meddling",
    [
        "UPDATE transactions_accountrollup SET balance = balance + 1 WHERE account_id = %(provider)s",
        "UPDATE transactions_accountrollup SET transfers = transfers + 1 WHERE account_id = %(provider)s",
        "DELETE FROM transactions_accountrollup WHERE account_id = %(provider)s",
    ],
)
def test_a_roll_up_that_is_not_the_sum_breaks_the_books(meddling: str) -> None:
    scene = play_scene()
    roll_up()
    with tampering():
        assert run(meddling, {"provider": scene.provider}) == 1
        assert [(each.invariant, each.rule, each.row) for each in check_books()] == [
            ("I3", "rollup-is-sum", f"rollup:{scene.provider}")
        ]


@pytest.mark.parametrize("read", [roll_up, shared_balances])
def test_after_a_logical_restore_shared_balances_are_refused_rather_than_wrong(read: Callable[[], object]) -> None:
    scene = play_scene()
    roll_up()
    # Transaction ids have started over, so the cursor stands in the future.
    run("UPDATE transactions_cursor SET next_xact = next_xact + 1000000 WHERE name = 'rollup'")
    with pytest.raises(OperationalError, match="ahead of this server"), transaction.atomic():
        read()
    run("UPDATE transactions_cursor SET next_xact = next_xact - 1000000 WHERE name = 'rollup'")
    assert shared_balances()[scene.provider].balance == PROVIDER


def test_the_sum_of_many_wallets_may_exceed_what_one_can_hold() -> None:
    most = 9 * 10**18
    table = driver.lay_table()
    for name in ("anna", "boris", "clara"):
        driver.fund(driver.sit(table, driver.make_player(table, name)), cash=most, bonus=0, restricted=0)
    for _ in range(2):
        assert min(each.balance for each in shared_balances().values()) == -3 * most
        assert roll_up() is not None
    assert check_books() == []
