"""Streaming rows into PostgreSQL by COPY, some thousands at a time."""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from django.db import connection
from psycopg import sql

_ROWS_A_COPY = 10_000


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """
    Write rows into a table and return how many; an empty cell is NULL.

    The rows are asked for one by one, so a generator keeps memory flat.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count, source = 0, iter(rows)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    with connection.cursor() as cursor:
        # Rows first, then COPY: to make them, the source may have to ask this connection for a file's next chunk.
        while chunk := list(islice(source, _ROWS_A_COPY)):
            writer.writerows(chunk)
            with cursor.copy(statement) as copy:
                copy.write(buffer.getvalue())
            buffer.seek(0)
            buffer.truncate()
            count += len(chunk)
    return count
