"""A player at a vendor's table, and the staff who look after it."""

from datetime import timedelta

from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.core import clock
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.game_sessions import open_game_session
from apps.providers.models import Game
from apps.transactions.models import Account
from tests.contracts.family import Vendor

EURO = 1_000_000
GAME = {"game_code": "clt_dragonrising"}


def seated(player: Player, integration: Integration, game: Game) -> Vendor:
    """Seat a player and return the vendor who plays for him."""
    opened = open_game_session(
        player=player, integration=integration, game=game, currency="EUR", now=clock.now() - timedelta(seconds=5)
    )
    return Vendor("caleta", Client(), token=opened.token, user=str(player.public_id))


def play(vendor: Vendor, stake: int, round_ref: str = "r-1", **fields: object) -> str:
    """Bet whole euros; returns the bet's transaction id."""
    assert vendor.bet(stake * 100_000, round=round_ref, **GAME, **fields)["status"] == "RS_OK"
    return str(vendor.sent[-1]["transaction_uuid"])


def staff(name: str, *permissions: str) -> User:
    """Make a member of staff with these permissions."""
    user = User.objects.create_user(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def cash_of(player: Player) -> int:
    """Cash in euro, in ledger units."""
    return Account.objects.get(player_id=player.pk, currency="EUR", kind="cash").balance
