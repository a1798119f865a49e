"""GET and PATCH me: the profile, and the part of it that its player may change."""

from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from apps.brands.models import Brand
from apps.players.models import Player, ProfileChange
from tests.factories.players import PlayerClient, logged_in, make_player, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def player(brand: Brand) -> Player:
    return make_player()


@pytest.fixture
def caller(player: Player) -> PlayerClient:
    return logged_in(player)


def test_each_player_sees_the_own_profile(caller: PlayerClient, player: Player) -> None:
    other = make_player()
    assert caller.get("me").json()["id"] == str(player.public_id)
    assert logged_in(other).get("me").json()["id"] == str(other.public_id)


def test_the_password_is_in_no_answer(caller: PlayerClient, player: Player) -> None:
    player.refresh_from_db()
    body = caller.get("me").content.decode()
    assert "password" not in body
    assert player.password not in body


def test_contact_details_change_and_what_they_were_is_kept(caller: PlayerClient, player: Player) -> None:
    changes = {"email": "new@example.com", "phone": "+35621234567", "city": "Valletta", "language": "mt"}
    response = caller.patch("me", changes)
    assert response.status_code == 200
    assert {name: response.json()[name] for name in changes} == changes
    assert {name: caller.get("me").json()[name] for name in changes} == changes
    rows = ProfileChange.objects.order_by("pk").values_list("player", "field", "old_value", "new_value", "actor")
    assert list(rows) == [
        (player.pk, "email", player.email, "new@example.com", "player"),
        (player.pk, "phone", "", "+35621234567", "player"),
        (player.pk, "city", "", "Valletta", "player"),
        (player.pk, "language", "en", "mt", "player"),
    ]


def test_what_stays_the_same_is_not_recorded(caller: PlayerClient, player: Player) -> None:
    assert caller.patch("me", {"email": player.email}).status_code == 200
    assert caller.patch("me", {}).status_code == 200
    assert not ProfileChange.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", "Berit"),
        ("birth_date", "1990-01-01"),
        ("country", "SE"),
        ("username", "berit"),
        ("password", "quiet-harbour-43"),
        ("status", "active"),
        ("restrictions", []),
        ("currency", "SEK"),
        ("is_test", True),
        ("no_such_field", 1),
    ],
)
def test_what_is_no_contact_detail_is_refused_and_nothing_changes(
    caller: PlayerClient, player: Player, field: str, value: Any
) -> None:
    body = problem(caller.patch("me", {"city": "Valletta", field: value}), 400, "validation-failed")
    assert body["errors"] == [{"field": field, "code": "read_only", "message": "This cannot be changed here."}]
    before = Player.objects.values().get(pk=player.pk)
    assert before["city"] == ""
    assert not ProfileChange.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", ""), ("email", "nobody"), ("email", None), ("phone", "call me"), ("city", "x" * 81), ("language", "EN")],
)
def test_a_value_that_cannot_be_is_named(caller: PlayerClient, field: str, value: Any) -> None:
    errors = problem(caller.patch("me", {field: value}), 400, "validation-failed")["errors"]
    assert [error["field"] for error in errors] == [field]


def test_an_email_address_of_somebody_else_is_refused(caller: PlayerClient, player: Player) -> None:
    other = make_player()
    problem(caller.patch("me", {"email": other.email.upper(), "city": "Valletta"}), 409, "email-taken")
    player.refresh_from_db()
    assert (player.email, player.city) != (other.email.upper(), "Valletta")
    assert player.city == ""
    assert not ProfileChange.objects.exists()


def test_what_is_no_object_is_refused(caller: PlayerClient) -> None:
    problem(caller.patch("me", ["email"]), 400, "validation-failed")


def test_showing_the_profile_takes_one_query(caller: PlayerClient) -> None:
    with override_settings(SANDBOX=False), CaptureQueriesContext(connection) as queries:
        assert caller.get("me").status_code == 200
    assert len(queries) == 1
