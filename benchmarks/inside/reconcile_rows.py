"""Reconcile a settlement file of many rows as a worker does, and do the same bare: COPY of the same rows, and one join."""

import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import IO, Any

from django.db import connection

from apps.integrations.models import Integration
from apps.reconciliation.importing.layouts import ADYEN
from apps.reconciliation.models import Import, Run
from apps.reconciliation.operations.imports import read_import, receive_file
from apps.reconciliation.operations.runs import perform_run, request_run

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
_BREAK_EVERY = 1_000
_HEADER = [titles[0] for titles in ADYEN.columns.values()]

_FILL = """
    INSERT INTO reconciliation_ledgerline (transaction_id, integration_id, brand_id, movement, payment_key, reference, currency,
                                           units, fee_units, occurred_at, occurred_on)
    SELECT uuidv7(), %s, 1, 'deposit', 'PSP' || lpad(n::text, 13, '0'), 'ref-' || n, 'EUR',
           CASE WHEN n %% %s = 0 THEN 10010000 ELSE 10000000 END, 0, '2026-11-20 10:00Z', '2026-11-20'
      FROM generate_series(1, %s) AS n"""
_JOIN = """
    SELECT count(*)
      FROM (SELECT movement, payment_key, units FROM reconciliation_ledgerline WHERE integration_id = %s) l
      FULL JOIN (SELECT movement, payment_key, gross FROM bench_bare WHERE movement = 'deposit') r USING (movement, payment_key)
     WHERE l.units IS DISTINCT FROM r.gross"""


def run(*, step: str, rows: int) -> dict[str, Any]:
    """Do one step; each is a process of its own, so that memory is that of the step alone."""
    return {"prepare": _prepare, "ours": _ours, "bare": _bare}[step](rows)


def _prepare(rows: int) -> dict[str, Any]:
    psp = Integration.objects.create(
        slug="bench-psp", name="bench", vendor="adyen", kind=Integration.Kind.PAYMENTS, brand_code="bench"
    )
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [psp.pk, _BREAK_EVERY, rows])
    with tempfile.TemporaryFile() as target:
        _write_file(target, rows)
        receive_file(name="bench.csv", content=target, file_format="adyen_settlement", integration=psp, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE reconciliation_ledgerline")
    return {"rows": rows}


def _write_file(target: IO[bytes], rows: int) -> None:
    for line in _lines(rows):
        target.write(line)


def _lines(rows: int) -> Iterator[bytes]:
    yield (",".join(_HEADER) + "\r\n").encode()
    tail = b"EUR,,10.00,1,EUR,,9.80,0.15,,0.02,0.03,2026-11-20 12:00:00,CET,2026-11-20 12:00:00,CET\r\n"
    for number in range(1, rows + 1):
        yield b"1,Settled,PSP%013d,M%013d,ref-%d,%b" % (number, number, number, tail)
    yield (
        b'1,MerchantPayout,,"TX1XT batch 1, Bench",,,,,,EUR,%.2f,,,,,,2026-11-20 13:00:00,CET,2026-11-20 13:00:00,CET\r\n'
        % (rows * 9.8)
    )


def _ours(rows: int) -> dict[str, Any]:
    imported = Import.objects.get()
    before = _megabytes()
    started = time.perf_counter()
    assert read_import(import_id=imported.pk, now=NOW).state == Import.State.LOADED
    read = time.perf_counter()
    wanted = request_run(scope="psp", integration=imported.integration, day=DAY, now=NOW)
    done = perform_run(run_id=wanted.pk, now=NOW)
    finished = time.perf_counter()
    assert done.state == Run.State.FINISHED
    assert done.break_count == rows // _BREAK_EVERY, done.break_count
    return {"read": read - started, "compared": finished - read, "before": before, "megabytes": _megabytes()}


def _bare(rows: int) -> dict[str, Any]:
    """The same rows in their final form, into a table with the same columns, key and indexes; then the join."""
    with tempfile.TemporaryFile() as file, connection.cursor() as cursor:
        with cursor.copy("COPY reconciliation_settlementrow TO STDOUT (FORMAT csv)") as copy:
            for data in copy:
                file.write(data)
        file.seek(0)
        cursor.execute("DROP TABLE IF EXISTS bench_bare")
        cursor.execute(
            "CREATE TABLE bench_bare (LIKE reconciliation_settlementrow INCLUDING DEFAULTS INCLUDING INDEXES)"
        )
        started = time.perf_counter()
        with cursor.copy("COPY bench_bare FROM STDIN (FORMAT csv)") as copy:
            while data := file.read(2**18):
                copy.write(data)
        copied = time.perf_counter()
        cursor.execute("SET work_mem = '64MB'")
        cursor.execute(_JOIN, [Integration.objects.get(slug="bench-psp").pk])
        (different,) = cursor.fetchone()
        joined = time.perf_counter()
    assert different == rows // _BREAK_EVERY, different
    return {"copy": copied - started, "join": joined - copied}


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
