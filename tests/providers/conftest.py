"""A player of 100 euro, seated at a game of Caleta's."""

import pytest
from django.contrib.auth.models import User

from apps.players.models import Player
from tests.providers.seat import caleta, game, player, vendor
from tests.providers.table import staff

__all__ = ["caleta", "checker", "game", "maker", "player", "vendor"]


@pytest.fixture
def maker(player: Player) -> User:
    return staff("maker", "resolve_round", "propose_round_policy")


@pytest.fixture
def checker(player: Player) -> User:
    return staff("checker", "approve_round_void", "publish_round_policy")
