"""Rolling reserves: a part of each deposit is held back by its provider, and comes free on its day."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Sum

from apps.payments.contracts import share
from apps.payments.models import Deposit, ReserveHold, ReserveTerm
from apps.payments.operations import postings


def hold_reserve(deposit: Deposit, *, now: datetime) -> ReserveHold | None:
    """
    Hold back what the contract of a deposit says, when it settles; once for each deposit, in the caller's transaction.

    Where a cap is agreed, no more is held than it leaves.
    """
    if deposit.contract_id is None:
        return None
    term = ReserveTerm.objects.filter(contract_id=deposit.contract_id, currency=deposit.currency).first()
    if term is None or ReserveHold.objects.filter(deposit=deposit).exists():
        return None
    units = share(deposit.settled_units, term.percent)
    if term.cap_units is not None:
        units = min(units, _room(deposit, term.cap_units))
    if units <= 0:
        return None
    made = postings.post_reserve_held(deposit, units=units, now=now)
    return ReserveHold.objects.create(
        deposit=deposit,
        brand_id=deposit.brand_id,
        integration_id=deposit.integration_id,
        contract_id=deposit.contract_id,
        currency=deposit.currency,
        units=units,
        held_at=now,
        release_at=now + timedelta(days=term.days),
        held_by=made,
    )


@transaction.atomic
def release_reserve(*, hold_id: int, now: datetime) -> bool:
    """Give a hold back that is due; False if it is not, is released already, or somebody else is at it."""
    hold = (
        ReserveHold.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("deposit")
        .filter(pk=hold_id, released_at=None, release_at__lte=now)
        .first()
    )
    if hold is None:
        return False
    hold.released_by = postings.post_reserve_released(hold, now=now)
    hold.released_at = now
    hold.save(update_fields=["released_at", "released_by"])
    return True


def _room(deposit: Deposit, cap_units: int) -> int:
    """What may still be held under a cap; deposits that settle at the same time take turns."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"reserve|{deposit.integration_id}|{deposit.brand_id}|{deposit.currency}"],
        )
    held = ReserveHold.objects.filter(
        integration_id=deposit.integration_id,
        brand_id=deposit.brand_id,
        currency=deposit.currency,
        released_at=None,
    ).aggregate(units=Sum("units", default=0))
    return max(cap_units - int(held["units"]), 0)
