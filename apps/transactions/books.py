"""The proof of the books: runs every `books_…` SQL function and reports what it finds. See docs/ledger.md."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from apps.core.errors import DomainError
from apps.transactions.models import BooksCheck

STORED_BREAKS = 1000
# Any constant: it names the advisory lock under which one proof runs at a time.
_ONE_AT_A_TIME = 7_102_031
# The same everywhere, so that a plan with many sorts does not depend on the server's default.
_WORK_MEM = "64MB"
# The names of the functions come from pg_proc, quoted by the server.
_ROWS_OF = (
    "SELECT invariant, rule, account_id, player_id, row_ref, coalesce(expected, 'nothing'), coalesce(found, 'nothing')"
    " FROM {}({})"
)
_BEGINNING = (0, "00000000-0000-0000-0000-000000000000")

Progress = Callable[[str, int, int], None]


class BooksCheckRunning(DomainError):
    """Another proof of the books is running; its result will be stored."""

    code = "books-check-running"
    title = "The books are being checked already"
    status = 409


@dataclass(frozen=True, slots=True)
class Break:
    """
    One row that breaks an invariant.

    `row` is ``table:key``. Amounts in `expected` and `found` are ledger units.
    """

    invariant: str
    rule: str
    account_id: int | None
    player_id: int | None
    row: str
    expected: str
    found: str

    def __str__(self) -> str:
        wallet = "" if self.account_id is None else f" account {self.account_id}"
        player = "" if self.player_id is None else f" of player {self.player_id}"
        return f"{self.invariant} {self.rule}{wallet}{player} {self.row}: expected {self.expected}, found {self.found}"


def check_books(*, full: bool = True, progress: Progress | None = None) -> list[Break]:
    """
    Look for broken invariants and return them; an empty list proves the books. Changes nothing.

    :param full: the whole database; otherwise what was written since the last stored clean check
    :param progress: called before each step with its name, its number from 1 and the number of steps
    """
    return _run(_BEGINNING if full else _cursor(), full=full, progress=progress)


def record_check(*, full: bool, now: datetime, progress: Progress | None = None) -> BooksCheck:
    """
    Check the books, store the result, and remember what has been proven if they are clean.

    After a break the incremental check begins at the same place again, so it goes on reporting it. Sees one snapshot
    of the database, without holding anybody up.

    :raises BooksCheckRunning: if another proof is running
    """
    began = time.monotonic()
    digest = ""
    with transaction.atomic():
        _take_snapshot()
        since = _cursor()
        breaks = _run(_BEGINNING if full else since, full=full, progress=progress)
        if full:
            (digest,) = _row("SELECT books_heads_digest()")
        if not breaks:
            _row("SELECT books_advance(%s, %s)", since)
    return BooksCheck.objects.create(
        mode=BooksCheck.Mode.FULL if full else BooksCheck.Mode.INCREMENTAL,
        started_at=now,
        duration_ms=round((time.monotonic() - began) * 1000),
        break_count=len(breaks),
        breaks=[asdict(each) for each in breaks[:STORED_BREAKS]],
        heads_digest=digest,
    )


def _take_snapshot() -> None:
    """Fix what this transaction sees, and keep other proofs out until it ends."""
    outermost = len(connection.savepoint_ids) == 0
    with connection.cursor() as cursor:
        if outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        (mine,) = cursor.fetchone()
    if not mine:
        raise BooksCheckRunning


def _cursor() -> tuple[int, str]:
    """Where the last clean check stopped: database transaction id, and a lower bound of ledger transaction ids."""
    found = _row(
        "SELECT next_xact, core_tail_floor(next_xact, updated_at) FROM transactions_cursor"
        " WHERE name = 'books' AND next_xact <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
    )
    return (int(found[0]), str(found[1])) if found else _BEGINNING


def _run(since: tuple[int, str], *, full: bool, progress: Progress | None) -> list[Break]:
    breaks: list[Break] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{_WORK_MEM}'")
        checks = _checks(full=full)
        for number, (name, takes_window) in enumerate(checks, start=1):
            if progress is not None:
                progress(name, number, len(checks))
            statement = _ROWS_OF.format(name, "%s, %s" if takes_window else "")
            cursor.execute(statement, since if takes_window else [])
            breaks += [Break(*row) for row in cursor.fetchall()]
    return breaks


def _checks(*, full: bool) -> list[tuple[str, bool]]:
    """Name of every installed check, and whether it takes a window; those without see everything, so only in full."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regproc::text, pronargs = 2 FROM pg_proc"
            " WHERE prorettype = to_regtype('books_break') AND proretset AND pronargs IN (0, 2)"
            " AND (%s OR pronargs = 2) ORDER BY proname",
            [full],
        )
        return [(name, takes_window) for name, takes_window in cursor.fetchall()]


def _row(statement: str, arguments: Any = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchone()
