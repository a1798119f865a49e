"""Settlement files: staged as text by COPY, reckoned and loaded by the database in one statement."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from django.db import Error, connection, transaction

from apps.core.currencies import CURRENCIES
from apps.reconciliation.importing.copying import copy_rows
from apps.reconciliation.importing.csv_lines import MOST_ISSUES, CsvFile, FileRefused, Issue, read_csv
from apps.reconciliation.importing.layouts import (
    ADYEN,
    STAGED,
    TRUSTLY,
    Layout,
    NotThisLayout,
    Places,
    Reading,
    generic_layout,
)
from apps.reconciliation.models import Batch, Import
from apps.reconciliation.models.files import ImportFormat
from apps.reconciliation.progress import Progress

# A constant that no other lock has: with an integration's id it names the lock under which a file is loaded.
_ONE_AT_A_TIME = 7_102_034


def layout_of(imported: Import) -> Layout:
    """
    Return how the file of an import is to be read.

    :raises FileRefused: if its mapping is missing or incomplete
    """
    if imported.format == ImportFormat.ADYEN_SETTLEMENT:
        return ADYEN
    if imported.format == ImportFormat.TRUSTLY_SETTLEMENT:
        return TRUSTLY
    if imported.mapping is None:
        raise FileRefused(Issue(0, "", "needs a saved column mapping: choose one"))
    layout = generic_layout(imported.mapping)
    if missing := sorted(layout.required - layout.columns.keys()):
        raise FileRefused(Issue(0, "", f"the column mapping says nothing about {', '.join(missing)}"))
    return layout


def load_settlement(imported: Import, stream: BinaryIO, progress: Progress) -> tuple[int, datetime]:
    """
    Load a settlement file within the caller's transaction; returns its number of lines and its last time.

    :raises FileRefused: with what is wrong, by line; nothing is loaded then
    """
    layout = layout_of(imported)
    file = read_csv(stream, delimiter=layout.delimiter)
    try:
        places, reading = layout.reader(file.header)
    except NotThisLayout as error:
        raise FileRefused(Issue(1, "", str(error), ", ".join(file.header))) from error
    _make_staging(layout)
    _prepare_session(imported)
    staged = copy_rows("recon_staging", ("line", *STAGED), _staged(file, reading), after_chunk=progress.count)
    if not staged:
        raise FileRefused(Issue(0, "", "has a header and no lines"))
    progress.step("loading")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT loaded, last_at FROM reconciliation_load_settlement(%s, %s, %s)",
                [imported.pk, imported.integration_id, layout.zone],
            )
            loaded, last_at = cursor.fetchone()
    except Error as error:
        raise FileRefused(*_issues(places) or [Issue(0, "", f"cannot be loaded: {error}"[:200])]) from error
    _require_new_batches(imported)
    return int(loaded), last_at


def make_currency_table() -> None:
    """Give the database the scales of all currencies, until the transaction ends."""
    specs = CURRENCIES.values()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS recon_currency")
        cursor.execute(
            "CREATE TEMP TABLE recon_currency ON COMMIT DROP AS"
            " SELECT code, exponent, ledger_exponent, (10::numeric ^ ledger_exponent)::bigint AS scale,"
            "        (10::numeric ^ (ledger_exponent - exponent))::bigint AS quantum"
            "   FROM unnest(%s::text[], %s::int[], %s::int[]) AS c (code, exponent, ledger_exponent)",
            [
                [spec.code for spec in specs],
                [spec.exponent for spec in specs],
                [spec.ledger_exponent for spec in specs],
            ],
        )


def _prepare_session(imported: Import) -> None:
    """One file of an integration at a time, so that no batch comes in twice; big sorts in memory, nothing compiled."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ONE_AT_A_TIME, imported.integration_id])
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute("SET LOCAL jit = off")


def _make_staging(layout: Layout) -> None:
    make_currency_table()
    columns = ", ".join(f"{name} text" for name in STAGED)
    raw_types = list(layout.types)
    with connection.cursor() as cursor:
        for table in ("recon_staging", "recon_type", "recon_zone"):
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(f"CREATE TEMP TABLE recon_staging (line bigint, {columns}) ON COMMIT DROP")
        cursor.execute("CREATE TEMP TABLE recon_zone ON COMMIT DROP AS SELECT name FROM pg_timezone_names")
        cursor.execute(
            "CREATE TEMP TABLE recon_type ON COMMIT DROP AS"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::bool[]) AS t (raw_type, movement, is_fee)",
            [raw_types, [layout.types[raw][0] for raw in raw_types], [layout.types[raw][1] for raw in raw_types]],
        )


def _staged(file: CsvFile, reading: Reading) -> Iterator[tuple[str, ...]]:
    return ((str(line), *reading(cells)) for line, cells in file.lines)


def _issues(places: Places) -> list[Issue]:
    """Ask the database which cells it could not read; columns are named as the file names them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT line, col, problem, cell FROM reconciliation_staging_issues(%s)", [MOST_ISSUES])
        return [
            Issue(line, places.headers.get(column, column.replace("_", " ")), problem, cell or "")
            for line, column, problem, cell in cursor.fetchall()
        ]


def _require_new_batches(imported: Import) -> None:
    """Refuse a batch that another file has brought already: its rows would count twice."""
    names = Batch.objects.filter(import_file=imported).exclude(name="").values("name")
    known = (
        Batch.objects.filter(integration=imported.integration, name__in=names)
        .filter(import_file__state=Import.State.LOADED)
        .exclude(import_file=imported)
        .select_related("import_file__file")
        .first()
    )
    if known is not None:
        raise FileRefused(
            Issue(
                0, "", f"batch {known.name} has been loaded from “{known.import_file}” already: discard that file first"
            )
        )
