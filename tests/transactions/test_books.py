# ruff: noqa: E501 - a table of statements reads best one a line
"""The proof of the books: silent on sound books, and it names the row whatever a superuser has done to them."""

from uuid import UUID

import pytest
from django.db import connection

from apps.transactions.books import Break, check_books
from apps.transactions.models import Transaction
from tests.transactions.meddling import run, tampering
from tests.transactions.scene import Scene, play_scene

pytestmark = pytest.mark.django_db

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
    ("I7 request-has-outcome exchange:bet", "UPDATE integrations_exchange SET outcome = '' WHERE transaction_id = %(bet)s"),
    ("I7 request-has-outcome command:refused", "UPDATE integrations_exchange SET outcome = 'applied' WHERE outcome = 'insufficient_funds'"),
    ("I7 transaction-exists exchange:bet", "DELETE FROM transactions_transaction WHERE id = %(bet)s"),
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
    ("I10 chain transfer:bet", TRANSACTION.format("details = '[1]'", "bet")),
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
    if table == "exchange":
        return f"exchange:{request_id(scene.bet)}"
    if table == "transfer":
        return f"transfer:{known[name]}/1"
    return f"{table}:{known.get(name, name)}"


def round_id(external_id: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM providers_round WHERE external_id = %s", [external_id])
        return int(cursor.fetchone()[0])


def request_id(transaction_id: UUID) -> str:
    request = Transaction.objects.values_list("request_id", flat=True).get(pk=transaction_id)
    return str(request)


def test_sound_books_are_sound() -> None:
    play_scene()
    assert check_books() == []
    assert check_books(full=False) == []


@pytest.mark.parametrize(("expected", "statement"), MEDDLING, ids=[f"{what} | {how[:90]}" for what, how in MEDDLING])
def test_tampering_is_found_and_the_row_named(expected: str, statement: str) -> None:
    scene = play_scene()
    invariant, rule, place = expected.split(" ")
    row = row_of(place, scene)
    with tampering():
        assert run(statement, scene.values) >= 1
        hits = [each for each in found(check_books()) if each[:2] == (invariant, rule)]
        assert (invariant, rule, row) in hits
