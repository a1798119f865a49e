"""Scheduled chores of compliance."""

from celery import shared_task

from apps.compliance import case_tasks  # noqa: F401 - Celery finds tasks by this module
from apps.compliance.approvals import end_stale_requests as end_stale
from apps.core import clock


@shared_task(name="compliance.end_stale_requests")
def end_stale_requests() -> int:
    """End requests whose time is over or whose maker may no longer ask; safe to run twice at once."""
    return end_stale(now=clock.now())
