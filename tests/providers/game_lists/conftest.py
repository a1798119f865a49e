"""A vendor of the Hub88 family whose list a test writes, and who decides on what it says."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from apps.integrations.models import Integration
from tests.providers.game_lists.listing import connected
from tests.providers.game_lists.vendor import ListVendor, list_vendor
from tests.providers.table import staff


@pytest.fixture
def served() -> Iterator[tuple[str, ListVendor]]:
    with list_vendor() as found:
        yield found


@pytest.fixture
def vendor(served: tuple[str, ListVendor]) -> ListVendor:
    return served[1]


@pytest.fixture
def caleta(db: None, served: tuple[str, ListVendor]) -> Integration:
    return connected("caleta", served[0])


@pytest.fixture
def manager(db: None) -> User:
    return staff("manager", "synchronise_catalogue", "switch_game")
