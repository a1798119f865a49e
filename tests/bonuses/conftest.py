"""A player in Malta with 100 euro, seated at a slot whose bets draw cash first and then the bonus."""

import pytest
from django.test import Client

from apps.integrations.connections import forget_connections
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game
from tests.contracts.family import Vendor
from tests.factories.games import frontend_of, make_game, make_player
from tests.factories.integrations import connect_game_vendor
from tests.factories.policies import put_in_force
from tests.providers.table import seated


@pytest.fixture
def caleta(transactional_db: None) -> Integration:
    integration = connect_game_vendor("caleta")
    integration.options = {"draw": ["restricted", "cash", "bonus"], "session_minutes": 60 * 24 * 60}
    integration.save(update_fields=["options"])
    forget_connections()
    put_in_force("MT", "identity_verification_gate", "at_cdd_threshold")
    return integration


@pytest.fixture
def game(caleta: Integration) -> Game:
    return make_game(title="Dragon Rising")


@pytest.fixture
def player(game: Game) -> Player:
    return make_player(cash="100")


@pytest.fixture
def frontend(player: Player) -> Client:
    return frontend_of(player)


@pytest.fixture
def vendor(player: Player, caleta: Integration, game: Game) -> Vendor:
    return seated(player, caleta, game)
