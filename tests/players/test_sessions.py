"""Tokens and sessions: good while they live, useless afterwards, and only their player's."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from apps.brands.models import Brand
from apps.core import clock
from apps.players.models import Player, PlayerSession
from tests.factories.players import PlayerClient, logged_in, make_player, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def player(brand: Brand) -> Player:
    return make_player()


def test_a_logged_out_token_is_dead(player: Player) -> None:
    caller = logged_in(player)
    response = caller.delete("sessions/current")
    assert (response.status_code, response.content) == (204, b"")
    problem(caller.get("me"), 401, "authentication-failed")
    assert PlayerSession.objects.get().revoked_reason == "logged-out"


def test_logging_out_ends_one_session_only(player: Player) -> None:
    phone, desk = logged_in(player), logged_in(player)
    phone.delete("sessions/current")
    assert desk.get("me").status_code == 200


def test_an_expired_token_is_dead(player: Player) -> None:
    caller = logged_in(player)
    clock.advance(12 * 3600 - 60)
    assert caller.get("me").status_code == 200
    clock.advance(60)
    problem(caller.get("me"), 401, "authentication-failed")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not-authenticated"),
        ("Bearer", "authentication-failed"),
        ("Bearer ", "authentication-failed"),
        ("Bearer unknown", "authentication-failed"),
        ("Bearer " + "x" * 5000, "authentication-failed"),
        ("Bearer ünknown", "authentication-failed"),
        ("Basic YTpi", "not-authenticated"),
    ],
)
def test_without_a_good_token_there_is_401(brand: Brand, client: Client, header: str | None, code: str) -> None:
    extra: dict[str, Any] = {"HTTP_AUTHORIZATION": header} if header is not None else {}
    response = client.get("/api/v1/me", **extra)
    problem(response, 401, code)
    assert response["WWW-Authenticate"] == 'Bearer realm="player"'


def test_sessions_are_listed_with_the_current_one_marked(player: Player) -> None:
    logged_in(make_player())
    phone, desk = logged_in(player), logged_in(player)
    ended = logged_in(player)
    ended.delete("sessions/current")
    rows = list(PlayerSession.objects.filter(player=player, revoked_at=None).order_by("-pk"))
    body = desk.get("sessions").json()
    assert [row["id"] for row in body["results"]] == [str(row.public_id) for row in rows]
    assert [row["is_current"] for row in body["results"]] == [True, False]
    assert (body["next"], body["previous"]) == (None, None)
    assert phone.token not in str(body)
    assert set(body["results"][0]) == {
        "id", "is_current", "created_at", "last_seen_at", "expires_at", "remote_address", "user_agent", "device",
    }  # fmt: skip


def test_a_session_can_be_revoked_from_another(player: Player) -> None:
    phone, desk = logged_in(player), logged_in(player)
    lost = next(row["id"] for row in desk.get("sessions").json()["results"] if not row["is_current"])
    assert desk.delete(f"sessions/{lost}").status_code == 204
    problem(phone.get("me"), 401, "authentication-failed")
    problem(desk.delete(f"sessions/{lost}"), 404, "not-found")
    assert desk.get("me").status_code == 200


def test_another_players_session_is_not_found_and_lives_on(player: Player) -> None:
    other = logged_in(make_player())
    foreign = other.get("sessions").json()["results"][0]["id"]
    problem(logged_in(player).delete(f"sessions/{foreign}"), 404, "not-found")
    assert other.get("me").status_code == 200


def test_what_is_no_id_is_not_found(player: Player) -> None:
    problem(logged_in(player).delete("sessions/1"), 404, "not-found")


def test_the_list_of_sessions_costs_the_same_for_one_and_for_many(player: Player) -> None:
    caller = logged_in(player)
    counts = []
    with override_settings(SANDBOX=False):
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                assert caller.get("sessions").status_code == 200
            counts.append(len(queries))
            for _ in range(5):
                logged_in(player)
    # Who calls, and the page.
    assert counts == [2, 2]


def test_last_seen_is_written_once_a_minute(player: Player) -> None:
    caller = logged_in(player)
    opened = PlayerSession.objects.get().last_seen_at
    clock.advance(30)
    caller.get("me")
    assert PlayerSession.objects.get().last_seen_at == opened
    clock.advance(31)
    caller.get("me")
    seen = PlayerSession.objects.get().last_seen_at
    assert 61 <= (seen - opened).total_seconds() < 70
    caller.get("me")
    assert PlayerSession.objects.get().last_seen_at == seen


def test_requests_of_one_player_are_limited_together(player: Player, settings: Any) -> None:
    phone, desk, other = logged_in(player), logged_in(player), logged_in(make_player())
    for number in range(600):
        (phone if number % 2 else desk).get("me")
    problem(desk.get("me"), 429, "rate-limited")
    assert other.get("me").status_code == 200


def test_a_token_in_the_address_is_no_token(player: Player, client: Client) -> None:
    token = logged_in(player).token
    problem(client.get(f"/api/v1/me?token={token}"), 401, "not-authenticated")


def test_methods_that_do_not_exist_are_refused(player: Player) -> None:
    caller = logged_in(player)
    problem(caller.delete("me"), 405, "method-not-allowed")
    problem(PlayerClient(caller.token, caller.client).post("wallets"), 405, "method-not-allowed")
