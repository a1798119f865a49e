"""The proof of the books: silent on sound books, and it names the row whatever a superuser has done to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from apps.core import clock
from apps.transactions.books import Break, check_books, record_check
from apps.transactions.models import BooksCheck
from apps.transactions.rollup import roll_up
from tests.ledger_property import driver
from tests.ledger_property.driver import COIN, Command
from tests.transactions.scene import Scene, play_scene

pytestmark = pytest.mark.django_db

_GUARDED = (
    "transactions_transaction", "transactions_transfer", "transactions_account", "transactions_command",
    "integrations_exchange", "providers_round",
)  # fmt: skip
_CONSTRAINTS = (
    ("transactions_account", "transactions_account_funds"),
    ("transactions_account", "transactions_account_shared"),
    ("transactions_transfer", "transactions_transfer_amount"),
)


def run(statement: str, values: dict[str, object] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


@contextmanager
def tampering() -> Iterator[None]:
    """What somebody with every right can do; all of it is taken back at the end."""
    with transaction.atomic():
        for table in _GUARDED:
            for name in (table, *partitions_of(table)):
                run(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        for table, constraint in _CONSTRAINTS:
            run(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        yield
        transaction.set_rollback(True)


def partitions_of(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relid::text FROM pg_partition_tree(%s::text::regclass) WHERE isleaf AND relid <> %s::text::regclass",
            [table, table],
        )
        return [name for (name,) in cursor.fetchall()]


TRANSFER = "UPDATE transactions_transfer SET {} WHERE transaction_id = %({})s AND number = 1"
TRANSACTION = "UPDATE transactions_transaction SET {} WHERE id = %({})s"
COMMAND = "UPDATE transactions_command SET {} WHERE key = '{}'"
ACCOUNT = "UPDATE transactions_account SET {} WHERE id = %({})s"
ROUND = "UPDATE providers_round SET {} WHERE external_id = '{}'"

# What was done, what must be found, and in which row (the word after the colon is a value of the scene, or a literal).
MEDDLING = [
    ("I1 amount-positive transfer:bet", TRANSFER.format("amount = -amount", "bet")),
    ("I1 account-exists transfer:bet", TRANSFER.format("credit_account_id = 987654321", "bet")),
    ("I1 sum-is-zero currency:EUR", ACCOUNT.format("balance = balance + 1", "cash")),
    ("I1 sum-is-zero currency:EUR", ACCOUNT.format("balance = 1", "provider")),
    ("I2 transaction-exists transfer:bet", "DELETE FROM transactions_transaction WHERE id = %(bet)s"),
    ("I2 one-currency transfer:bet", TRANSACTION.format("currency = 'USD'", "bet")),
    ("I2 one-brand transfer:bet", TRANSACTION.format("brand_id = brand_id + 1", "bet")),
    ("I2 one-player transfer:bet", TRANSFER.format("player_id = player_id + 1", "bet")),
    ("I2 all-transfers transaction:mixed", "DELETE FROM transactions_transfer WHERE transaction_id = %(mixed)s AND number = 2"),
    ("I3 balance-of-row account:cash", ACCOUNT.format("balance = balance + 1", "cash")),
    ("I3 balance-is-sum account:bonus", ACCOUNT.format("balance = balance + 1", "bonus")),
    ("I3 rollup-is-sum rollup:provider", "UPDATE transactions_accountrollup SET balance = balance + 1 WHERE account_id = %(provider)s"),
    ("I3 rollup-is-sum rollup:provider", "DELETE FROM transactions_accountrollup WHERE account_id = %(provider)s"),
    ("I3 round-amounts round:r1", ROUND.format("won = won + 1", "r1")),
    ("I4 not-negative transfer:bet", TRANSFER.format("debit_balance = -1", "bet")),
    ("I4 not-negative account:cash", ACCOUNT.format("balance = -1", "cash")),
    ("I5 external-id-once transaction:win", TRANSACTION.format("external_id = 'bet'", "win")),
    ("I5 posted-once transaction:win", TRANSACTION.format("external_id = 'bet'", "win")),
    ("I5 has-command transaction:bet", "DELETE FROM transactions_command WHERE key = 'bet'"),
    ("I5 reversed-once transaction:rollback", COMMAND.format("cancelled_by = NULL", "lost")),
    ("I5 reversed-in-full transaction:rollback", TRANSFER.format("amount = amount - 1", "rollback")),
    ("I5 cancelled-by-its-reversal command:bet", "UPDATE transactions_command SET cancelled_by = %(win)s WHERE key = 'bet'"),
    ("I7 applied-means-posted command:bet", "DELETE FROM transactions_transaction WHERE id = %(bet)s"),
    ("I7 amounts-of-command transaction:bet", COMMAND.format("cash = cash + 1", "bet")),
    ("I7 amounts-of-command transaction:mixed", COMMAND.format("cash = bonus, bonus = cash", "mixed")),
    ("I7 terms-of-command transaction:bet", COMMAND.format("player_id = player_id + 1", "bet")),
    ("I7 request-kept transaction:bet", "DELETE FROM integrations_exchange WHERE transaction_id = %(bet)s"),
    ("I7 request-kept command:refused", "DELETE FROM integrations_exchange WHERE outcome = 'insufficient_funds'"),
    ("I7 request-has-outcome transaction:bet", "UPDATE integrations_exchange SET outcome = '' WHERE transaction_id = %(bet)s"),
    ("I7 request-has-outcome exchange:", "UPDATE integrations_exchange SET outcome = '' WHERE transaction_id = %(bet)s"),
    ("I7 request-has-outcome command:refused", "UPDATE integrations_exchange SET outcome = 'applied' WHERE outcome = 'insufficient_funds'"),
    ("I7 transaction-exists exchange:", "DELETE FROM transactions_transaction WHERE id = %(bet)s"),
    ("I8 version-of-row account:cash", ACCOUNT.format("version = version + 1", "cash")),
    ("I8 version-is-count account:cash", ACCOUNT.format("version = version + 1", "cash")),
    ("I8 posting-counted transfer:bet", TRANSFER.format("debit_version = NULL", "bet")),
    ("I8 round-counts round:r2", ROUND.format("rollbacks = 0", "r2")),
    ("I9 versions-contiguous transfer:win", "DELETE FROM transactions_transfer WHERE transaction_id = %(bet)s"),
    ("I9 balance-after transfer:bet", TRANSFER.format("debit_balance = debit_balance + 1", "bet")),
    ("I9 balance-after transfer:bet", TRANSFER.format("amount = amount + 1", "bet")),
    ("I10 chain transfer:bet", TRANSFER.format("debit_hash = sha256('x')", "bet")),
    ("I10 chain transfer:bet", TRANSFER.format("credit_account_id = (SELECT min(id) FROM transactions_account WHERE kind = 'test_funding')", "bet")),
    ("I10 chain transfer:bet", TRANSACTION.format("created_at = created_at + interval '1 second'", "bet")),
    ("I10 chain transfer:bet", TRANSACTION.format("details = '{{\"a\": 1}}'", "bet")),
    ("I10 chain transfer:win", TRANSACTION.format("round_id = round_id + 1", "win")),
    ("I10 chain transfer:win", TRANSACTION.format("kind = 'bonus'", "win")),
    ("I10 head-of-row account:cash", ACCOUNT.format("head_hash = sha256('x')", "cash")),
    ("I11 held-is-in-play round:r3", ROUND.format("staked = staked - 1", "r3")),
    ("I12 refused-means-nothing-moved command:bet", COMMAND.format("outcome = 'blocked'", "bet")),
    ("I12 refused-means-nothing-moved command:refused", COMMAND.format("cash = 1", "refused")),
]  # fmt: skip


def found(breaks: list[Break]) -> set[tuple[str, str, str]]:
    return {(each.invariant, each.rule, each.row) for each in breaks}


def row_of(place: str, scene: Scene) -> str:
    """The row a break must name."""
    table, _, name = place.partition(":")
    known = {**scene.values, **{ref: round_id(ref) for ref in ("r1", "r2", "r3")}}
    if table == "command":
        return f"command:{scene.seat.table.integration.pk}/{name}"
    if table == "transfer":
        return f"transfer:{known[name]}/1"
    return f"{table}:{known.get(name, name)}"


def round_id(external_id: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM providers_round WHERE external_id = %s", [external_id])
        return int(cursor.fetchone()[0])


def test_sound_books_are_sound() -> None:
    play_scene()
    roll_up()
    assert check_books() == []
    assert check_books(full=False) == []


@pytest.mark.parametrize(("expected", "statement"), MEDDLING, ids=[f"{what} | {how[:90]}" for what, how in MEDDLING])
def test_tampering_is_found_and_the_row_named(expected: str, statement: str) -> None:
    scene = play_scene()
    invariant, rule, place = expected.split(" ")
    row = row_of(place, scene)
    with tampering():
        if "rollup" in statement:
            roll_up_now()
        assert run(statement, scene.values) >= 1
        hits = [each for each in found(check_books()) if each[:2] == (invariant, rule)]
        if place == "exchange:":
            assert [hit[2][:9] for hit in hits] == ["exchange:"]
        else:
            assert (invariant, rule, row) in hits


def roll_up_now() -> None:
    """As `roll_up` leaves it once this transaction is over: the test itself lives in one that is not."""
    run("INSERT INTO transactions_cursor (name, next_xact) VALUES ('rollup', pg_current_xact_id()::text::bigint + 1)")
    run(
        "INSERT INTO transactions_accountrollup (account_id, balance, transfers)"
        " SELECT account_id, balance, transfers FROM ledger_shared_balances(NULL) WHERE transfers > 0"
    )
    # The tail is empty now, so what `ledger_shared_balances` saw before counts once.
    run(
        "UPDATE transactions_accountrollup r SET balance = s.balance, transfers = s.transfers FROM ("
        " SELECT account_id, sum(amount) AS balance, count(*) AS transfers FROM ("
        " SELECT debit_account_id AS account_id, -amount AS amount FROM transactions_transfer WHERE debit_version IS NULL"
        " UNION ALL SELECT credit_account_id, amount FROM transactions_transfer WHERE credit_version IS NULL) x"
        " GROUP BY account_id) s WHERE s.account_id = r.account_id"
    )
    assert check_books() == []
