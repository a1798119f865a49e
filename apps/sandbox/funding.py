"""Test money: sets a player's balances by posting the difference. Sandbox only; no balance is ever written to."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.core.money import Money
from apps.players.models import Player
from apps.transactions.models import Account, AccountKind, TransactionKind
from apps.transactions.posting import Leg, lock_wallet, post, shared_account
from apps.wallets.operations import open_wallet


@transaction.atomic
def set_balances(*, player: Player, currency: str, targets: Mapping[AccountKind, Money], now: datetime) -> UUID | None:
    """
    Bring buckets of a wallet to the given balances; buckets not named stay. None when they are there already.

    :raises ValueError: if a target is negative
    """
    if any(target.units < 0 for target in targets.values()):
        raise ValueError("a balance can not be negative")
    open_wallet(player, currency)
    # Held until the commit, so that no bet comes between reading a balance and posting the difference to it.
    lock_wallet(player_id=player.pk, currency=currency)
    funding = shared_account(brand_id=player.brand_id, currency=currency, kind=AccountKind.TEST_FUNDING)
    accounts = Account.objects.filter(player_id=player.pk, currency=currency, kind__in=targets)
    legs = [
        _leg(account.pk, funding, difference)
        for account in accounts
        if (difference := targets[AccountKind(account.kind)].units - account.balance)
    ]
    if not legs:
        return None
    return post(
        kind=TransactionKind.TEST_FUNDING,
        brand_id=player.brand_id,
        currency=currency,
        player_id=player.pk,
        legs=legs,
        details={"by": "sandbox"},
        now=now,
    )


def _leg(account: int, funding: int, difference: int) -> Leg:
    if difference > 0:
        return Leg(debit=funding, credit=account, amount=difference)
    return Leg(debit=account, credit=funding, amount=-difference)
