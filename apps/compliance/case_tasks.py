"""Chores of cases. Each may run twice at once, and be missed: the rows say what is to be done."""

import structlog
from celery import shared_task

from apps.compliance.cases.claims import expire_claims
from apps.compliance.cases.sweeps import warn
from apps.compliance.cases.waiting import return_from_player
from apps.compliance.linked_people import refresh_recent
from apps.compliance.money_picture import follow_money as follow
from apps.compliance.queues import unwatched_queues
from apps.core import clock

log = structlog.get_logger(__name__)


@shared_task(name="compliance.sweep_cases")
def sweep_cases() -> int:
    """Warn of SLAs, put back stale claims and cases whose player did not answer; returns how many were touched."""
    now = clock.now()
    done = warn(now=now) + expire_claims(now=now) + return_from_player(now=now)
    for queue in unwatched_queues():
        log.error("case_queue_without_people", queue=queue)
    return done


@shared_task(name="compliance.follow_money")
def follow_money() -> int | None:
    """Bring the sums of players' money up to the ledger."""
    return follow()


@shared_task(name="compliance.collect_traces")
def collect_traces() -> int:
    """Note which devices, addresses and instruments players used lately."""
    return refresh_recent(now=clock.now())
