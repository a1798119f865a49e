"""Refused wallet calls by game: noted with the refusal, counted once, shown to game operations."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.urls import reverse

from apps.core import clock
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game
from apps.reporting.following import count_refusals
from apps.reporting.models import RefusalDay
from apps.reporting.tasks import follow_ledger
from tests.contracts.family import Vendor
from tests.factories.games import make_game, make_player
from tests.factories.integrations import make_brand
from tests.providers.table import GAME
from tests.reporting.test_performance import LOOKER, day_of, logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def player(game: Game) -> Player:
    return make_player(cash="10")


def bet(vendor: Vendor, euros: int, **fields: object) -> str:
    return str(vendor.bet(euros * 100_000, round="r-1", **(GAME | fields))["status"])


def counted() -> dict[tuple[str, str], int]:
    """Calls by the game's title and the outcome."""
    titles = dict(Game.objects.values_list("pk", "title"))
    return {(titles[row.game_id], row.outcome): row.calls for row in RefusalDay.objects.all()}


def test_refused_calls_are_counted_by_game_day_brand_currency_and_reason(
    vendor: Vendor, player: Player, game: Game, caleta: Integration
) -> None:
    make_game("other", title="Other")
    assert bet(vendor, 3) == "RS_OK"
    assert bet(vendor, 99) == "RS_ERROR_NOT_ENOUGH_MONEY"
    assert bet(vendor, 98) == "RS_ERROR_NOT_ENOUGH_MONEY"
    assert bet(vendor, 97, game_code="other") == "RS_ERROR_NOT_ENOUGH_MONEY"
    assert bet(vendor, 96, game_code="nobody-knows-it") != "RS_OK"
    assert vendor.win("no-such-bet", 100_000, round="r-1", **GAME)["status"] != "RS_OK"
    Game.objects.filter(pk=game.pk).update(is_enabled=False)
    assert bet(vendor, 1) != "RS_OK"
    follow_ledger()
    assert counted() == {
        ("Dragon Rising", "insufficient_funds"): 2, ("Dragon Rising", "reference_missing"): 1,
        ("Dragon Rising", "game_disabled"): 1, ("Other", "insufficient_funds"): 1,
    }  # fmt: skip
    row = RefusalDay.objects.filter(game_id=game.pk).first()
    assert row is not None
    assert (row.day, row.brand_id, row.integration_id, row.currency) == (
        clock.now().date(), player.brand_id, caleta.pk, "EUR",
    )  # fmt: skip
    assert count_refusals() == 0  # nothing is counted twice
    assert bet(vendor, 99) != "RS_OK"
    assert (count_refusals(), counted()["Dragon Rising", "game_disabled"]) == (1, 2)


def test_they_stand_on_the_page_of_performance_and_of_the_game_for_those_of_the_brand(
    vendor: Vendor, player: Player, game: Game, caleta: Integration
) -> None:
    for _ in range(3):
        bet(vendor, 99)
    vendor.win("no-such-bet", 100_000, round="r-1", **GAME)
    count_refusals()
    day_of(game, caleta, staked=3, won=0, day=clock.now().date())
    today = clock.now().date().isoformat()
    own = {"period": "own", "since": today, "until": today}
    client = logged_in(*LOOKER, brands=(player.brand,))
    page = client.get(reverse("admin:reporting_performance"), own)
    assert "insufficient funds 3, reference missing 1" in page.text
    (row,) = page.context["rows"]
    assert (row.row.title, row.refused) == ("Dragon Rising", "4")
    one = client.get(reverse("admin:reporting_performance_game", args=[game.pk]), own)
    assert [(each["reason"], each["calls"]) for each in one.context["refused"]] == [
        ("insufficient funds", "3"), ("reference missing", "1"),
    ]  # fmt: skip
    earlier = (clock.now() - timedelta(days=1)).date().isoformat()
    before = client.get(reverse("admin:reporting_performance"), own | {"since": earlier, "until": earlier})
    assert "No bet, win or rollback was refused in this time." in before.text
    elsewhere = logged_in(*LOOKER, brands=(make_brand("borealis"),), name="else")
    assert "insufficient funds" not in elsewhere.get(reverse("admin:reporting_performance"), own).text


@pytest.mark.django_db(transaction=True)
def test_two_counts_at_once_count_each_call_once(
    vendor: Vendor, player: Player, game: Game, caleta: Integration
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO providers_refusal (at, brand_id, integration_id, game_id, currency, outcome)"
            " SELECT %s, %s, %s, %s, 'EUR', 'limit' FROM generate_series(1, 5000)",
            [clock.now(), player.brand_id, caleta.pk, game.pk],
        )
    barrier = threading.Barrier(4)

    def count(_: int) -> int:
        barrier.wait(10)
        try:
            return count_refusals()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(count, range(4))) == 5000
    assert counted() == {("Dragon Rising", "limit"): 5000}
