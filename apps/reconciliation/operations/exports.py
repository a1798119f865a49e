"""Making exports: on demand and by schedule, and who may ask for them."""

from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.core.errors import DomainError
from apps.core.queue import enqueue_on_commit
from apps.reconciliation.export_queries import TABLES, rows_of
from apps.reconciliation.models import Export, ExportSchedule
from apps.reconciliation.models.exports import ExportFormat, ExportKind
from apps.reconciliation.operations.export_writing import Table, brand_ids_of, write_export

REQUEST_PERMISSION = "reconciliation.request_export"


class ExportNotSound(DomainError):
    """Kind, format or day make no sense."""

    code = "reconciliation-export-not-sound"
    title = "Such an export cannot be made"
    status = 422


@transaction.atomic
def request_export(*, kind: str, file_format: str, as_of: date, actor: User, now: datetime) -> Export:
    """
    Queue an export of the brands that the actor serves.

    :raises PermissionDenied: if the actor may not export
    :raises ExportNotSound: if the day has not begun, or kind or format are unknown
    """
    _require(actor)
    if kind not in ExportKind.values or file_format not in ExportFormat.values:
        raise ExportNotSound("Unknown kind or format.")
    if as_of > now.date():
        raise ExportNotSound("That day has not begun.")
    made = Export.objects.create(
        kind=kind, format=file_format, as_of=as_of, brand_ids=brand_ids_of(actor), requested_by=actor, requested_at=now
    )
    enqueue_on_commit("reconciliation.make_export", export_id=made.pk)
    return made


@transaction.atomic
def schedule_export(*, kind: str, file_format: str, cadence: str, actor: User, now: datetime) -> ExportSchedule:
    """
    Have an export made again and again, for the brands that the actor serves now.

    :raises PermissionDenied: if the actor may not export
    :raises ExportNotSound: if kind, format or cadence are unknown
    """
    _require(actor)
    known = kind in ExportKind.values and file_format in ExportFormat.values
    if not known or cadence not in ExportSchedule.Cadence.values:
        raise ExportNotSound("Unknown kind, format or cadence.")
    return ExportSchedule.objects.create(
        kind=kind, format=file_format, cadence=cadence, brand_ids=brand_ids_of(actor), made_by=actor, made_at=now
    )


@transaction.atomic
def switch_schedule(*, schedule_id: int, is_enabled: bool, actor: User) -> ExportSchedule:
    """Stop a schedule, or let it go on."""
    _require(actor)
    schedule = ExportSchedule.objects.select_for_update(no_key=True).get(pk=schedule_id)
    schedule.is_enabled = is_enabled
    schedule.save(update_fields=["is_enabled"])
    return schedule


@transaction.atomic
def queue_scheduled(*, now: datetime) -> list[Export]:
    """Queue what is due as of yesterday; what has been queued already is passed over."""
    as_of = now.date() - timedelta(days=1)
    queued = []
    for schedule in ExportSchedule.objects.filter(is_enabled=True).order_by("pk"):
        if not _is_due(schedule, now.date()):
            continue
        made, is_new = Export.objects.get_or_create(
            schedule=schedule,
            as_of=as_of,
            defaults={
                "kind": schedule.kind,
                "format": schedule.format,
                "brand_ids": schedule.brand_ids,
                "requested_by": schedule.made_by,
                "requested_at": now,
            },
        )
        if is_new:
            enqueue_on_commit("reconciliation.make_export", export_id=made.pk)
            queued.append(made)
    return queued


def _is_due(schedule: ExportSchedule, today: date) -> bool:
    if schedule.cadence == ExportSchedule.Cadence.WEEKLY:
        return today.weekday() == 0
    return schedule.cadence == ExportSchedule.Cadence.DAILY or today.day == 1


def make_export(*, export_id: int, now: datetime) -> Export:
    """Write an export; see `write_export`."""
    return write_export(Export, export_id=export_id, table_of=_table_of, now=now)


def _table_of(export: Export) -> Table:
    rows = rows_of(export.kind, as_of=export.as_of, brand_ids=export.brand_ids)
    return TABLES[export.kind].header, rows


def _require(actor: User) -> None:
    if not actor.has_perm(REQUEST_PERMISSION):
        raise PermissionDenied
