"""Scheduled chores of wallets."""

from celery import shared_task

from apps.core import clock
from apps.wallets.adjustments import expire_adjustments as expire


@shared_task(name="wallets.expire_adjustments")
def expire_adjustments() -> int:
    """Close adjustments that nobody decided in time; safe to run twice at once."""
    return expire(now=clock.now())
