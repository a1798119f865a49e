"""What the lobby shows to whom."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.brands.models import Brand, Currency
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.availability import barriers, games_for
from apps.providers.models import BrandGame, Game, GameCertificate, RtpVariant, Studio
from tests.factories.games import frontend_of, make_game, make_player
from tests.factories.integrations import NOW, connect_game_vendor, make_brand

pytestmark = pytest.mark.django_db


@pytest.fixture
def caleta() -> Integration:
    return connect_game_vendor("caleta")


@pytest.fixture
def player(caleta: Integration) -> Player:
    return make_player()


def titles(player: Player, **terms: Any) -> list[str]:
    player = Player.objects.select_related("brand", "jurisdiction").get(pk=player.pk)
    return [game.title for game in games_for(player, now=NOW, **terms)]


def test_the_lobby_shows_enabled_games_with_what_is_played_at_the_brand(player: Player) -> None:
    game = make_game(features=["free_spins"], volatility=4)
    RtpVariant.objects.create(game=game, code="rtp94", rtp_basis_points=9405)
    RtpVariant.objects.create(game=game, code="rtp96", rtp_basis_points=9600, is_default=True)
    make_game("clt_hidden", is_enabled=False)

    document = frontend_of(player).get("/api/v1/games").json()

    assert document == {
        "next": None,
        "previous": None,
        "results": [
            {
                "code": "clt-dragonrising",
                "title": "clt_dragonrising",
                "studio": {"code": "caleta-gaming", "name": "Caleta Gaming"},
                "category": "slot",
                "platforms": ["desktop", "mobile"],
                "features": ["free_spins"],
                "volatility": 4,
                "rtp": "96.00",
                "has_demo": True,
                "has_free_rounds": False,
                "thumbnail_url": "",
                "released_on": None,
            }
        ],
    }


def off(**fields: Any) -> Callable[[Game], None]:
    return lambda game: _change(game, fields)


def _change(row: Any, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


BARRIERS: dict[str, tuple[list[str], Callable[[Game], Any]]] = {
    "game off": (["game"], off(is_enabled=False)),
    "studio off": (["studio"], lambda _: Studio.objects.update(is_enabled=False)),
    "brand off": (["brand"], lambda _: Brand.objects.update(is_enabled=False)),
    "brand's own word": (
        ["brand-game"],
        lambda game: BrandGame.objects.create(brand=make_brand(), game=game, is_enabled=False),
    ),
    "kill switch": (["integration"], lambda _: Integration.objects.update(switch="no_new_play")),
    "integration of another brand": (["integration"], lambda _: Integration.objects.update(brand_code="other")),
    "country blocked for the game": (["country"], off(blocked_countries=["DE", "MT"])),
    "country blocked for the studio": (["country"], lambda _: Studio.objects.update(blocked_countries=["MT"])),
    "another currency": (["currency"], off(currencies=["USD", "BTC"])),
    "currency off": (["brand-currency"], lambda _: Currency.objects.filter(code="EUR").update(is_enabled=False)),
    "not out yet": (["not-released"], off(released_on=date(2026, 11, 2))),
    "withdrawn": (["withdrawn"], off(withdrawn_on=date(2026, 11, 1))),
    "no certificate": (["certificate"], off(needs_certificate=True)),
    "two at once": (["game", "country"], off(is_enabled=False, blocked_countries=["MT"])),
}


@pytest.mark.parametrize("name", BARRIERS)
def test_a_barrier_hides_the_game_and_is_named(player: Player, name: str) -> None:
    game = make_game()
    assert titles(player) == ["clt_dragonrising"]
    reasons, put_up = BARRIERS[name]
    put_up(game)
    assert titles(player) == []
    assert barriers(Player.objects.get(pk=player.pk), game_id=game.pk, now=NOW) == reasons


@pytest.mark.parametrize(
    "fields",
    [
        {"blocked_countries": ["DE"]},
        {"currencies": ["EUR", "USD"]},
        {"released_on": date(2026, 11, 1)},
        {"withdrawn_on": date(2026, 11, 2)},
    ],
)
def test_what_does_not_concern_the_player_hides_nothing(player: Player, fields: dict[str, Any]) -> None:
    make_game(**fields)
    assert titles(player) == ["clt_dragonrising"]


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, True),
        ({"valid_to": date(2026, 11, 1)}, True),
        ({"valid_to": date(2026, 10, 31)}, False),
        ({"valid_from": date(2026, 11, 2)}, False),
        ({"jurisdiction_id": "SE"}, False),
        ({"variant": "rtp96"}, True),
        ({"variant": "rtp94"}, False),
    ],
)
def test_a_certificate_counts_where_when_and_for_what_it_was_given(
    player: Player, fields: dict[str, Any], *, shown: bool
) -> None:
    player.jurisdiction.__class__.objects.create(code="SE", name="Sweden")
    game = make_game(needs_certificate=True)
    variants = {
        "rtp94": RtpVariant.objects.create(game=game, code="rtp94", rtp_basis_points=9400),
        "rtp96": RtpVariant.objects.create(game=game, code="rtp96", rtp_basis_points=9600, is_default=True),
    }
    terms: dict[str, Any] = {
        "jurisdiction_id": "MT",
        "valid_from": date(2026, 1, 1),
        "laboratory": "GLI",
        "reference": "1",
    } | fields
    terms["variant"] = variants.get(terms.get("variant", ""))
    GameCertificate.objects.create(game=game, **terms)
    assert titles(player) == (["clt_dragonrising"] if shown else [])


def test_the_variant_that_the_brand_chose_needs_the_certificate(player: Player) -> None:
    game = make_game(needs_certificate=True)
    low = RtpVariant.objects.create(game=game, code="rtp94", rtp_basis_points=9400)
    high = RtpVariant.objects.create(game=game, code="rtp96", rtp_basis_points=9600, is_default=True)
    GameCertificate.objects.create(
        game=game, variant=high, jurisdiction_id="MT", valid_from=date(2026, 1, 1), laboratory="GLI", reference="1"
    )
    assert titles(player) == ["clt_dragonrising"]
    BrandGame.objects.create(brand=player.brand, game=game, variant=low)
    assert titles(player) == []


def test_a_day_begins_where_the_player_belongs(player: Player) -> None:
    player.jurisdiction.timezone = "Pacific/Auckland"  # thirteen hours ahead: 2 November already
    player.jurisdiction.save()
    make_game(released_on=date(2026, 11, 2))
    assert titles(player) == ["clt_dragonrising"]


@pytest.mark.parametrize(
    ("status", "restrictions", "shown"),
    [
        ("restricted", ["play"], False),
        ("restricted", ["withdrawal"], True),
        ("suspended", [], False),
        ("closed", [], False),
    ],
)
def test_who_may_not_play_sees_no_games(player: Player, status: str, restrictions: list[str], *, shown: bool) -> None:
    make_game()
    Player.objects.update(status=status, restrictions=restrictions)
    assert titles(player) == (["clt_dragonrising"] if shown else [])


def test_the_brand_orders_and_sorts_its_lobby(player: Player) -> None:
    first, second, last = make_game("b"), make_game("a"), make_game("c")
    BrandGame.objects.create(brand=player.brand, game=first, position=-5, category="winter")
    BrandGame.objects.create(brand=player.brand, game=last, position=7)
    assert titles(player) == ["b", "a", "c"]
    assert second.category == "slot"
    client = frontend_of(player)
    assert codes(client, category="winter") == ["b"]
    assert codes(client, category="slot") == ["a", "c"]


def test_the_lobby_can_be_narrowed(player: Player) -> None:
    other = Studio.objects.create(code="nordlight", name="Nordlight")
    make_game("fire_dragon", platforms=["mobile"])
    make_game("ice_dragon", studio=other, currencies=["USD"])
    make_game("lucky_bells", category="bingo")
    client = frontend_of(player)
    assert codes(client) == ["fire-dragon", "lucky-bells"]
    assert codes(client, platform="desktop") == ["lucky-bells"]
    assert codes(client, search="DRAGON") == ["fire-dragon"]
    assert codes(client, category="bingo") == ["lucky-bells"]
    assert codes(client, studio="caleta-gaming", platform="mobile") == ["fire-dragon", "lucky-bells"]
    assert codes(client, currency="USD", studio="nordlight") == ["ice-dragon"]
    assert codes(client, currency="JPY") == []


def codes(client: Client, **terms: str) -> list[str]:
    answer = client.get("/api/v1/games", terms)
    assert answer.status_code == 200, answer.content
    return [game["code"] for game in answer.json()["results"]]


@pytest.mark.parametrize(
    ("terms", "field"),
    [({"platform": "watch"}, "platform"), ({"currency": "e"}, "currency"), ({"limit": "0"}, "limit")],
)
def test_a_filter_that_makes_no_sense_is_refused(player: Player, terms: dict[str, str], field: str) -> None:
    answer = frontend_of(player).get("/api/v1/games", terms)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_pages_follow_each_other_without_gap_or_repeat(player: Player) -> None:
    expected = [make_game(f"game_{number:02d}").public_code for number in range(25)]
    client, seen, url = frontend_of(player), [], "/api/v1/games?limit=7"
    while url:
        page = client.get(url).json()
        seen += [game["code"] for game in page["results"]]
        url = page["next"]
    assert seen == expected


def test_the_lobby_costs_one_query_however_many_games(
    player: Player, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    found = Player.objects.select_related("brand", "jurisdiction").get(pk=player.pk)
    for number in range(30):
        make_game(f"game_{number}")
    with django_assert_num_queries(1):
        assert len([game.studio.name for game in games_for(found, now=NOW)]) == 30
    client = frontend_of(player)
    with django_assert_num_queries(3):  # the session, its jurisdiction, the games
        assert len(client.get("/api/v1/games").json()["results"]) == 30


def test_the_lobby_is_for_players_only(client: Client) -> None:
    assert client.get("/api/v1/games").status_code == 401


def test_a_certificate_that_ends_tonight_hides_the_game_tomorrow(player: Player) -> None:
    game = make_game(needs_certificate=True)
    GameCertificate.objects.create(
        game=game,
        jurisdiction_id="MT",
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 11, 1),
        laboratory="GLI",
        reference="1",
    )
    with time_machine.travel("2026-11-01T22:59:00Z", tick=False):
        client = frontend_of(player)
        assert codes(client) == ["clt-dragonrising"]
    with time_machine.travel("2026-11-01T23:00:00Z", tick=False):  # midnight in Malta
        assert codes(client) == []
