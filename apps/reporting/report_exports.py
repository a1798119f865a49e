"""Making exports of games and providers: who may ask for which."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.core.errors import DomainError
from apps.core.queue import enqueue_on_commit
from apps.reconciliation.operations.export_writing import Table, brand_ids_of, write_export
from apps.reporting.models import ReportExport, ReportKind
from apps.reporting.report_tables import HEADERS, rows_of

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
        kind=kind, format=file_format, terms=dict(terms), as_of=now.date(), brand_ids=brand_ids_of(actor),
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


def make_export(*, export_id: int, now: datetime) -> ReportExport:
    """Write an export; see `write_export`."""
    return write_export(ReportExport, export_id=export_id, table_of=_table_of, now=now)


def requeue_lost(*, now: datetime) -> int:
    """Queue again what was lost on the way; returns how many."""
    lost = ReportExport.objects.filter(state__in=("queued", "running"), requested_at__lte=now - _LOST_AFTER)
    keys = list(lost.order_by("pk").values_list("pk", flat=True)[:100])
    for key in keys:
        enqueue_on_commit("reporting.make_export", export_id=key)
    return len(keys)


def _table_of(export: ReportExport) -> Table:
    return HEADERS[export.kind], rows_of(export)
