"""Scheduled chores of the ledger: roll-up and proof of the books."""

import structlog
from celery import shared_task
from prometheus_client import Gauge

from apps.core import clock
from apps.transactions.books import BooksCheckRunning, record_check
from apps.transactions.rollup import roll_up

log = structlog.get_logger(__name__)

BROKEN_ROWS = Gauge(
    "casino_books_breaks",
    "Rows that break an invariant of the ledger, by the last proof",
    ["mode"],
    multiprocess_mode="mostrecent",
)


@shared_task(name="transactions.roll_up_accounts")
def roll_up_accounts() -> int:
    """Bring the balances of shared accounts up to date; does nothing while another worker is at it."""
    return roll_up() or 0


@shared_task(name="transactions.check_new_books")
def check_new_books() -> int:
    """Prove what was written since the last proof; returns the number of breaks."""
    return _check(full=False)


# A full proof of a large ledger outlasts the usual limit of a task, and the time after which the broker hands a task
# out again; the second one then finds the first at it and leaves.
@shared_task(name="transactions.check_all_books", soft_time_limit=4 * 60 * 60, time_limit=4 * 60 * 60 + 60)
def check_all_books() -> int:
    """Prove the whole ledger; returns the number of breaks."""
    return _check(full=True)


def _check(*, full: bool) -> int:
    try:
        result = record_check(full=full, now=clock.now())
    except BooksCheckRunning:
        return 0
    BROKEN_ROWS.labels(mode=result.mode).set(result.break_count)
    if result.break_count:
        log.error("books_broken", mode=result.mode, breaks=result.break_count, first=result.breaks[0])
    return result.break_count
