"""Locking a grant, and writing down each step it takes: for its history, for monitoring, for operators' systems."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from apps.bonuses.models import Grant, GrantStep
from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.integrations.outbox import record_fact
from apps.transactions.posting import lock_wallet


class BonusUnknown(DomainError):
    """There is no such bonus, or it is somebody else's."""

    code = "bonus-unknown"
    title = "Unknown bonus"
    status = 404


def lock_grant(grant_id: int) -> Grant:
    """
    Take a grant's row, and before it the wallet it is about, until the transaction ends.

    Locks are taken in this order everywhere: the player's row, the offer's, the wallet, the grant.
    """
    found = Grant.objects.filter(pk=grant_id).values_list("player_id", "currency").first()
    if found is None:
        raise BonusUnknown
    lock_wallet(player_id=found[0], currency=found[1])
    rows = Grant.objects.select_for_update(no_key=True, of=("self",)).select_related("brand", "offer", "version")
    return rows.get(pk=grant_id)


def record_step(
    grant: Grant,
    word: str,
    *,
    now: datetime,
    transaction_id: UUID | None = None,
    actor: User | None = None,
    **details: Any,
) -> GrantStep:
    """Write down what has happened to a grant, and tell it as a fact, in the caller's transaction."""
    record_fact(
        kind=f"bonuses.bonus.{word}",
        brand_code=grant.brand.code,
        player_id=grant.player_id,
        subject=str(grant.public_id),
        data={
            "bonus": str(grant.offer.public_id),
            "offer": grant.offer.code,
            "currency": grant.currency,
            "amount_units": grant.amount_units,
            "converted_units": grant.converted_units,
            "taken_back_units": grant.taken_back_units,
            "end": grant.end_reason,
        },
        now=now,
    )
    return GrantStep.objects.create(
        grant=grant,
        name=word,
        transaction_id=transaction_id,
        details=details,
        actor=actor,
        request_id=current_request_id(),
        at=now,
    )
