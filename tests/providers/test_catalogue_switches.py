"""Switching games, studios and brands' settings on and off, and certificates about to end."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from apps.core import clock
from apps.players.models import Player
from apps.providers.catalogue import (
    ReasonRequired,
    expiring_certificates,
    switch_brand_game,
    switch_game,
    switch_studio,
)
from apps.providers.models import BrandGame, Game, GameCertificate, RtpVariant, Studio
from tests.contracts.family import Vendor
from tests.factories.games import frontend_of, make_game
from tests.providers.table import GAME, cash_of, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> User:
    return staff("manager", "switch_game")


def lobby(player: Player) -> list[str]:
    return [game["code"] for game in frontend_of(player).get("/api/v1/games").json()["results"]]


def history_of(row: Any) -> Any:
    """Changes of a row, oldest first."""
    return row.history.order_by("history_id")


def test_a_game_goes_off_and_on_at_once_and_its_history_says_why(
    vendor: Vendor, player: Player, game: Game, manager: User
) -> None:
    now = clock.now()
    switch_game(game_id=game.pk, enabled=False, reason=" RTP alert ", actor=manager, now=now)
    assert lobby(player) == []
    assert vendor.bet(100_000, **GAME)["status"] != "RS_OK"
    assert cash_of(player) == 100_000_000
    switch_game(game_id=game.pk, enabled=True, reason="cleared", actor=manager, now=now + timedelta(seconds=1))
    assert lobby(player) == ["clt-dragonrising"]
    assert vendor.bet(100_000, **GAME)["status"] == "RS_OK"
    changes = [
        (change.is_enabled, change.history_change_reason, change.history_user, change.history_date)
        for change in history_of(game)[1:]
    ]
    assert changes == [
        (False, "RTP alert", manager, now),
        (True, "cleared", manager, now + timedelta(seconds=1)),
    ]


def test_a_studio_takes_its_games_with_it(vendor: Vendor, player: Player, game: Game, manager: User) -> None:
    other = Studio.objects.create(code="nordlight", name="Nordlight")
    make_game("ice", studio=other)
    switch_studio(studio_id=game.studio_id, enabled=False, reason="contract ended", actor=manager, now=clock.now())
    assert lobby(player) == ["ice"]
    assert vendor.bet(100_000, **GAME)["status"] != "RS_OK"
    assert vendor.bet(100_000, game_code="ice")["status"] == "RS_OK"
    assert Game.objects.filter(is_enabled=True).count() == 2
    assert history_of(game.studio).last().history_change_reason == "contract ended"


def test_a_brand_has_its_own_word(vendor: Vendor, player: Player, game: Game, manager: User) -> None:
    terms: dict[str, Any] = {"brand_id": player.brand_id, "game_id": game.pk, "actor": manager, "now": clock.now()}
    switch_brand_game(**terms, enabled=False, reason="not our style")
    assert lobby(player) == []
    assert vendor.bet(100_000, **GAME)["status"] != "RS_OK"
    switch_brand_game(**terms, enabled=True, reason="asked for")
    assert lobby(player) == ["clt-dragonrising"]
    setting = BrandGame.objects.get()
    assert [change.history_change_reason for change in history_of(setting)] == ["not our style", "asked for"]


def test_switching_to_what_is_leaves_no_trace(game: Game, manager: User) -> None:
    before = history_of(game).count()
    switch_game(game_id=game.pk, enabled=True, reason="to be sure", actor=manager, now=clock.now())
    assert history_of(game).count() == before


def test_it_needs_the_permission_and_a_reason(player: Player, game: Game, manager: User) -> None:
    nobody = staff("nobody", "change_game")
    now = clock.now()
    with pytest.raises(PermissionDenied):
        switch_game(game_id=game.pk, enabled=False, reason="why", actor=nobody, now=now)
    with pytest.raises(PermissionDenied):
        switch_studio(studio_id=game.studio_id, enabled=False, reason="why", actor=nobody, now=now)
    with pytest.raises(PermissionDenied):
        switch_brand_game(brand_id=player.brand_id, game_id=game.pk, enabled=False, reason="why", actor=nobody, now=now)
    for reason in ("", " ", "x" * 101):
        with pytest.raises(ReasonRequired):
            switch_game(game_id=game.pk, enabled=False, reason=reason, actor=manager, now=now)
    assert lobby(player) == ["clt-dragonrising"]


TODAY = date(2026, 11, 1)


def certify(game: Game, **fields: Any) -> GameCertificate:
    defaults: dict[str, Any] = {
        "jurisdiction_id": "MT",
        "valid_from": date(2026, 1, 1),
        "valid_to": TODAY + timedelta(days=30),
        "laboratory": "GLI",
        "reference": "1",
    }
    return GameCertificate.objects.create(game=game, **(defaults | fields))


def test_certificates_about_to_end_are_reported_soonest_first(player: Player) -> None:
    first, second, later = (make_game(f"game_{number}", needs_certificate=True) for number in range(3))
    in_two_months = certify(first, valid_to=TODAY + timedelta(days=60))
    ended = certify(second, valid_to=TODAY - timedelta(days=1))
    certify(later, valid_to=TODAY + timedelta(days=61))
    certify(later, valid_to=None)
    assert list(expiring_certificates(today=TODAY)) == [ended, in_two_months]
    assert list(expiring_certificates(today=TODAY, within=timedelta(0))) == [ended]


def test_games_that_are_off_or_need_none_are_left_out(player: Player) -> None:
    certify(make_game("off", needs_certificate=True, is_enabled=False))
    certify(make_game("free", needs_certificate=False))
    assert not expiring_certificates(today=TODAY).exists()


@pytest.mark.parametrize(
    ("successor", "reported"),
    [
        ({"valid_from": TODAY, "valid_to": None}, False),
        ({"valid_from": TODAY, "valid_to": TODAY + timedelta(days=400)}, False),
        ({"valid_from": TODAY + timedelta(days=31), "valid_to": None}, True),
        ({"valid_from": TODAY, "valid_to": None, "jurisdiction_id": "SE"}, True),
        ({"valid_from": TODAY, "valid_to": None, "variant": "rtp96"}, True),
    ],
)
def test_a_successor_without_a_gap_settles_it(player: Player, successor: dict[str, Any], *, reported: bool) -> None:
    player.jurisdiction.__class__.objects.create(code="SE", name="Sweden")
    game = make_game("game", needs_certificate=True)
    if "variant" in successor:
        successor = successor | {"variant": RtpVariant.objects.create(game=game, code="rtp96", rtp_basis_points=9600)}
    ending = certify(game)
    certify(game, **successor)
    # The successor itself may be among those that end.
    assert (ending in expiring_certificates(today=TODAY)) is reported
