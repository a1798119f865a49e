"""Streaming rows into PostgreSQL by one COPY, which the server reads while the next rows are made."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from django.db import connection
from psycopg import sql

_ROWS_A_CHUNK = 5_000
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copy_rows(
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    after_chunk: Callable[[int], None] = lambda _: None,
) -> int:
    """
    Write rows of texts into a table and return how many; an empty text is NULL.

    The rows are asked for one by one, so a generator keeps memory flat. It must not use Django's connection, which is
    busy until the last row is written.

    :param after_chunk: told how many rows more have gone, every few thousand
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT text, NULL '')").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count, source = 0, iter(rows)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        while chunk := list(islice(source, _ROWS_A_CHUNK)):
            copy.write(_as_text(chunk, len(columns)))
            count += len(chunk)
            after_chunk(len(chunk))
    return count


def _as_text(rows: Sequence[Sequence[str]], width: int) -> str:
    """COPY's text format. Cells hardly ever need escapes, and whether one does shows in the whole more cheaply."""
    text = "\n".join(["\t".join(row) for row in rows]) + "\n"
    is_plain = (
        text.count("\n") == len(rows)
        and text.count("\t") == len(rows) * (width - 1)
        and "\\" not in text
        and "\r" not in text
    )
    if is_plain:
        return text
    return "".join(["\t".join([cell.translate(_ESCAPES) for cell in row]) + "\n" for row in rows])
