"""The clock of disputes: people are told before the time to answer runs out, and it is written down when it has."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from apps.payments.models import Dispute
from apps.payments.operations.steps import lock_deposit, record_step

log = structlog.get_logger(__name__)

WARN_BEFORE = timedelta(days=3)
_MOST = 500


def warn_of_deadlines(*, now: datetime) -> int:
    """Raise each unanswered dispute once when three days are left; returns how many."""
    due = Dispute.objects.filter(
        status=Dispute.Status.OPENED, warned_at=None, respond_by__lte=now + WARN_BEFORE
    ).order_by("respond_by")
    found = list(due.values_list("pk", "deposit_id")[:_MOST])
    return sum(_warn(dispute_id, deposit_id, now) for dispute_id, deposit_id in found)


@transaction.atomic
def _warn(dispute_id: int, deposit_id: int, now: datetime) -> bool:
    deposit = lock_deposit(deposit_id)
    dispute = Dispute.objects.select_for_update(no_key=True, of=("self",)).get(pk=dispute_id)
    if dispute.warned_at is not None or dispute.status != Dispute.Status.OPENED or dispute.respond_by is None:
        return False
    dispute.warned_at = now
    dispute.save(update_fields=["warned_at"])
    record_step(
        deposit, "dispute-runs-out", before=deposit.state, now=now, is_incident=True, dispute=dispute.reference,
        respond_by=dispute.respond_by.isoformat(),
    )  # fmt: skip
    return True


def time_left(dispute: Dispute, *, now: datetime) -> timedelta | None:
    """How long there is to answer; below zero when it is over, None where nobody set a time or waits for us."""
    if dispute.status != Dispute.Status.OPENED or dispute.respond_by is None:
        return None
    return dispute.respond_by - now
