"""How much a provider has carried today, for its daily limit."""

from datetime import UTC, datetime

from django.db.models import Sum

from apps.payments.contract import Direction
from apps.payments.models import Capability, Deposit, Withdrawal


def used_today(cell: Capability, *, now: datetime) -> int:
    """What a provider has carried of a method and currency since midnight UTC, or carries still, in ledger units."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    terms = {"integration_id": cell.integration_id, "method_id": cell.method_id, "currency": cell.currency}
    if cell.direction == Direction.DEPOSIT:
        dead = (Deposit.State.FAILED, Deposit.State.EXPIRED)
        rows = Deposit.objects.filter(**terms, created_at__gte=midnight).exclude(state__in=dead)
        return int(rows.aggregate(units=Sum("amount_units", default=0))["units"])
    alive = (*Withdrawal.IN_FLIGHT, Withdrawal.State.PAID, Withdrawal.State.RETURNED)
    sent = Withdrawal.objects.filter(**terms, state__in=alive, attempts__started_at__gte=midnight).distinct()
    return int(sent.aggregate(units=Sum("amount_units", default=0))["units"])
