"""Chores of payments. Each may run twice at once, and be missed: the rows say what is to be done."""

from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from celery import shared_task
from django.db.models import Q, QuerySet

from apps.core import clock
from apps.core.queue import enqueue_on_commit
from apps.integrations.outbox import consume
from apps.payments import inbox_tasks  # noqa: F401 - Celery finds tasks by this module
from apps.payments.models import (
    Attempt,
    Deposit,
    DisputeAnswer,
    EvidencePack,
    Refund,
    ReserveHold,
    RouteDrill,
    Withdrawal,
)
from apps.payments.operations.case_holds import CONSUMER, FOLLOWED, follow
from apps.payments.operations.dispute_answers import send_answer
from apps.payments.operations.dispute_deadlines import warn_of_deadlines
from apps.payments.operations.drills import end_drill
from apps.payments.operations.evidence_packs import STUCK_AFTER as PACK_STUCK_AFTER
from apps.payments.operations.evidence_packs import build_pack
from apps.payments.operations.expiry import expire_deposit
from apps.payments.operations.refunds import send_refund as send
from apps.payments.operations.reserves import release_reserve
from apps.payments.operations.screening import screen_withdrawal as screen
from apps.payments.operations.source_refunds import CONSUMER as SOURCE_REFUNDS
from apps.payments.operations.source_refunds import FOLLOWED as REFUNDS_FOLLOWED
from apps.payments.operations.source_refunds import follow as follow_refunds
from apps.payments.operations.submission import resolve_attempt as resolve
from apps.payments.operations.submission import submit_withdrawal as submit

log = structlog.get_logger(__name__)

_LOST_AFTER = timedelta(seconds=30)
_BLOCKED_PAUSE = timedelta(minutes=5)
_BATCH = 500


@shared_task(name="payments.screen_withdrawal")
def screen_withdrawal(*, withdrawal_id: int) -> None:
    """Screen one withdrawal; what passes goes on to its provider."""
    screen(withdrawal_id=withdrawal_id, now=clock.now())


@shared_task(name="payments.submit_withdrawal")
def submit_withdrawal(*, withdrawal_id: int) -> None:
    """Send one withdrawal to its provider."""
    submit(withdrawal_id=withdrawal_id, now=clock.now())


@shared_task(name="payments.resolve_attempt")
def resolve_attempt(*, attempt_id: int) -> None:
    """Ask a provider what became of an attempt."""
    resolve(attempt_id=attempt_id, now=clock.now())


@shared_task(name="payments.send_refund")
def send_refund(*, refund_id: int) -> None:
    """Send one refund to its provider."""
    send(refund_id=refund_id, now=clock.now())


@shared_task(name="payments.send_dispute_answer")
def send_dispute_answer(*, answer_id: int) -> None:
    """Send one answer to a dispute."""
    send_answer(answer_id=answer_id, now=clock.now())


@shared_task(name="payments.build_evidence_pack")
def build_evidence_pack(*, pack_id: int) -> str:
    """Build one evidence pack; returns its hash."""
    return build_pack(pack_id=pack_id, now=clock.now()).sha256


@shared_task(name="payments.sweep_payments")
def sweep_payments() -> int:
    """Queue again what was lost on the way, and what is due; returns how many."""
    now = clock.now()
    lost = Withdrawal.objects.filter(changed_at__lte=now - _LOST_AFTER)
    to_screen = lost.filter(state__in=(Withdrawal.State.REQUESTED, Withdrawal.State.SCREENING))
    to_submit = lost.filter(
        Q(state__in=(Withdrawal.State.APPROVED, Withdrawal.State.QUEUED))
        | Q(state=Withdrawal.State.BLOCKED, changed_at__lte=now - _BLOCKED_PAUSE)
    )
    due = Attempt.objects.filter(next_query_at__lte=now, withdrawal__isnull=False)
    waiting = Q(state=EvidencePack.State.QUEUED, requested_at__lte=now - _LOST_AFTER)
    stuck = Q(state=EvidencePack.State.BUILDING, started_at__lte=now - PACK_STUCK_AFTER)
    found = 0
    work: tuple[tuple[str, str, QuerySet[Any]], ...] = (
        ("payments.screen_withdrawal", "withdrawal_id", to_screen),
        ("payments.submit_withdrawal", "withdrawal_id", to_submit),
        ("payments.resolve_attempt", "attempt_id", due),
        ("payments.send_refund", "refund_id", Refund.objects.filter(next_try_at__lte=now)),
        ("payments.send_dispute_answer", "answer_id", DisputeAnswer.objects.filter(next_try_at__lte=now)),
        ("payments.build_evidence_pack", "pack_id", EvidencePack.objects.filter(waiting | stuck)),
    )
    for task, argument, rows in work:
        for key in rows.order_by("pk").values_list("pk", flat=True)[:_BATCH]:
            enqueue_on_commit(task, **{argument: key})
            found += 1
    return found


@shared_task(name="payments.follow_identity")
def follow_identity() -> int:
    """Ask the checks anew about withdrawals that waited for what has been proven; returns how many facts were read."""
    now = clock.now()
    return consume(consumer=CONSUMER, handle=partial(follow, now=now), kinds=FOLLOWED)


@shared_task(name="payments.refund_to_source")
def refund_to_source() -> int:
    """Send money of failed due diligence back to where it came from; returns how many facts were read."""
    now = clock.now()
    return consume(consumer=SOURCE_REFUNDS, handle=partial(follow_refunds, now=now), kinds=REFUNDS_FOLLOWED)


@shared_task(name="payments.expire_deposits")
def expire_deposits() -> int:
    """Close deposits of which nothing was heard in time; returns how many were looked at."""
    now = clock.now()
    overdue = Deposit.objects.filter(
        state__in=(Deposit.State.INITIATED, Deposit.State.PENDING), expires_at__lte=now
    ).order_by("expires_at")
    keys = list(overdue.values_list("pk", flat=True)[:_BATCH])
    for key in keys:
        expire_deposit(deposit_id=key, now=now)
    return len(keys)


@shared_task(name="payments.release_reserves")
def release_reserves() -> int:
    """Release what providers have kept long enough; returns how many holds."""
    now = clock.now()
    due = ReserveHold.objects.filter(released_at=None, release_at__lte=now).order_by("release_at")
    keys = list(due.values_list("pk", flat=True)[:_BATCH])
    return sum(release_reserve(hold_id=key, now=now) for key in keys)


@shared_task(name="payments.watch_disputes")
def watch_disputes() -> int:
    """Warn of disputes whose time to answer runs out, and close those where it has; returns how many."""
    return warn_of_deadlines(now=clock.now())


@shared_task(name="payments.end_drills")
def end_drills() -> int:
    """End the drills whose time is over; returns how many."""
    now = clock.now()
    over = list(RouteDrill.objects.filter(ended_at=None, ends_at__lte=now).values_list("pk", flat=True)[:_BATCH])
    for key in over:
        end_drill(drill_id=key, now=now)
    return len(over)
