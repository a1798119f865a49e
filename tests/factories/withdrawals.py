"""Money on its way out, so that what is locked has a withdrawal to be locked for."""

from datetime import timedelta
from uuid import UUID

from apps.core import clock
from apps.core.money import Money
from apps.payments.models import PaymentMethod, Withdrawal
from apps.payments.operations.postings import post_locked
from apps.players.models import Player


def lock_for_withdrawal(player: Player, money: Money) -> UUID:
    """Move cash to what is locked, for a withdrawal that has been requested; returns the transaction."""
    now = clock.now()
    method, _ = PaymentMethod.objects.get_or_create(code="bank", defaults={"name": "Bank transfer"})
    withdrawal = Withdrawal.objects.create(
        player=player,
        brand_id=player.brand_id,
        currency=money.currency,
        amount_units=money.units,
        method=method,
        requested_at=now,
        changed_at=now,
        due_at=now + timedelta(hours=24),
    )
    return post_locked(withdrawal, now=now)
