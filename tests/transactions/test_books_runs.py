"""Runs of the proof: what they store, where the next one begins, and what only a stored proof can notice."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from apps.transactions.books import BooksCheckRunning, Break, check_books, record_check
from apps.transactions.models import BooksCheck
from apps.transactions.tasks import check_new_books
from tests.ledger_property import driver
from tests.ledger_property.driver import COIN, Command, Seat
from tests.transactions.meddling import run, tampering
from tests.transactions.scene import play_scene

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 2, tzinfo=UTC)
_REHASH = """
UPDATE {} SET {} = ledger_chain(decode(repeat('00', 32), 'hex'), x.credit_account_id, x.debit_account_id, 1,
                                t.id, x.number, x.amount, x.credit_balance,
                                ledger_terms(t.kind, t.brand_id, t.currency, t.player_id, t.integration_id,
                                             t.external_id, t.round_id, t.reverses_id, t.request_id, t.details,
                                             t.created_at))
"""
_ONLY_POSTING = (
    "transactions_transfer x JOIN transactions_transaction t ON t.id = x.transaction_id"
    " WHERE x.credit_account_id = %(cash)s"
)


def proven(*, full: bool = False) -> list[str]:
    return [f"{each['invariant']} {each['rule']}" for each in record_check(full=full, now=NOW).breaks]


def cursor() -> int:
    with connection.cursor() as db:
        db.execute("SELECT next_xact FROM transactions_cursor WHERE name = 'books'")
        row = db.fetchone()
    return int(row[0]) if row else 0


def eventually(is_true: Callable[[], bool]) -> bool:
    """Ask again while other test processes, on the same server, still have older transactions open."""
    ends = time.monotonic() + 20
    while not is_true():
        if time.monotonic() > ends:
            return False
    return True


def checkpoints() -> dict[int, int]:
    with connection.cursor() as db:
        db.execute("SELECT account_id, version FROM transactions_checkpoint")
        return dict(db.fetchall())


def funded_seat() -> Seat:
    table = driver.lay_table()
    seat = driver.sit(table, driver.make_player(table, "anna"))
    driver.fund(seat, cash=10 * COIN)
    return seat


def test_a_clean_proof_is_stored_and_the_next_one_goes_on_from_there() -> None:
    seat = play_scene().seat
    assert proven() == []
    assert checkpoints() == {seat.cash: 6, seat.bonus: 2, seat.restricted: 2}
    first = cursor()
    driver.send(Command("debit", seat, "next", COIN, round_ref="r9"))
    # A transaction of the server's own chores may hold the horizon back for a moment: the next proof goes on then.
    for _ in range(100):
        assert check_new_books() == 0
        if cursor() > first:
            break
    assert cursor() > first
    assert checkpoints()[seat.cash] == 7
    assert set(BooksCheck.objects.values_list("mode", "break_count")) == {("incremental", 0)}


def test_the_incremental_proof_finds_what_is_wrong_with_what_is_new_and_keeps_finding_it() -> None:
    seat = play_scene().seat
    assert proven() == []
    before = cursor()
    driver.send(Command("debit", seat, "next", COIN, round_ref="r9"))
    with tampering():
        run("UPDATE transactions_transfer SET amount = amount + 1 WHERE debit_version = 7")
        assert [each.invariant for each in check_books(full=False)] == ["I9", "I10", "I7"]
        assert cursor() == before
        assert proven() == proven() == ["I9 balance-after", "I10 chain", "I7 amounts-of-command"]
        assert cursor() == before


def test_the_incremental_proof_notices_a_balance_that_changed_without_a_posting() -> None:
    seat = play_scene().seat
    assert proven() == []
    with tampering():
        run("UPDATE transactions_account SET balance = balance + 1 WHERE id = %(cash)s", {"cash": seat.cash})
        assert check_books(full=False) == [
            Break("I3", "balance-of-row", seat.cash, seat.player_id, f"account:{seat.cash}", "1140000", "1140001")
        ]


def test_history_that_was_rewritten_without_a_flaw_contradicts_what_was_proven_before() -> None:
    seat = funded_seat()
    assert proven(full=True) == []
    with tampering():
        run("UPDATE transactions_transaction SET created_at = created_at - interval '1 day'")
        values: dict[str, object] = {"cash": seat.cash}
        run(
            _REHASH.format("transactions_transfer w", "credit_hash")
            + f"FROM {_ONLY_POSTING} AND w.transaction_id = x.transaction_id",
            values,
        )
        run(
            "UPDATE transactions_account a SET head_hash = x.credit_hash FROM transactions_transfer x"
            " WHERE a.id = %(cash)s AND x.credit_account_id = a.id",
            values,
        )
        found = {(each.invariant, each.rule) for each in check_books()}
        assert found == {("I10", "proven-before"), ("I10", "head-of-row")}


def test_a_full_proof_tells_a_digest_that_changes_with_every_posting() -> None:
    seat = funded_seat()
    first = record_check(full=True, now=NOW)
    assert len(first.heads_digest) == 64
    assert record_check(full=True, now=NOW).heads_digest == first.heads_digest
    driver.fund(seat, cash=COIN)
    assert record_check(full=True, now=NOW).heads_digest != first.heads_digest


def test_only_one_proof_runs_at_a_time() -> None:
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(7102031)")
        with pytest.raises(BooksCheckRunning):
            record_check(full=False, now=NOW)
        assert check_new_books() == 0
    finally:
        other.close()
    assert BooksCheck.objects.count() == 0


def test_the_command_prints_what_it_does_and_that_the_books_balance() -> None:
    play_scene()
    out = StringIO()
    call_command("check_books", "--full", stdout=out)
    assert "books_chains" in out.getvalue()
    assert "The books balance" in out.getvalue()


def test_the_command_lists_the_rows_and_fails_when_the_books_are_broken() -> None:
    seat = play_scene().seat
    errors = StringIO()
    with tampering():
        run("UPDATE transactions_account SET balance = balance + 1 WHERE id = %(cash)s", {"cash": seat.cash})
        with pytest.raises(CommandError) as failed:
            call_command("check_books", "--full", stdout=StringIO(), stderr=errors)
    assert failed.value.returncode == 1
    assert f"I3 balance-of-row: player {seat.player_id} account {seat.cash}" in errors.getvalue()


def test_postings_made_while_another_transaction_is_open_are_proven_once_and_not_missed() -> None:
    seat = funded_seat()
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor_of_other:
            cursor_of_other.execute("BEGIN")
            cursor_of_other.execute("SELECT pg_current_xact_id()::text::bigint")
            (still_open,) = cursor_of_other.fetchone()
            before = cursor()
            for coins in (2, 3):
                driver.fund(seat, cash=COIN)
                assert proven() == []
                assert before <= cursor() <= still_open  # it might still write with its lower id
                before = cursor()
                assert checkpoints() == {seat.cash: coins}
            cursor_of_other.execute("COMMIT")
    finally:
        other.close()
    with transaction.atomic():
        driver.fund(seat, cash=COIN)
    assert eventually(lambda: proven() == [] and cursor() > still_open)
    assert checkpoints() == {seat.cash: 4}
