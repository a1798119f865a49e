"""Opening wallets. Money moves in `transactions` only."""

from datetime import datetime

from django.db import transaction

from apps.players.models import Player
from apps.players.operations import Registration, register_player
from apps.transactions.posting import PlayerAccounts, open_player_accounts


def open_wallet(player: Player, currency: str) -> PlayerAccounts:
    """
    Open a player's wallet in a currency, if it is not open yet, and return the ids of its accounts.

    Whether the brand offers the currency is for the caller to know.
    """
    return open_player_accounts(player_id=player.pk, brand_id=player.brand_id, currency=currency)


@transaction.atomic
def register_with_wallet(*, registration: Registration, now: datetime, is_test: bool = False) -> Player:
    """
    Register a player and open the first wallet: both or neither.

    :raises DomainError: as :func:`apps.players.operations.register_player` does
    """
    player = register_player(registration=registration, now=now, is_test=is_test)
    open_wallet(player, player.currency)
    return player
