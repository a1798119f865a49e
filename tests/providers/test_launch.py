"""Launching a game at a vendor of the Hub88 family, over HTTP on both sides."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.core.ids import token_digest
from apps.integrations import exchange_log
from apps.integrations.connections import forget_connections
from apps.integrations.models import Credential, Exchange, Integration
from apps.players.models import Player
from apps.providers.models import Game, GameSession, GameSessionToken, RtpVariant
from apps.transactions.models import Account
from tests.contracts.family import HEADERS, Vendor
from tests.factories.games import frontend_of, make_game, make_player
from tests.factories.integrations import connect_game_vendor
from tests.providers.vendor_server import LaunchServer, launch_server, verify

pytestmark = pytest.mark.django_db

LAUNCH_PATHS = {"hub88": "/operator/generic/v2/game/url", "caleta": "/api/game/url"}
REAL = {"mode": "real", "platform": "mobile"}


@pytest.fixture
def server() -> Iterator[LaunchServer]:
    with launch_server() as running:
        yield running


@pytest.fixture(params=["hub88", "caleta"])
def vendor(request: pytest.FixtureRequest, server: LaunchServer) -> str:
    connect(request.param, server)
    return str(request.param)


@pytest.fixture
def caleta(server: LaunchServer) -> Integration:
    return connect("caleta", server)


def connect(vendor: str, server: LaunchServer) -> Integration:
    integration = connect_game_vendor(vendor, base_url=server.base_url)
    integration.options = {"operator_id": 4711, "sub_partner_id": "aurora-mt", "deposit_url": "https://a.example/pay"}
    integration.save()
    forget_connections()
    make_game(vendor=vendor)
    return integration


@pytest.fixture
def player() -> Player:
    made = make_player(cash="25.50")
    made.brand.frontend_url = "https://aurora.example.com/"
    made.brand.save()
    return made


def launch(player: Player, code: str = "clt-dragonrising", **terms: Any) -> Any:
    return frontend_of(player).post(
        f"/api/v1/games/{code}/launch", data=REAL | terms, content_type="application/json", REMOTE_ADDR="203.0.113.7"
    )


def test_a_launch_asks_the_vendor_in_his_protocol_and_returns_his_address(
    player: Player, vendor: str, server: LaunchServer
) -> None:
    answer = launch(player)

    assert answer.status_code == 201, answer.content
    session = GameSession.objects.get()
    assert answer.json() == {
        "session": str(session.public_id),
        "url": "https://games.example.com/play?x=1",
        "expires_at": (session.created_at + timedelta(hours=12)).isoformat().replace("+00:00", "Z"),
        "resumes": None,
    }
    assert answer["Cache-Control"] == "no-store"
    assert server.paths == [LAUNCH_PATHS[vendor]]
    token = server.bodies[0]["token"]
    told = {
        "user": str(player.public_id),
        "token": token,
        "sub_partner_id": "aurora-mt",
        "operator_id": 4711,
        "lobby_url": "https://aurora.example.com/",
        "deposit_url": "https://a.example/pay",
        "lang": "en",
        "game_code": "clt_dragonrising",
        "country": "MT",
        "currency": "EUR",
    }
    if vendor == "hub88":
        told |= {"platform": "GPL_MOBILE", "ip": "203.0.113.7"}
    assert server.bodies == [told]


def test_the_signature_is_over_the_bytes_sent(player: Player, vendor: str, server: LaunchServer) -> None:
    Player.objects.update(language="pt_brã")  # beyond ASCII: an escaped copy of the body would not verify
    launch(player)
    headers = server.headers[0]
    assert headers["Content-Type"] == "application/json"
    verify(headers[HEADERS[vendor]], server.raw[0])
    with pytest.raises(InvalidSignature):
        verify(headers[HEADERS[vendor]], server.raw[0].replace(b"EUR", b"USD"))
    assert "pt_brã".encode() in server.raw[0]


def test_a_launch_seats_the_player(player: Player, vendor: str, server: LaunchServer) -> None:
    game = Game.objects.get()
    variant = RtpVariant.objects.create(game=game, code="rtp96", rtp_basis_points=9600, is_default=True)
    launch(player)
    session = GameSession.objects.get()
    token = GameSessionToken.objects.get()
    assert bytes(token.digest) == token_digest(server.bodies[0]["token"])
    assert (token.session_id, token.replaced_at) == (session.pk, None)
    assert (session.player_id, session.player_session) == (player.pk, player.sessions.get())
    assert (session.mode, session.platform, session.currency) == ("real", "mobile", "EUR")
    assert (session.game, session.variant, session.integration.slug) == (game, variant, vendor)
    assert (session.remote_address, session.ended_at) == ("203.0.113.7", None)
    accounts = dict(Account.objects.filter(player_id=player.pk, currency="EUR").values_list("kind", "pk"))
    assert session.cash_account_id == accounts["cash"]
    assert session.bonus_account_id == accounts["bonus"]
    assert session.restricted_account_id == accounts["restricted"]
    provider = Account.objects.get(kind="provider", integration_id=session.integration_id, currency="EUR")
    assert session.provider_account_id == provider.pk


def test_the_token_that_the_vendor_got_places_bets(player: Player, vendor: str, server: LaunchServer) -> None:
    launch(player)
    game_server = Vendor(vendor, Client(), token=server.bodies[0]["token"], user=server.bodies[0]["user"])
    reply = game_server.bet(150_000, game_code="clt_dragonrising")
    assert (reply["status"], reply["balance"]) == ("RS_OK", 2_400_000)


def test_a_second_currency_opens_a_second_wallet(player: Player, caleta: Integration, server: LaunchServer) -> None:
    assert launch(player, currency="USD").status_code == 201
    assert server.bodies[0]["currency"] == "USD"
    assert GameSession.objects.get().currency == "USD"
    assert Account.objects.filter(player_id=player.pk, currency="USD").count() == 4


def test_a_demo_leaves_the_player_unnamed_and_the_wallet_alone(
    player: Player, vendor: str, server: LaunchServer
) -> None:
    answer = launch(player, mode="demo", platform="desktop")
    assert answer.status_code == 201
    told = server.bodies[0]
    assert told["currency"] == {"hub88": "XXX", "caleta": "FUN"}[vendor]
    assert {"user", "token"}.isdisjoint(told)
    session = GameSession.objects.get()
    assert (session.mode, session.currency, session.cash_account_id) == ("demo", told["currency"], None)
    assert not GameSessionToken.objects.exists()
    listed = frontend_of(player).get("/api/v1/game-sessions").json()["results"][0]
    assert (listed["mode"], listed["currency"], listed["rounds"]) == ("demo", told["currency"], None)


def test_the_exchange_is_logged_with_the_session_that_it_was_for(
    player: Player, caleta: Integration, server: LaunchServer
) -> None:
    answer = launch(player)
    assert exchange_log.flush()
    exchange = Exchange.objects.select_related("reply").get(parent_id=answer["X-Request-Id"])
    assert (exchange.method, exchange.player_id) == ("POST", player.pk)
    assert exchange.path == server.base_url + "/api/game/url"
    assert exchange.direction == "out"
    assert exchange.verified_by == Credential.objects.get(purpose="sign_outbound").kid
    assert bytes(exchange.body) == server.raw[0]
    assert (exchange.reply.status, exchange.reply.verb) == (200, "launch")
    assert exchange.reply.refs == [answer.json()["session"]]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_a_refusal_of_the_vendor_ends_the_session(
    player: Player, vendor: str, server: LaunchServer, status: int
) -> None:
    server.status, server.answer = status, b'{"error":"The operator_id does not correspond to any existing Operator."}'
    answer = launch(player)
    refused(answer, "launch-failed", 502)
    assert "operator_id" not in answer.content.decode()
    ended(answer, "launch-refused")
    assert len(server.bodies) == 1
    game_server = Vendor(vendor, Client(), token=server.bodies[0]["token"], user=server.bodies[0]["user"])
    assert game_server.bet(game_code="clt_dragonrising")["status"] == "RS_ERROR_TOKEN_EXPIRED"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"url":null}',
        b'{"url":""}',
        b'{"url":"javascript:alert(1)"}',
        b'{"url":"//games.example.com"}',
        b'{"url":"https://"}',
        b"[" * 100_000,
        json.dumps({"url": "ftp://games.example.com/"}).encode(),
    ],
)
def test_an_answer_that_is_no_address_ends_the_session(
    player: Player, caleta: Integration, server: LaunchServer, answer: bytes
) -> None:
    server.answer = answer
    refusal = launch(player)
    refused(refusal, "launch-failed", 502)
    ended(refusal, "launch-answer-unusable")


def test_a_vendor_who_hangs_is_given_up_and_not_asked_twice(
    player: Player, caleta: Integration, server: LaunchServer
) -> None:
    caleta.options["launch_timeout_seconds"] = 0.05
    caleta.save()
    forget_connections()
    server.hangs = threading.Event()
    answer = launch(player)
    refused(answer, "launch-timed-out", 504)
    ended(answer, "launch-timeout")
    assert len(server.paths) <= 1


def test_a_vendor_who_can_not_be_reached_is_tried_twice(player: Player) -> None:
    with launch_server() as gone:
        connect("caleta", gone)
    answer = launch(player)
    refused(answer, "launch-failed", 502)
    ended(answer, "launch-unreachable")
    assert exchange_log.flush()
    attempts = Exchange.objects.filter(parent_id=answer["X-Request-Id"]).select_related("reply")
    assert [(attempt.reply.status, attempt.reply.outcome) for attempt in attempts] == [(None, "unreachable")] * 2


@pytest.mark.parametrize(
    "break_it",
    [
        lambda _: Integration.objects.update(options={}),
        lambda _: Integration.objects.update(options={"operator_id": "4711"}),
        lambda _: Credential.objects.filter(purpose="sign_outbound").update(expires_at="2026-11-02T00:00Z"),
    ],
)
def test_an_unfinished_configuration_fails_before_anything_is_sent(
    player: Player, caleta: Integration, server: LaunchServer, break_it: Any
) -> None:
    break_it(caleta)
    forget_connections()
    answer = launch(player)
    refused(answer, "launch-failed", 502)
    ended(answer, "launch-not-configured")
    assert server.paths == []


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"is_enabled": False}, ["game"]),
        ({"blocked_countries": ["MT"]}, ["country"]),
        ({"platforms": ["desktop"]}, ["platform"]),
        ({"currencies": ["USD"]}, ["currency"]),
        ({"needs_certificate": True}, ["certificate"]),
    ],
)
def test_a_game_out_of_reach_is_refused_before_the_vendor_is_asked(
    player: Player, caleta: Integration, server: LaunchServer, change: dict[str, Any], reasons: list[str]
) -> None:
    Game.objects.update(**change)
    answer = launch(player)
    refused(answer, "game-not-available", 403)
    assert answer.json()["reasons"] == reasons
    assert (server.paths, GameSession.objects.count()) == ([], 0)


def test_a_switched_off_integration_opens_no_games(player: Player, caleta: Integration, server: LaunchServer) -> None:
    Integration.objects.update(switch="no_new_play")
    answer = launch(player)
    refused(answer, "game-not-available", 403)
    assert answer.json()["reasons"] == ["integration"]
    assert server.paths == []


def test_a_demo_needs_a_game_that_has_one(player: Player, caleta: Integration, server: LaunchServer) -> None:
    Game.objects.update(has_demo=False, currencies=["USD"])
    answer = launch(player, mode="demo")
    assert answer.json()["reasons"] == ["demo"]
    assert server.paths == []


def test_a_currency_that_the_brand_does_not_keep_is_refused(
    player: Player, caleta: Integration, server: LaunchServer
) -> None:
    answer = launch(player, currency="JPY")
    assert answer.json()["reasons"] == ["brand-currency"]
    assert not Account.objects.filter(currency="JPY").exists()


def test_an_unknown_game_is_not_found(player: Player, caleta: Integration) -> None:
    refused(launch(player, "no-such-game"), "game-unknown", 404)


def test_a_player_restricted_from_play_launches_nothing(
    player: Player, caleta: Integration, server: LaunchServer
) -> None:
    Player.objects.update(status="restricted", restrictions=["play"])
    refused(launch(player), "play-blocked", 403)
    refused(launch(player, mode="demo"), "play-blocked", 403)
    assert (server.paths, GameSession.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    ("terms", "field"),
    [({"mode": "free"}, "mode"), ({"platform": None}, "platform"), ({"currency": "euro"}, "currency")],
)
def test_terms_that_make_no_sense_are_refused(
    player: Player, caleta: Integration, terms: dict[str, Any], field: str
) -> None:
    answer = launch(player, **terms)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_launching_needs_a_log_in(client: Client) -> None:
    answer = client.post("/api/v1/games/clt-dragonrising/launch", data=REAL, content_type="application/json")
    assert answer.status_code == 401


def test_nobody_launches_more_than_sixty_games_a_minute(player: Player, caleta: Integration) -> None:
    client = frontend_of(player)
    statuses = [
        client.post("/api/v1/games/no-such-game/launch", data=REAL, content_type="application/json").status_code
        for _ in range(61)
    ]
    assert statuses == [404] * 60 + [429]


def test_a_launch_costs_a_fixed_number_of_queries(
    player: Player, caleta: Integration, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    launch(player)
    client = frontend_of(player)
    with django_assert_max_num_queries(26):
        client.post("/api/v1/games/clt-dragonrising/launch", data=REAL, content_type="application/json")


def refused(answer: Any, code: str, status: int) -> None:
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.content
    assert answer.json()["code"] == code


def ended(answer: Any, reason: str) -> None:
    session = GameSession.objects.get()
    assert (session.end_reason, session.ended_at is not None) == (reason, True)
    assert answer.json()["session"] == str(session.public_id)
