"""Scheduled work of the staff site."""

from celery import shared_task

from apps.backoffice.read_log import check_read_log as check
from apps.core.clock import now


@shared_task(name="backoffice.check_read_log")
def check_read_log() -> int:
    """Check the chains of looks and downloads; a break shows on the home page. Returns how many."""
    return len(check(now=now()))
