"""A vendor at which somebody plays."""

import pytest

from apps.integrations.models import Integration
from tests.contracts.family import Vendor
from tests.factories.games import make_game, make_player
from tests.factories.integrations import connect_game_vendor
from tests.providers.table import seated


@pytest.fixture
def caleta() -> Integration:
    return connect_game_vendor("caleta")


@pytest.fixture
def vendor(caleta: Integration) -> Vendor:
    return seated(make_player(cash="2000"), caleta, make_game())
