"""Caleta's game, a player in Malta seated at it, and the policies that the platform ships."""

import pytest

from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game
from tests.contracts.family import Vendor
from tests.factories.games import make_game
from tests.factories.integrations import connect_game_vendor
from tests.providers.table import seated
from tests.safer_play.scene import Frontend, frontend_of, load_policies, player_in


@pytest.fixture
def policies(db: None) -> None:
    load_policies()


@pytest.fixture
def caleta(db: None) -> Integration:
    integration = connect_game_vendor("caleta")
    # Days pass in these tests: a session outlives them.
    integration.options = {"session_minutes": 60 * 24 * 60}
    integration.save(update_fields=["options"])
    return integration


@pytest.fixture
def game(caleta: Integration) -> Game:
    return make_game(title="Dragon Rising")


@pytest.fixture
def player(game: Game, policies: None) -> Player:
    return player_in("MT")


@pytest.fixture
def vendor(player: Player, caleta: Integration, game: Game) -> Vendor:
    return seated(player, caleta, game)


@pytest.fixture
def frontend(player: Player) -> Frontend:
    return frontend_of(player)
