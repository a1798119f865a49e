"""What a player sees of his own sessions and rounds."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game, Round
from tests.contracts.family import Vendor
from tests.factories.games import frontend_of, make_player
from tests.providers.table import GAME, play, seated

pytestmark = pytest.mark.django_db


def test_rounds_are_listed_with_their_result(vendor: Vendor, player: Player) -> None:
    first = play(vendor, 3)
    vendor.win(first, 750_000, round="r-1", round_closed=True, **GAME)
    play(vendor, 2, "r-2")
    document = frontend_of(player).get("/api/v1/rounds").json()
    assert (document["next"], document["previous"]) == (None, None)
    newest, oldest = document["results"]
    session = frontend_of(player).get("/api/v1/game-sessions").json()["results"][0]["id"]
    closed = Round.objects.get(external_id="r-1")
    assert oldest == {
        "id": str(closed.pk),
        "game": {"code": "clt-dragonrising", "title": "Dragon Rising"},
        "session": session,
        "state": "closed",
        "staked": eur("3.00"),
        "won": eur("7.50"),
        "rolled_back": eur("0.00"),
        "corrected": eur("0.00"),
        "held": eur("0.00"),
        "net": eur("4.50"),
        "opened_at": wire(closed.opened_at),
        "closed_at": wire(closed.closed_at),
        "incomplete": None,
    }
    assert (newest["state"], newest["held"], newest["net"]) == ("open", eur("2.00"), eur("-2.00"))
    assert newest["closed_at"] is None


def test_rounds_can_be_narrowed(vendor: Vendor, player: Player, caleta: Integration, game: Game) -> None:
    play(vendor, 3, round_closed=True)
    second = seated(player, caleta, game)
    play(second, 1, "r-2")
    client = frontend_of(player)
    newest, oldest = client.get("/api/v1/game-sessions").json()["results"]
    assert [one["state"] for one in client.get("/api/v1/rounds?state=open").json()["results"]] == ["open"]
    for session, staked in ((newest, "1.00"), (oldest, "3.00")):
        found = client.get("/api/v1/rounds", {"session": session["id"]}).json()["results"]
        assert [one["staked"] for one in found] == [eur(staked)]
    assert client.get("/api/v1/rounds", {"session": str(uuid4())}).json()["results"] == []
    assert client.get("/api/v1/rounds?session=x").status_code == 400
    assert client.get("/api/v1/rounds?state=lost").status_code == 400


def test_game_sessions_sum_their_rounds(vendor: Vendor, player: Player) -> None:
    first = play(vendor, 3)
    vendor.win(first, 750_000, round="r-1", round_closed=True, **GAME)
    second = play(vendor, 4, "r-2")
    vendor.rollback(second, round="r-2", **GAME)
    play(vendor, 2, "r-2")
    session = frontend_of(player).get("/api/v1/game-sessions").json()["results"][0]
    assert session["rounds"] == {
        "count": 2,
        "open": 1,
        "staked": eur("9.00"),
        "won": eur("7.50"),
        "rolled_back": eur("4.00"),
        "corrected": eur("0.00"),
        "held": eur("2.00"),
        "net": eur("2.50"),
    }
    assert (session["state"], session["mode"], session["currency"]) == ("running", "real", "EUR")
    assert frontend_of(player).get(f"/api/v1/game-sessions/{session['id']}").json() == session


def test_a_session_without_rounds_sums_to_nothing(vendor: Vendor, player: Player) -> None:
    session = frontend_of(player).get("/api/v1/game-sessions").json()["results"][0]
    assert set(map(str, session["rounds"].values())) == {"0", str(eur("0.00"))}


def test_others_see_nothing_of_it(vendor: Vendor, player: Player, client: Client) -> None:
    play(vendor, 3)
    session = frontend_of(player).get("/api/v1/game-sessions").json()["results"][0]["id"]
    stranger = frontend_of(make_player("bo"))
    assert stranger.get("/api/v1/rounds").json()["results"] == []
    assert stranger.get("/api/v1/rounds", {"session": session}).json()["results"] == []
    assert stranger.get("/api/v1/game-sessions").json()["results"] == []
    assert stranger.get(f"/api/v1/game-sessions/{session}").status_code == 404
    for path in ("rounds", "game-sessions", f"game-sessions/{session}"):
        assert client.get(f"/api/v1/{path}").status_code == 401


def test_lists_cost_a_fixed_number_of_queries(
    vendor: Vendor,
    player: Player,
    caleta: Integration,
    game: Game,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(12):
        play(seated(player, caleta, game), 1, f"r-{number}")
    client = frontend_of(player)
    with django_assert_num_queries(5):  # log-in, rounds, games, sessions, policies of the open ones
        assert len(client.get("/api/v1/rounds").json()["results"]) == 12
    with django_assert_num_queries(3):  # log-in, sessions, sums
        assert len(client.get("/api/v1/game-sessions").json()["results"]) == 13


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def wire(at: Any) -> str:
    return at.isoformat().replace("+00:00", "Z")  # type: ignore[no-any-return]
