"""A table of rows as a stored file, CSV or XLSX: written to disk row by row, kept in the database with its hash."""

import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from apps.reconciliation.files import store_file
from apps.reconciliation.models import StoredFile
from apps.reconciliation.writing import Cell, write_csv, write_xlsx

_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def store_table(
    *,
    name: str,
    file_format: str,
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    as_of: date,
    now: datetime,
) -> tuple[StoredFile, int]:
    """
    Write rows and store the file; the same rows give the same file.

    :param file_format: ``csv`` or ``xlsx``
    :return: the file, and how many rows it holds
    """
    with tempfile.TemporaryFile() as target:
        if file_format == "xlsx":
            count = write_xlsx(target, header, rows, as_of=as_of)
        else:
            count = write_csv(target, header, rows)
        stored, _ = store_file(name=name, media_type=_MEDIA_TYPES[file_format], content=target, now=now)
    return stored, count
