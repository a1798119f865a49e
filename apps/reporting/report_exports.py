"""Making exports of games and providers: written by the worker row by row, kept in the database with their hash."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from apps.brands.models import Brand, StaffScope
from apps.core.errors import DomainError
from apps.core.queue import enqueue_on_commit
from apps.reconciliation.progress import Progress
from apps.reconciliation.tables import store_table
from apps.reporting.models import ReportExport, ReportKind
from apps.reporting.report_tables import HEADERS, rows_of

log = structlog.get_logger(__name__)

REQUEST_PERMISSION = "reporting.request_reportexport"
_LOST_AFTER = timedelta(minutes=2)
_MOST_DAYS = 1100


class ReportNotSound(DomainError):
    """Kind, format or time make no sense."""

    code = "report-not-sound"
    title = "Such a report cannot be made"
    status = 422


@transaction.atomic
def request_report(
    *, kind: str, file_format: str, terms: Mapping[str, Any], actor: User, now: datetime
) -> ReportExport:
    """
    Queue an export of the brands that the actor serves.

    :param terms: what `report_tables` needs: period and filters, a game, an invoice
    :raises PermissionDenied: if the actor may not export
    :raises ReportNotSound: if kind, format or time are not sound
    """
    if not actor.has_perm(REQUEST_PERMISSION):
        raise PermissionDenied
    if kind not in ReportKind.values or file_format not in ReportExport.Format.values:
        raise ReportNotSound("Unknown kind or format.")
    made = ReportExport.objects.create(
        kind=kind, format=file_format, terms=dict(terms), as_of=now.date(), brand_ids=_brands_of(actor),
        requested_by=actor, requested_at=now,
    )  # fmt: skip
    enqueue_on_commit("reporting.make_export", export_id=made.pk)
    return made


def require_days(since: date, until: date) -> None:
    """
    See that a time is one.

    :raises ReportNotSound: if it ends before it begins, or is longer than three years
    """
    if until < since or (until - since).days > _MOST_DAYS:
        raise ReportNotSound("The first day comes first, and three years at most lie between.")


def write_export(*, export_id: int, now: datetime) -> ReportExport:
    """
    Write an export, from one snapshot of the database. Done twice, the second one leaves.

    :raises Exception: what went wrong; it is noted on the export too
    """
    state = ReportExport.State
    ReportExport.objects.filter(pk=export_id, state=state.QUEUED).update(state=state.RUNNING)
    try:
        with transaction.atomic():
            rows = ReportExport.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
            export = rows.filter(pk=export_id, state=state.RUNNING).first()
            if export is None:
                return ReportExport.objects.get(pk=export_id)
            _write(export, now)
    except Exception as error:
        log.exception("report_failed", export=export_id)
        ReportExport.objects.filter(pk=export_id, state=state.RUNNING).update(
            state=state.FAILED, error=f"{type(error).__name__}: {error}"[:500], finished_at=now
        )
        raise
    return export


def requeue_lost(*, now: datetime) -> int:
    """Queue again what was lost on the way; returns how many."""
    lost = ReportExport.objects.filter(state__in=("queued", "running"), requested_at__lte=now - _LOST_AFTER)
    keys = list(lost.order_by("pk").values_list("pk", flat=True)[:100])
    for key in keys:
        enqueue_on_commit("reporting.make_export", export_id=key)
    return len(keys)


def progress_key(export: ReportExport) -> str:
    """Under which name it tells how far it has come."""
    return f"report-{export.pk}"


def _write(export: ReportExport, now: datetime) -> None:
    progress = Progress(progress_key(export), name="writing")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
    export.file, export.rows = store_table(
        name=f"{export.kind}-{export.as_of}.{export.format}",
        file_format=export.format,
        header=HEADERS[export.kind],
        rows=progress.counted(rows_of(export)),
        as_of=export.as_of,
        now=now,
    )
    export.state, export.finished_at = ReportExport.State.READY, now
    export.save(update_fields=["rows", "file", "state", "finished_at"])


def _brands_of(actor: User) -> list[int]:
    if actor.is_superuser:
        return list(Brand.objects.order_by("pk").values_list("pk", flat=True))
    return list(StaffScope.objects.filter(user=actor).order_by("brand_id").values_list("brand_id", flat=True))
