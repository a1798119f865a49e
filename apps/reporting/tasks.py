"""Chores of game operations. Each may run twice, and be missed: the rows say what is to be done."""

from celery import shared_task

from apps.core import clock
from apps.reporting import following
from apps.reporting.rtp_monitor import watch_rtp as look


@shared_task(name="reporting.follow_ledger")
def follow_ledger() -> int:
    """Bring the projections up to the ledger; returns how many postings that took."""
    return following.follow_ledger()


@shared_task(name="reporting.watch_rtp")
def watch_rtp() -> int:
    """Judge the games that were played lately; returns how many alerts were opened."""
    return len(look(now=clock.now()))
