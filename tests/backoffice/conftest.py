"""A played table, and staff of every role who look at it."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.brands.models import Brand
from apps.integrations.exchange_log import flush
from tests.contracts.family import Vendor
from tests.factories.cases import colleague
from tests.factories.integrations import make_brand
from tests.providers.seat import caleta, game, player, vendor
from tests.providers.table import GAME

__all__ = ["brand", "caleta", "game", "login", "played", "player", "vendor"]

PASSWORD = "correct-horse-battery"

Login = Callable[..., Client]


@pytest.fixture
def brand(db: None) -> Brand:
    return make_brand()


@pytest.fixture
def played(vendor: Vendor) -> Vendor:
    """One round of 5 euro staked and 3 won, one bet of 2 rolled back; the log is written."""
    vendor.bet(500_000, round="r-1", **GAME)
    bet = vendor.sent[-1]["transaction_uuid"]
    vendor.win(bet, 300_000, round="r-1", round_closed=True, **GAME)
    vendor.bet(200_000, round="r-2", **GAME)
    vendor.rollback(vendor.sent[-1]["transaction_uuid"], round="r-2", **GAME)
    vendor.bet(900_000_000, round="r-3", **GAME)  # more than there is
    assert flush(10)
    return vendor


def make_staff(role: str, *, brand: Brand | None = None, username: str = "") -> User:
    """Make a member of staff with one role, for one brand, who logs in with `PASSWORD`."""
    return colleague(role, username, brand=brand, password=PASSWORD)


@pytest.fixture
def login(brand: Brand) -> Login:
    """Log in as a role of the brand (or as superuser) and return the browser."""

    def log_in(role: str, *, scoped: bool = True, username: str = "") -> Client:
        if role == "superuser":
            user = User.objects.create_superuser(username or "root", password=PASSWORD)
        else:
            user = make_staff(role, brand=brand if scoped else None, username=username)
        client = Client()
        client.force_login(user)
        return client

    return log_in
