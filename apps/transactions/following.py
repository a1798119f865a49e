"""Following the ledger from Python: readers that go in spans, and beginning anew. The reading itself is SQL."""

from collections.abc import Iterator
from contextlib import contextmanager

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
