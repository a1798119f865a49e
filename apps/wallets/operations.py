"""Opening wallets. Money moves in `transactions` only."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from apps.players.models import Player
from apps.players.operations import Registration, register_player


@dataclass(frozen=True, slots=True)
class WalletAccounts:
    """The ledger accounts of a wallet, by bucket. They never change for a player and currency."""

    cash: int
    bonus: int
    locked: int
    restricted: int


def open_wallet(player: Player, currency: str) -> WalletAccounts:
    """
    Open a player's wallet in a currency, if it is not open yet, and return its accounts.

    Whether the brand offers the currency is for the caller to know.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, account_id FROM ledger_open_wallet(%s, %s, %s)", [player.pk, player.brand_id, currency]
        )
        accounts = dict(cursor.fetchall())
    return WalletAccounts(**accounts)


@transaction.atomic
def register_with_wallet(*, registration: Registration, now: datetime, is_test: bool = False) -> Player:
    """
    Register a player and open the first wallet: both or neither.

    :raises DomainError: as :func:`apps.players.operations.register_player` does
    """
    player = register_player(registration=registration, now=now, is_test=is_test)
    open_wallet(player, player.currency)
    return player
