"""Scheduled chores of compliance."""

from celery import shared_task

from apps.compliance import (
    case_tasks,  # noqa: F401 - Celery finds tasks by this module
    exports,
    player_controls,
)
from apps.compliance.approvals import end_stale_requests as end_stale
from apps.compliance.retention import erase_expired as erase
from apps.core import clock


@shared_task(name="compliance.end_stale_requests")
def end_stale_requests() -> int:
    """End requests whose time is over or whose maker may no longer ask; safe to run twice at once."""
    return end_stale(now=clock.now())


@shared_task(name="compliance.erase_expired")
def erase_expired() -> int:
    """Erase personal data that the law has let go of; safe to run twice at once."""
    return erase(now=clock.now())


@shared_task(name="compliance.mark_dormant")
def mark_dormant() -> int:
    """Mark accounts that nobody has used for as long as their law says; safe to run twice at once."""
    return player_controls.mark_dormant(now=clock.now())


@shared_task(name="compliance.build_export")
def build_export(*, export_id: int) -> bool:
    """Collect everything about one player; what another worker has begun is left to it."""
    return exports.build_export(export_id=export_id, now=clock.now())


@shared_task(name="compliance.sweep_exports")
def sweep_exports() -> list[int]:
    """Queue exports that no worker took, and delete files past their time."""
    return list(exports.sweep_exports(now=clock.now()))
