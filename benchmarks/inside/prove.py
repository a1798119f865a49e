"""The proof at the end: the books are sound, and what the load generator saw accepted is what the ledger holds."""

from pathlib import Path

from django.db import connection
from django.db.backends.utils import CursorWrapper

from apps.transactions.books import check_books

_SHOWN = 5
_LOAD = """
CREATE TEMP TABLE bench_seen (key text PRIMARY KEY, is_accepted boolean NOT NULL)
"""
_LOST = """
SELECT s.key FROM bench_seen s
  LEFT JOIN transactions_command c ON c.key = s.key AND c.integration_id = %s AND c.outcome = 'applied'
  LEFT JOIN transactions_transaction t ON t.id = c.transaction_id AND t.external_id = s.key AND t.kind = 'bet'
 WHERE s.is_accepted AND t.id IS NULL
"""
_SURPLUS = """
SELECT t.external_id FROM transactions_transaction t LEFT JOIN bench_seen s ON s.key = t.external_id
 WHERE t.integration_id = %s AND s.key IS NULL
"""
_POSTED = """
SELECT count(*), count(DISTINCT external_id) FROM transactions_transaction WHERE integration_id = %s AND kind = 'bet'
"""
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def run(*, seen: str, http_integration: int, raw_integration: int, raw_bets: int) -> dict[str, object]:
    """
    Prove one database.

    :param seen: file with a line for each bet that was answered (`+key`) or whose fate is unknown (`?key`)
    :param raw_bets: how many bets pgbench and the filling of the history counted
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.bench_seen")
        cursor.execute(_LOAD)
        with cursor.copy("COPY bench_seen FROM STDIN") as copy:
            for line in Path(seen).read_text().split():
                copy.write_row((line[1:], line[0] == "+"))
        accepted = _one(cursor, "SELECT count(*) FROM bench_seen WHERE is_accepted")
        unknown = _one(cursor, "SELECT count(*) FROM bench_seen WHERE NOT is_accepted")
        cursor.execute(_LOST, [http_integration])
        lost = [key for (key,) in cursor.fetchall()]
        cursor.execute(_SURPLUS, [http_integration])
        surplus = [key for (key,) in cursor.fetchall()]
        cursor.execute(_POSTED, [http_integration])
        posted, distinct = cursor.fetchone()
        cursor.execute(_POSTED, [raw_integration])
        raw_posted, raw_distinct = cursor.fetchone()
        deadlocks = _one(cursor, _DEADLOCKS)
    breaks = check_books(full=True)
    return {
        "accepted": accepted,
        "unknown": unknown,
        "posted": posted,
        "lost": lost[:_SHOWN],
        "surplus": surplus[:_SHOWN],
        "doubles": posted - distinct + raw_posted - raw_distinct,
        "raw_posted": raw_posted,
        "raw_counted": raw_bets,
        "deadlocks": deadlocks,
        "breaks": [str(each) for each in breaks[:_SHOWN]],
    }


def _one(cursor: CursorWrapper, statement: str) -> int:
    cursor.execute(statement)
    value: int = cursor.fetchone()[0]
    return value
