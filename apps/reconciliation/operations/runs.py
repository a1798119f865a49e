"""Running a comparison as of a day, and putting it into the books of breaks."""

import hashlib
import json
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Q

from apps.brands.models import Brand, StaffScope
from apps.core.errors import DomainError
from apps.core.queue import enqueue_on_commit
from apps.integrations.models import Integration
from apps.reconciliation import comparing
from apps.reconciliation.models import Run, RunItem, Scope
from apps.reconciliation.models.runs import EXPECTED
from apps.reconciliation.progress import Progress

log = structlog.get_logger(__name__)

START_PERMISSION = "reconciliation.start_run"
# Any constant: with an integration's id it names the lock under which one run of it works at a time.
_ONE_AT_A_TIME = 7_102_033


class RunNotSound(DomainError):
    """There is nothing to compare like that."""

    code = "reconciliation-run-not-sound"
    title = "Such a run makes no sense"
    status = 422


@transaction.atomic
def request_run(
    *, scope: str, day: date, now: datetime, integration: Integration | None = None, actor: User | None = None
) -> Run:
    """
    Queue a run as of a day; where one waits or works already, that one.

    :raises PermissionDenied: if the actor may not start runs, or does not serve the integration's brand
    :raises RunNotSound: if the day has not begun, or scope and integration do not go together
    """
    if actor is not None and not (actor.has_perm(START_PERMISSION) and _serves(actor, integration)):
        raise PermissionDenied
    wanted = {Scope.PSP: Integration.Kind.PAYMENTS, Scope.GAMES: Integration.Kind.GAMES}.get(Scope(scope))
    if (integration.kind if integration else None) != wanted:
        raise RunNotSound("Scope and integration do not go together.")
    if day > now.date():
        raise RunNotSound("That day has not begun.")
    found, made = Run.objects.get_or_create(
        scope=scope,
        integration=integration,
        business_date=day,
        state__in=(Run.State.QUEUED, Run.State.RUNNING),
        defaults={"state": Run.State.QUEUED, "requested_by": actor, "requested_at": now},
    )
    if made:
        enqueue_on_commit("reconciliation.perform_run", run_id=found.pk)
    return found


def perform_run(*, run_id: int, now: datetime) -> Run:
    """
    Do what a run is for. Done twice, the second one finds it finished and leaves.

    Everything it writes is one transaction, so a crash leaves a run that is to be done, and nothing else.
    """
    progress, began = Progress(f"run-{run_id}"), time.monotonic()
    Run.objects.filter(pk=run_id, state=Run.State.QUEUED).update(state=Run.State.RUNNING, started_at=now)
    progress.step("collecting")
    comparing.collect()
    try:
        with transaction.atomic():
            rows = Run.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
            run = rows.select_related("integration").filter(pk=run_id, state=Run.State.RUNNING).first()
            if run is None:
                return Run.objects.get(pk=run_id)
            _only_one_of(run)
            run.figures = comparing.compare(run, base=base_of(run), progress=progress)
            progress.step("recording")
            _finish(run, now=now, duration_ms=round((time.monotonic() - began) * 1000))
    except Exception as error:
        log.exception("reconciliation_run_failed", run=run_id)
        _note_failure(run_id, error, now)
        raise
    return run


def base_of(run: Run) -> Run | None:
    """Return the run that this one goes on from: the last before its day that saw the whole of its own day."""
    earlier = Run.objects.filter(
        scope=run.scope,
        integration=run.integration,
        business_date__lt=run.business_date,
        state=Run.State.FINISHED,
    ).order_by("-business_date", "-pk")
    return next((each for each in earlier[:100] if _saw_its_day(each)), None)


def _saw_its_day(run: Run) -> bool:
    end = datetime.combine(run.business_date + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    return run.started_at is not None and run.started_at >= end


def _only_one_of(run: Run) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ONE_AT_A_TIME, run.integration_id or 0])


def _finish(run: Run, *, now: datetime, duration_ms: int) -> None:
    items = RunItem.objects.filter(run=run)
    run.expected_count = items.filter(kind=EXPECTED).count()
    run.break_count = items.count() - run.expected_count
    run.report_hash = _report_hash(run)
    is_newest = not Run.objects.filter(
        scope=run.scope,
        integration=run.integration,
        state=Run.State.FINISHED,
        business_date__gt=run.business_date,
    ).exists()
    if is_newest:
        brand = Brand.objects.filter(code=run.integration.brand_code).first() if run.integration else None
        with connection.cursor() as cursor:
            cursor.execute("SELECT reconciliation_sync_breaks(%s, %s, %s)", [run.pk, brand.pk if brand else None, now])
    run.state, run.finished_at, run.duration_ms = Run.State.FINISHED, now, duration_ms
    run.save(
        update_fields=[
            "state", "figures", "break_count", "expected_count", "report_hash", "finished_at", "duration_ms",
        ]
    )  # fmt: skip


def _report_hash(run: Run) -> str:
    """Over everything the run found, in a fixed order; when and by whom it was run does not enter."""
    digest = hashlib.sha256()
    slug = run.integration.slug if run.integration else ""
    digest.update(_line([run.scope, slug, run.business_date.isoformat(), run.figures]))
    items = RunItem.objects.filter(run=run).order_by("subject", "kind")
    names = ("kind", "subject", "currency", "expected_units", "found_units", "details")
    for item in items.values_list(*names).iterator(chunk_size=2_000):
        digest.update(_line(item))
    return digest.hexdigest()


def _line(value: Any) -> bytes:
    return (json.dumps(value, sort_keys=True, separators=(",", ":"), default=str) + "\n").encode()


def _note_failure(run_id: int, error: Exception, now: datetime) -> None:
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True).get(pk=run_id)
        if run.state in (Run.State.QUEUED, Run.State.RUNNING):
            run.state, run.finished_at = Run.State.FAILED, now
            run.error = f"{type(error).__name__}: {error}"[:500]
            run.save(update_fields=["state", "error", "finished_at"])


def rerun_since(*, day: date, now: datetime, integration_id: int | None = None) -> list[Run]:
    """
    Queue runs of every day from that one on which has been compared before: a file came late, or was discarded.

    :param integration_id: None: of every payment provider (a bank statement concerns them all)
    :return: among them those that work at this moment, and may have missed it: they have to be asked for again
    """
    rows = Run.objects.filter(Q(business_date__gte=day), state__in=(Run.State.FINISHED, Run.State.FAILED))
    rows = rows.filter(integration_id=integration_id) if integration_id is not None else rows.filter(scope=Scope.PSP)
    days = (
        rows.order_by("business_date", "integration_id")
        .values_list("scope", "integration_id", "business_date")
        .distinct()
    )
    integrations = Integration.objects.in_bulk({row[1] or 0 for row in days})
    return [
        request_run(scope=scope, integration=integrations.get(key or 0), day=of_day, now=now)
        for scope, key, of_day in days
    ]


def _serves(actor: User, integration: Integration | None) -> bool:
    if actor.is_superuser or integration is None:
        return True
    return StaffScope.objects.filter(user=actor, brand__code=integration.brand_code).exists()
