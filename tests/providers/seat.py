"""Fixtures for a conftest to import: a player of 100 euro, seated at a game of Caleta's."""

import pytest

from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game
from tests.contracts.family import Vendor
from tests.factories.games import make_game, make_player
from tests.factories.integrations import connect_game_vendor
from tests.providers.table import seated


@pytest.fixture
def caleta(db: None) -> Integration:
    return connect_game_vendor("caleta")


@pytest.fixture
def game(caleta: Integration) -> Game:
    return make_game(title="Dragon Rising")


@pytest.fixture
def player(game: Game) -> Player:
    return make_player(cash="100")


@pytest.fixture
def vendor(player: Player, caleta: Integration, game: Game) -> Vendor:
    return seated(player, caleta, game)
