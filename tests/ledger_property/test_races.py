"""The wallet function stays right when everybody comes at once; its broken twins do not, and the races show it."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from tests.harness.databases import Databases, point_at
from tests.ledger_property import twins
from tests.ledger_property.races import RACES


@pytest.fixture
def own_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database that is thrown away: twins break the books on purpose, for good."""
    before: str = settings.DATABASES["default"]["NAME"]
    databases, name = Databases(settings.DATABASE_URL), f"{before}_race"
    with django_db_blocker.unblock():
        databases.clone(name)
        point_at(name)
        try:
            yield
        finally:
            connections.close_all()
            point_at(before)
    databases.drop(name)


@pytest.mark.parametrize("speed", ["fast", "slow"])
@pytest.mark.parametrize("race", RACES)
def test_the_wallet_stays_right_when_everybody_comes_at_once(own_database: None, race: str, speed: str) -> None:
    if speed == "slow":
        twins.SLOW.install()
    assert RACES[race]() == []


@pytest.mark.parametrize(("race", "twin"), list(twins.RACING.items()), ids=str)
def test_the_race_finds_out_a_broken_twin(own_database: None, race: str, twin: twins.Twin) -> None:
    twin.install()
    assert RACES[race]() != []
