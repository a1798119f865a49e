"""What players do is told to the outbox in the same transaction, without their personal data."""

import json
from typing import Any

import pytest
from django.db import connection

from apps.core import clock
from apps.players.caller import Caller
from apps.players.models import Player
from apps.players.operations import change_contact, change_status, log_in
from apps.players.operations.login import InvalidCredentials
from tests.factories.players import PASSWORD, make_brand, make_player

pytestmark = pytest.mark.django_db


def facts() -> list[tuple[str, int, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, player_id, data FROM integrations_fact ORDER BY id")
        return [(kind, player, json.loads(data)) for kind, player, data in cursor.fetchall()]


def test_each_thing_a_player_does_becomes_one_fact() -> None:
    make_brand()
    player = make_player()
    caller, now = Caller(remote_address="203.0.113.9", user_agent="test", device="d"), clock.now()
    with pytest.raises(InvalidCredentials):
        log_in(brand=player.brand.code, username=player.username, password="wrong", caller=caller, now=now)
    log_in(brand=player.brand.code, username=player.username, password=PASSWORD, caller=caller, now=now)
    change_contact(player_id=player.pk, changes={"city": "Valletta"}, actor="player", now=now)
    change_contact(player_id=player.pk, changes={"city": "Valletta"}, actor="player", now=now)
    change_status(player_id=player.pk, to=Player.Status.SUSPENDED, reason_code="test", actor="test", now=now)
    told = facts()
    assert [(kind, who) for kind, who, _ in told] == [
        ("player.registered", player.pk),
        ("player.login_failed", player.pk),
        ("player.logged_in", player.pk),
        ("player.profile_changed", player.pk),
        ("player.status_changed", player.pk),
    ]
    assert told[3][2]["fields"] == ["city"]
    assert (told[4][2]["before"], told[4][2]["after"]) == ("active", "suspended")
    text = json.dumps([data for _, _, data in told])
    for personal in (player.email, player.username, player.last_name, "Valletta", "203.0.113.9"):
        assert personal not in text


def test_nothing_is_told_of_an_unknown_name() -> None:
    brand = make_brand()
    caller = Caller(remote_address=None, user_agent="", device="")
    with pytest.raises(InvalidCredentials):
        log_in(brand=brand.code, username="nobody", password="wrong", caller=caller, now=clock.now())
    assert facts() == []
