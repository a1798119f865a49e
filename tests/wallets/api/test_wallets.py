"""GET wallets and GET transactions: what a player has, and how it came and went."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from apps.brands.models import Brand
from apps.core import clock
from apps.core.money import Money
from apps.players.models import Player
from apps.transactions.models import Transaction
from apps.transactions.posting import Leg, post, shared_account
from apps.wallets.operations import open_wallet
from tests.factories.players import PlayerClient, logged_in, make_brand, make_player, problem
from tests.factories.withdrawals import lock_for_withdrawal

pytestmark = pytest.mark.django_db

EURO = 1_000_000


@pytest.fixture
def player(db: None) -> Player:
    make_brand()
    return make_player()


@pytest.fixture
def caller(player: Player) -> PlayerClient:
    return logged_in(player)


def euro(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def move(
    player: Player, kind: str, currency: str = "EUR", *, terms: dict[str, Any] | None = None, **changes: int
) -> UUID:
    """Post a transaction that changes the buckets by so much, against the test-funding account."""
    accounts = open_wallet(player, currency)
    other = shared_account(brand_id=player.brand_id, currency=currency, kind="test_funding")
    legs = [
        Leg(other, accounts.of(bucket), change) if change > 0 else Leg(accounts.of(bucket), other, -change)
        for bucket, change in changes.items()
    ]
    return post(
        kind=kind,
        brand_id=player.brand_id,
        currency=currency,
        player_id=player.pk,
        legs=legs,
        now=clock.now(),
        **(terms or {}),
    )


def test_a_new_player_has_one_empty_wallet(caller: PlayerClient) -> None:
    nothing = euro("0.00")
    assert caller.get("wallets").json() == {
        "results": [
            {
                "currency": "EUR",
                "cash": nothing,
                "bonus": nothing,
                "locked": nothing,
                "restricted": nothing,
                "playable": nothing,
                "withdrawable": nothing,
                "in_play": nothing,
            }
        ],
        "next": None,
        "previous": None,
    }


def test_each_bucket_is_shown_exactly(caller: PlayerClient, player: Player) -> None:
    move(player, "test_funding", cash=15_345_678, bonus=5 * EURO, restricted=250_000)
    lock_for_withdrawal(player, Money(3 * EURO, "EUR"))
    move(player, "test_funding", "SEK", cash=7 * EURO)
    move(make_player(), "test_funding", cash=99 * EURO)
    euros, kronor = caller.get("wallets").json()["results"]
    assert euros == {
        "currency": "EUR",
        "cash": euro("12.345678"),
        "bonus": euro("5.00"),
        "locked": euro("3.00"),
        "restricted": euro("0.25"),
        "playable": euro("17.595678"),
        "withdrawable": euro("12.345678"),
        "in_play": euro("0.00"),
    }
    assert kronor["cash"] == {"amount": "7.00", "currency": "SEK"}


def test_a_transaction_shows_signed_changes_of_each_bucket(caller: PlayerClient, player: Player) -> None:
    move(player, "test_funding", cash=10 * EURO, restricted=EURO)
    out = move(player, "correction", cash=-1_500_000, restricted=-EURO)
    row = Transaction.objects.get(pk=out)
    newest, oldest = caller.get("transactions").json()["results"]
    assert newest == {
        "id": str(out),
        "kind": "correction",
        "amount": euro("-2.50"),
        "buckets": {
            "cash": euro("-1.50"),
            "bonus": euro("0.00"),
            "locked": euro("0.00"),
            "restricted": euro("-1.00"),
        },
        "round": None,
        "reverses": None,
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
    }
    assert (oldest["kind"], oldest["amount"]) == ("test_funding", euro("11.00"))


def test_money_that_moves_between_buckets_adds_up_to_nothing(caller: PlayerClient, player: Player) -> None:
    move(player, "test_funding", cash=10 * EURO)
    lock_for_withdrawal(player, Money(4 * EURO, "EUR"))
    newest = caller.get("transactions").json()["results"][0]
    assert newest["amount"] == euro("0.00")
    assert (newest["buckets"]["cash"], newest["buckets"]["locked"]) == (euro("-4.00"), euro("4.00"))


def test_each_player_sees_the_own_history(caller: PlayerClient, player: Player) -> None:
    other = make_player()
    mine, theirs = move(player, "test_funding", cash=EURO), move(other, "test_funding", cash=EURO)
    assert [row["id"] for row in caller.get("transactions").json()["results"]] == [str(mine)]
    assert [row["id"] for row in logged_in(other).get("transactions").json()["results"]] == [str(theirs)]


def test_pages_follow_each_other_without_gaps_while_rows_arrive(caller: PlayerClient, player: Player) -> None:
    ids = [str(move(player, "test_funding", cash=EURO)) for _ in range(7)]
    seen: list[str] = []
    page = caller.get("transactions", limit="3").json()
    seen += [row["id"] for row in page["results"]]
    move(player, "test_funding", cash=EURO)
    while page["next"]:
        page = caller.client.get(page["next"], headers=caller.headers).json()
        seen += [row["id"] for row in page["results"]]
    assert seen == ids[::-1]


def test_the_history_can_be_narrowed(caller: PlayerClient, player: Player) -> None:
    move(player, "test_funding", cash=5 * EURO)
    out = move(player, "correction", cash=-EURO)
    kronor = move(player, "test_funding", "SEK", cash=EURO)
    assert [row["id"] for row in caller.get("transactions", kind="correction").json()["results"]] == [str(out)]
    assert [row["id"] for row in caller.get("transactions", currency="SEK").json()["results"]] == [str(kronor)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"kind": "gift"}, "kind"),
        ({"currency": "euro"}, "currency"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(caller: PlayerClient, query: dict[str, Any], field: str) -> None:
    body = problem(caller.get("transactions", **query), 400, "validation-failed")
    assert [error["field"] for error in body["errors"]] == [field]


@pytest.mark.parametrize(("path", "expected"), [("wallets", 3), ("transactions", 3)])
def test_lists_cost_the_same_however_long_they_are(
    caller: PlayerClient, player: Player, path: str, expected: int
) -> None:
    counts = []
    for rows in (1, 20):
        for _ in range(rows):
            move(player, "test_funding", cash=EURO, bonus=EURO)
        with override_settings(SANDBOX=False), CaptureQueriesContext(connection) as queries:
            assert caller.get(path).status_code == 200
        counts.append(len(queries))
    assert counts == [expected, expected]


def test_strangers_see_nothing(player: Player, client: Client) -> None:
    for path in ("wallets", "transactions"):
        problem(client.get(f"/api/v1/{path}"), 401, "not-authenticated")


def test_opening_a_wallet_again_gives_the_same_accounts(player: Player) -> None:
    assert open_wallet(player, "EUR") == open_wallet(player, "EUR")


def test_the_history_is_in_business_time(player: Player) -> None:
    later = clock.advance(timedelta(days=2).total_seconds())
    move(player, "test_funding", cash=EURO)
    (row,) = logged_in(player).get("transactions").json()["results"]
    created_at = datetime.fromisoformat(row["created_at"])
    clock.forget_cached_offset()
    assert timedelta(0) <= created_at - later < timedelta(minutes=1)


def test_a_transaction_names_its_round_and_what_it_takes_back(caller: PlayerClient, player: Player) -> None:
    taken_back = move(player, "test_funding", cash=EURO)
    move(player, "correction", terms={"reverses_id": taken_back, "round_id": 77}, cash=-EURO)
    newest, oldest = caller.get("transactions").json()["results"]
    assert (newest["kind"], newest["round"], newest["reverses"]) == ("correction", "77", str(taken_back))
    assert (oldest["round"], oldest["reverses"]) == (None, None)


def test_brands_do_not_share_players_money(caller: PlayerClient, player: Player) -> None:
    nordlys: Brand = make_brand("nordlys")
    namesake = make_player(brand=nordlys.code)
    move(namesake, "test_funding", cash=EURO)
    assert caller.get("wallets").json()["results"][0]["cash"] == euro("0.00")
