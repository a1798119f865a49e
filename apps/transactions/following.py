"""Following the ledger from Python: going in spans, beginning anew, and being behind. The reading itself is SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from psycopg import sql

# Database transactions' worth of ledger in one statement: some seconds of work after a long pause, never minutes.
_SPAN = 200_000


def follow(function: str) -> int:
    """
    Let a reader of the ledger catch up, a span a database transaction; returns how many postings it read.

    Safe to run twice at once: the second finds nothing to do.

    :param function: an SQL function that takes how much to read at most and returns `postings` and `is_done`; see
        `sql/following.sql`
    """
    statement = sql.SQL("SELECT postings, is_done FROM {}(%s)").format(sql.Identifier(function))
    total, is_done = 0, False
    while not is_done:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(statement, [_SPAN])
            followed, is_done = cursor.fetchone()
        total += followed
    return total


@contextmanager
def begun_anew(reader: str) -> Iterator[None]:
    """Put a reader's cursor before the first posting, in one transaction with what the caller forgets meanwhile."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT FROM transactions_cursor WHERE name = %s FOR UPDATE", [reader])
        yield
        cursor.execute(
            "UPDATE transactions_cursor SET next_xact = 0, updated_at = '2000-01-01' WHERE name = %s", [reader]
        )


@dataclass(frozen=True, slots=True)
class Behind:
    """How far a reader of the ledger is behind it."""

    seconds: float
    """Age of the oldest transaction that it has not read."""
    waiting: int
    """How many it has not read, counted up to 100 000."""


_BEHIND = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(uuid_extract_timestamp(t.id))), 0), count(*)
  FROM (SELECT t.id FROM transactions_transaction t LEFT JOIN transactions_cursor c ON c.name = %s
         WHERE t.xact >= coalesce(c.next_xact, 0)
           AND t.id >= core_tail_floor(coalesce(c.next_xact, 0), coalesce(c.updated_at, now()))
         LIMIT 100000) t
"""


def behind(reader: str) -> Behind:
    """Return how far a reader is behind the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, [reader])
        seconds, waiting = cursor.fetchone()
    return Behind(float(seconds), int(waiting))
