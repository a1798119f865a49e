"""Test money: sets a player's balances by posting the difference. Sandbox only; no balance is ever written to."""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from apps.core.money import Money
from apps.core.request_context import current_request_id
from apps.players.models import Player
from apps.transactions.models import Account, AccountKind, TransactionKind


@transaction.atomic
def set_balances(*, player: Player, currency: str, targets: Mapping[AccountKind, Money], now: datetime) -> UUID | None:
    """
    Bring buckets of a wallet to the given balances; buckets not named stay. None when they are there already.

    :raises ValueError: if a target is negative
    """
    if any(target.units < 0 for target in targets.values()):
        raise ValueError("a balance can not be negative")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM ledger_open_wallet(%s, %s, %s)", [player.pk, player.brand_id, currency])
        cursor.execute("SELECT ledger_lock_wallet(%s, %s)", [player.pk, currency])
        cursor.execute("SELECT ledger_shared_account(%s, %s, 'test_funding', NULL)", [player.brand_id, currency])
        funding: int = cursor.fetchone()[0]
        accounts = Account.objects.filter(player_id=player.pk, currency=currency, kind__in=targets)
        legs = [
            _leg(account.pk, funding, difference)
            for account in accounts
            if (difference := targets[AccountKind(account.kind)].units - account.balance)
        ]
        if not legs:
            return None
        cursor.execute(
            "SELECT ledger_post(%s, %s, %s, %s, NULL, '', NULL, NULL, %s, %s::jsonb, %s, %s::text[]::ledger_leg[])",
            [
                TransactionKind.TEST_FUNDING.value,
                player.brand_id,
                currency,
                player.pk,
                current_request_id(),
                json.dumps({"by": "sandbox"}),
                now,
                legs,
            ],
        )
        posted: UUID = cursor.fetchone()[0]
        return posted


def _leg(account: int, funding: int, difference: int) -> str:
    """One movement as PostgreSQL reads the type `ledger_leg`: into the wallet, or out of it."""
    if difference > 0:
        return f"({funding},f,{account},t,{difference})"
    return f"({account},t,{funding},f,{-difference})"
