"""Brands and integrations that the contract suites run against."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.contracts.family import Vendor
from tests.factories.integrations import connect_game_vendor


@pytest.fixture(params=["hub88", "caleta"])
def vendor(request: pytest.FixtureRequest, db: None, client: Client) -> Vendor:
    """Either member of the family, with a seated player who has 1000.00 cash and 10.00 promo."""
    return _seated(request.param, client)


@pytest.fixture
def vendor_named(db: None, client: Client) -> Callable[[str], Vendor]:
    """Make a seated vendor by name."""
    return lambda name: _seated(name, client)


def _seated(name: str, client: Client) -> Vendor:
    connect_game_vendor(name)
    made = Vendor(name, client)
    made.sit()
    return made
