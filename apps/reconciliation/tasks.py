"""Chores of reconciliation. Each may run twice, and be missed: the rows say what is to be done."""

from datetime import date, timedelta

import structlog
from celery import Task, shared_task

from apps.core import clock
from apps.core.queue import enqueue_on_commit
from apps.reconciliation import comparing
from apps.reconciliation.models import Export, Import, Run
from apps.reconciliation.operations import exports, feeds, imports, runs, settlements

log = structlog.get_logger(__name__)

_SOFT, _HARD = 2 * 60 * 60, 2 * 60 * 60 + 60
_LOST_AFTER = timedelta(minutes=2)
_IMPORTING, _WORKING = ("received", "reading"), ("queued", "running")


@shared_task(name="reconciliation.read_import", soft_time_limit=_SOFT, time_limit=_HARD)
def read_import(*, import_id: int) -> str:
    """Read one file; returns how it went."""
    return str(imports.read_import(import_id=import_id, now=clock.now()).state)


@shared_task(name="reconciliation.perform_run", soft_time_limit=_SOFT, time_limit=_HARD)
def perform_run(*, run_id: int) -> int:
    """Compare; returns the number of breaks."""
    return runs.perform_run(run_id=run_id, now=clock.now()).break_count


@shared_task(name="reconciliation.rerun_since", bind=True, max_retries=40)
def rerun_since(self: "Task[..., int]", *, integration_id: int, day: str) -> int:
    """Compare again what a late file changes; one that works at this moment is asked again."""
    queued = runs.rerun_since(day=date.fromisoformat(day), now=clock.now(), integration_id=integration_id or None)
    if any(run.state == Run.State.RUNNING for run in queued):
        raise self.retry(countdown=15)
    return len(queued)


@shared_task(name="reconciliation.reconcile_day", bind=True, max_retries=20, soft_time_limit=_SOFT, time_limit=_HARD)
def reconcile_day(self: "Task[..., int]", *, day: str = "") -> int:
    """
    The nightly round: fetch what providers and banks have for yesterday, then compare everything as of that day.

    Returns the number of runs queued. Started again, it fetches only what it does not have; whoever was away is asked
    again, with pauses that grow to an hour.
    """
    now = clock.now()
    of_day = date.fromisoformat(day) if day else now.date() - timedelta(days=1)
    _, away = feeds.fetch_reports(day=of_day, now=now)
    queued = feeds.request_runs(day=of_day, now=now)
    if away:
        pause = min(3600, 20 * 2 ** int(self.request.retries))
        raise self.retry(countdown=pause, kwargs={"day": of_day.isoformat()})
    return len(queued)


@shared_task(name="reconciliation.post_settlements", soft_time_limit=_SOFT, time_limit=_HARD)
def post_settlements() -> int:
    """Move to the bank's account what providers have paid to the bank; returns how many postings that were."""
    comparing.collect()
    return settlements.post_settlements(now=clock.now())


@shared_task(name="reconciliation.make_export", soft_time_limit=_SOFT, time_limit=_HARD)
def make_export(*, export_id: int) -> int:
    """Write one export; returns its rows."""
    return exports.make_export(export_id=export_id, now=clock.now()).rows


@shared_task(name="reconciliation.make_scheduled_exports")
def make_scheduled_exports() -> int:
    """Queue the exports that are due; each once a day, however often this runs."""
    return len(exports.queue_scheduled(now=clock.now()))


@shared_task(name="reconciliation.sweep")
def sweep() -> int:
    """Queue again what was lost on the way; returns how many."""
    edge = clock.now() - _LOST_AFTER
    lost = [
        ("reconciliation.read_import", "import_id", Import.objects.filter(state__in=_IMPORTING, received_at__lte=edge)),
        ("reconciliation.perform_run", "run_id", Run.objects.filter(state__in=_WORKING, requested_at__lte=edge)),
        ("reconciliation.make_export", "export_id", Export.objects.filter(state__in=_WORKING, requested_at__lte=edge)),
    ]
    found = 0
    for task, argument, rows in lost:
        for key in rows.order_by("pk").values_list("pk", flat=True)[:100]:
            enqueue_on_commit(task, **{argument: key})
            found += 1
    return found
