"""Chores of bonuses. Each may run twice at once, and be missed: the rows say what is to be done."""

import structlog
from celery import shared_task
from prometheus_client import Gauge

from apps.bonuses import following
from apps.bonuses.operations.failed_steps import open_steps
from apps.core import clock

log = structlog.get_logger(__name__)

ALARM_SECONDS = 60.0
"""From this lag on somebody should look: players see what they wagered a minute ago or later."""
LAG = Gauge(
    "casino_bonuses_lag_seconds",
    "Age of the oldest posting that wagering has not read",
    multiprocess_mode="mostrecent",
)
FAILED = Gauge(
    "casino_bonuses_failed_steps",
    "Steps of bonuses that failed again and again and are not settled",
    multiprocess_mode="mostrecent",
)


@shared_task(name="bonuses.follow_ledger")
def follow_ledger() -> int:
    """Bring wagering up to the ledger and do what follows from it; returns how many grants or deposits moved on."""
    following.follow_ledger()
    return following.act(now=clock.now())


@shared_task(name="bonuses.watch")
def watch() -> float:
    """Publish how far wagering is behind and what fails, and say so loudly; returns the lag in seconds."""
    lag, failed = following.lag(), open_steps().count()
    LAG.set(lag.seconds)
    FAILED.set(failed)
    if lag.seconds >= ALARM_SECONDS:
        log.error("bonuses_behind", seconds=round(lag.seconds), waiting=lag.waiting)
    if failed:
        log.warning("bonuses_failed_steps", open=failed)
    return lag.seconds
