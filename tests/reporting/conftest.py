"""A vendor at which somebody plays, rich enough for months."""

import pytest

from apps.players.models import Player
from apps.providers.models import Game
from tests.factories.games import make_player
from tests.providers.seat import caleta, game, vendor

__all__ = ["caleta", "game", "player", "vendor"]


@pytest.fixture
def player(game: Game) -> Player:
    return make_player(cash="2000")
