"""Chores of bonuses. Each may run twice at once, and be missed: the rows say what is to be done."""

from celery import shared_task

from apps.bonuses import following
from apps.core import clock


@shared_task(name="bonuses.follow_ledger")
def follow_ledger() -> int:
    """Bring wagering up to the ledger and do what follows from it; returns how many grants or deposits moved on."""
    following.follow_ledger()
    return following.act(now=clock.now())
