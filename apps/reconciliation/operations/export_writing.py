"""Writing a stored export, of this app or of reporting: once, from one snapshot, with what went wrong noted on it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

import structlog
from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.brands.models import Brand, StaffScope
from apps.reconciliation.models import StoredExport
from apps.reconciliation.progress import Progress
from apps.reconciliation.tables import store_table
from apps.reconciliation.writing import Cell

log = structlog.get_logger(__name__)

_State = StoredExport.State
Made = TypeVar("Made", bound=StoredExport)
Table = tuple[Sequence[str], Iterable[Sequence[Cell]]]
"""Header and rows."""


def write_export(kind: type[Made], *, export_id: int, table_of: Callable[[Made], Table], now: datetime) -> Made:
    """
    Write an export. Done twice, the second one leaves.

    :param table_of: streams the rows; called inside the transaction whose snapshot they are of
    :raises Exception: what went wrong; it is noted on the export too
    """
    rows = kind._default_manager.filter(pk=export_id)  # noqa: SLF001 - any model's
    rows.filter(state=_State.QUEUED).update(state=_State.RUNNING, started_at=now)
    try:
        with transaction.atomic():
            running = rows.select_for_update(no_key=True, skip_locked=True, of=("self",)).filter(state=_State.RUNNING)
            export = running.first()
            if export is None:
                return rows.get()
            _write(export, table_of, now)
    except Exception as error:
        log.exception("export_failed", export=str(kind._meta.label_lower), id=export_id)
        rows.filter(state=_State.RUNNING).update(
            state=_State.FAILED, error=f"{type(error).__name__}: {error}"[:500], finished_at=now
        )
        raise
    return export


def brand_ids_of(actor: User) -> list[int]:
    """The brands that a member of staff serves: those of which an export holds rows."""
    if actor.is_superuser:
        return list(Brand.objects.order_by("pk").values_list("pk", flat=True))
    return list(StaffScope.objects.filter(user=actor).order_by("brand_id").values_list("brand_id", flat=True))


def _write(export: Made, table_of: Callable[[Made], Table], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
    header, rows = table_of(export)
    export.file, export.rows = store_table(
        name=export.file_name,
        file_format=export.format,
        header=header,
        rows=Progress(export.progress_key, name="writing").counted(rows),
        as_of=export.as_of,
        now=now,
    )
    export.state, export.finished_at = _State.READY, now
    export.save(update_fields=["rows", "file", "state", "finished_at"])
