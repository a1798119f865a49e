"""Games of the catalogue and players at their doors."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.test import Client

from apps.brands.models import Brand
from apps.core import clock
from apps.core.money import Money
from apps.players.caller import Caller
from apps.players.models import Player
from apps.players.operations.sessions import open_session
from apps.providers.models import Game, Studio
from apps.transactions.models import AccountKind
from apps.transactions.posting import Leg, post, shared_account
from apps.wallets.operations import open_wallet
from tests.factories.integrations import make_brand

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def make_game(code: str = "clt_dragonrising", **fields: Any) -> Game:
    """Make an enabled game of Caleta's; fields override."""
    studio = fields.pop("studio", None)
    if studio is None:
        studio, _ = Studio.objects.get_or_create(code="caleta-gaming", defaults={"name": "Caleta Gaming"})
    defaults: dict[str, Any] = {
        "vendor": "caleta",
        "public_code": code.replace("_", "-"),
        "title": code,
        "platforms": ["desktop", "mobile"],
        "is_enabled": True,
    }
    return Game.objects.create(code=code, studio=studio, **(defaults | fields))


def make_player(username: str = "astrid", *, brand: Brand | None = None, cash: str = "0", **fields: Any) -> Player:
    """Make a player of Malta with a wallet in euro and some cash, put there by a posting."""
    brand = brand or make_brand()
    defaults: dict[str, Any] = {
        "jurisdiction_id": "MT",
        "email": f"{username}@example.com",
        "password": "!",
        "first_name": "Astrid",
        "last_name": "Berg",
        "birth_date": date(1990, 5, 1),
        "country": "MT",
        "currency": "EUR",
        "registered_at": LONG_AGO,
    }
    player = Player.objects.create(brand=brand, username=username, **(defaults | fields))
    accounts = open_wallet(player, player.currency)
    funds = Money.parse(cash, player.currency)
    if funds:
        source = shared_account(brand_id=brand.pk, currency=player.currency, kind=AccountKind.TEST_FUNDING)
        post(
            kind="test_funding",
            brand_id=brand.pk,
            currency=player.currency,
            player_id=player.pk,
            legs=[Leg(debit=source, credit=accounts.cash, amount=funds.units)],
            now=clock.now(),
        )
    return player


def frontend_of(player: Player) -> Client:
    """Log a player in; the client sends his token with every request."""
    _, token = open_session(player=player, caller=Caller("203.0.113.7"), now=clock.now() - timedelta(seconds=1))
    return Client(headers={"Authorization": f"Bearer {token}"})
