"""Chores of payments. Each may run twice at once, and be missed: the rows say what is to be done."""

from datetime import timedelta

import structlog
from celery import shared_task
from django.db.models import Q

from apps.core import clock
from apps.payments import inbox_tasks  # noqa: F401 - Celery finds tasks by this module
from apps.payments.models import Attempt, Deposit, Withdrawal
from apps.payments.operations.expiry import expire_deposit
from apps.payments.operations.screening import screen_withdrawal as screen
from apps.payments.operations.submission import resolve_attempt as resolve
from apps.payments.operations.submission import submit_withdrawal as submit
from apps.payments.queue import enqueue_on_commit

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
    found = 0
    for task, argument, rows in (
        ("payments.screen_withdrawal", "withdrawal_id", to_screen),
        ("payments.submit_withdrawal", "withdrawal_id", to_submit),
        ("payments.resolve_attempt", "attempt_id", due),
    ):
        for key in rows.order_by("pk").values_list("pk", flat=True)[:_BATCH]:
            enqueue_on_commit(task, **{argument: key})
            found += 1
    return found


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
