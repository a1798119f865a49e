"""Launching games of Evolution, Swipe Games and Valkyrie: the protocol on the wire, refusals, silence."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785

from apps.core.ids import token_digest
from apps.integrations import exchange_log
from apps.integrations.models import Exchange
from apps.players.models import Player
from apps.providers.models import GameSession, GameSessionToken
from tests.factories.games import frontend_of, make_game, make_player
from tests.factories.secrets import CREDENTIALS, connect_vendor
from tests.providers.vendor_server import LaunchServer, launch_server

pytestmark = pytest.mark.django_db

OPTIONS: dict[str, dict[str, Any]] = {
    "evolution": {"brand_id": "b-1", "cashier_url": "https://a.example/pay"},
    "swipegames": {"cid": "550e8400-e29b-41d4-a716-446655440000", "deposit_url": "https://a.example/pay"},
    "valkyrie": {"provider": "redtiger", "casino": "aurora"},
}
ANSWERS = {
    "evolution": b'{"entry":"/entry?x=1","entryEmbedded":"/embedded?x=1"}',
    "swipegames": b'{"gameURL":"https://games.example.com/play?x=1","gsID":"g-1"}',
    "valkyrie": b'{"gameUrl":"https://games.example.com/play?x=1"}',
}


@pytest.fixture
def server() -> Iterator[LaunchServer]:
    with launch_server() as running:
        yield running


@pytest.fixture
def player() -> Player:
    made = make_player(cash="25.50")
    made.brand.frontend_url = "https://aurora.example.com/"
    made.brand.save()
    return made


def launch(player: Player, vendor: str, server: LaunchServer, **terms: Any) -> Any:
    connect_vendor(vendor, base_url=server.base_url, **(OPTIONS[vendor] | terms.pop("options", {})))
    make_game(vendor=vendor, code="game_1", public_code="game-1")
    body = {"mode": "real", "platform": "mobile"} | terms
    return frontend_of(player).post(
        "/api/v1/games/game-1/launch", data=body, content_type="application/json", REMOTE_ADDR="203.0.113.7"
    )


def token_of(player: Player, shown: str) -> bool:
    return GameSessionToken.objects.filter(session__player=player, digest=token_digest(shown)).exists()


def test_evolution_gets_both_keys_in_the_path_and_the_log_gets_neither(player: Player, server: LaunchServer) -> None:
    server.answer = ANSWERS["evolution"]
    answer = launch(player, "evolution", server)
    assert answer.status_code == 201, answer.content
    assert answer.json()["url"] == f"{server.base_url}/entry?x=1"
    assert server.paths == ["/ua/v1/casino-k%2F1/api-t0ken"]
    (body,) = server.bodies
    assert token_of(player, body["player"]["session"]["id"])
    assert body["player"] | {"session": {}} == {
        "id": str(player.public_id),
        "update": True,
        "firstName": player.first_name,
        "lastName": player.last_name,
        "country": "MT",
        "language": "en",
        "currency": "EUR",
        "session": {},
    }
    assert body["config"] == {
        "brand": {"id": "b-1", "skin": "1"},
        "game": {"table": {"id": "game_1"}},
        "channel": {"wrapped": False, "mobile": True},
        "urls": {"lobby": "https://aurora.example.com/", "cashier": "https://a.example/pay"},
    }
    exchange_log.flush()
    assert Exchange.objects.filter(direction="out").latest("pk").path == f"{server.base_url}/ua/v1/***/***"


def test_swipe_games_gets_canonical_json_under_our_api_key(player: Player, server: LaunchServer) -> None:
    server.answer = ANSWERS["swipegames"]
    answer = launch(player, "swipegames", server)
    assert answer.status_code == 201, answer.content
    assert server.paths == ["/create-new-game"]
    (body,) = server.bodies
    assert token_of(player, body.pop("sessionID"))
    assert body == {
        "cID": "550e8400-e29b-41d4-a716-446655440000",
        "extCID": "aurora",
        "gameID": "game_1",
        "demo": False,
        "platform": "mobile",
        "currency": "EUR",
        "locale": "en_us",
        "returnURL": "https://aurora.example.com/",
        "depositURL": "https://a.example/pay",
        "user": {"id": str(player.public_id), "country": "MT"},
    }
    raw = server.raw[0]
    assert rfc8785.dumps(json.loads(raw)) == raw
    expected = hmac.new(CREDENTIALS["swipegames"]["api_key"].encode(), raw, hashlib.sha256).hexdigest()
    assert server.headers[0]["X-REQUEST-SIGN"] == expected


def test_a_demo_at_swipe_games_names_no_player(player: Player, server: LaunchServer) -> None:
    server.answer = ANSWERS["swipegames"]
    answer = launch(player, "swipegames", server, mode="demo")
    assert answer.status_code == 201, answer.content
    (body,) = server.bodies
    assert (body["demo"], body["currency"], "user" in body, "sessionID" in body) == (True, "FUN", False, False)


@pytest.mark.parametrize("vendor", ["evolution", "valkyrie"])
def test_a_vendor_without_play_for_fun_is_not_asked_for_it(player: Player, server: LaunchServer, vendor: str) -> None:
    answer = launch(player, vendor, server, mode="demo")
    assert (answer.status_code, answer.json()["reasons"]) == (403, ["demo"])
    assert (server.paths, GameSession.objects.count()) == ([], 0)


def test_valkyrie_gets_the_players_token_in_a_header(player: Player, server: LaunchServer) -> None:
    server.answer = ANSWERS["valkyrie"]
    answer = launch(player, "valkyrie", server)
    assert answer.status_code == 201, answer.content
    assert server.paths == ["/redtiger/gamelaunch"]
    token = server.headers[0]["X-Player-Token"]
    assert 32 <= len(token) <= 40
    assert token_of(player, token)
    assert server.headers[0]["Authorization"] == "Bearer operator-k3y"
    assert server.bodies == [
        {
            "currency": "EUR",
            "providerGameId": "game_1",
            "playerId": str(player.public_id),
            "casino": "aurora",
            "country": "MT",
            "language": "en",
            "sessionIp": "203.0.113.7",
        }
    ]


@pytest.mark.parametrize("vendor", list(OPTIONS))
@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (401, b'{"message":"no"}'),
        (500, b""),
        (200, b"{}"),
        (200, b"not json"),
        (200, b'{"errors":[{"code":"G.8","message":"bad status"}]}'),
        (200, b'{"entry":5,"gameURL":"javascript:alert(1)","gameUrl":"//x"}'),
    ],
)
def test_a_refusal_or_nonsense_ends_the_session(
    player: Player, server: LaunchServer, vendor: str, status: int, answer: bytes
) -> None:
    server.status, server.answer = status, answer
    reply = launch(player, vendor, server)
    assert (reply.status_code, reply.json()["code"]) == (502, "launch-failed")
    assert GameSession.objects.get().ended_at is not None


@pytest.mark.parametrize("vendor", list(OPTIONS))
def test_silence_is_bounded(player: Player, server: LaunchServer, vendor: str) -> None:
    server.hangs = threading.Event()
    reply = launch(player, vendor, server, options={"launch_timeout_seconds": 0.2})
    assert (reply.status_code, reply.json()["code"]) == (504, "launch-timed-out")
    assert GameSession.objects.get().end_reason == "launch-timeout"
