"""The lock of log-ins and the mark of dormant accounts, as the law of a market wants them (reference 3.9)."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.brands.models import Jurisdiction, Market
from apps.compliance.tasks import mark_dormant
from apps.core import clock
from apps.players.models import LoginAttempt, Player, PlayerSession
from apps.players.passwords import password_hash
from tests.factories.cases import colleague
from tests.factories.games import make_player
from tests.factories.players import PASSWORD
from tests.factories.policies import load_matrix

pytestmark = pytest.mark.django_db
WRONG = "wrong-harbour-42"


@pytest.fixture
def player(client: Client) -> Player:
    load_matrix()
    return make_player("astrid", password=password_hash(PASSWORD))


def serve_new_jersey(player: Player) -> None:
    Market.objects.create(brand=player.brand, jurisdiction=Jurisdiction.objects.get(code="US-NJ"), countries=["US"])


def try_in(client: Client, name: str, password: str = PASSWORD) -> tuple[int, str]:
    body = {"brand": "aurora", "username": name, "password": password}
    reply = client.post("/api/v1/sessions", body, content_type="application/json")
    return reply.status_code, reply.json().get("code", "")


def unlock(player: Player, role: str) -> Any:
    client = Client()
    client.force_login(colleague(role, brand=player.brand))
    page = reverse("admin:players_player_unlock", args=[player.pk])
    return client.post(page, {"reason": "Passport shown in a video call"}, follow=True)


@pytest.mark.parametrize("name", ["astrid", "nobody"])
def test_three_wrong_passwords_lock_a_name_where_the_law_says_so_and_time_opens_it_not(
    player: Player, client: Client, name: str
) -> None:
    serve_new_jersey(player)
    for _ in range(3):
        assert try_in(client, name, WRONG) == (401, "invalid-credentials")
    clock.advance(30 * 24 * 60 * 60)
    assert try_in(client, name) == (403, "login-locked-until-proven")
    assert not PlayerSession.objects.exists()


def test_elsewhere_three_are_no_lock_and_the_law_of_another_market_is_not_borrowed(
    player: Player, client: Client
) -> None:
    for _ in range(4):
        assert try_in(client, "astrid", WRONG)[0] == 401
    assert try_in(client, "astrid")[0] == 201


def test_the_third_wrong_password_counts_in_a_row_only(player: Player, client: Client) -> None:
    serve_new_jersey(player)
    for _ in range(2):
        try_in(client, "astrid", WRONG)
    assert try_in(client, "astrid")[0] == 201
    for _ in range(2):
        try_in(client, "astrid", WRONG)
    assert try_in(client, "astrid")[0] == 201


def test_staff_open_the_lock_once_the_player_has_shown_who_it_is(player: Player, client: Client) -> None:
    serve_new_jersey(player)
    reply = unlock(player, "kyc_agent")
    assert "no longer applies here" in reply.content.decode()
    assert reverse("admin:players_player_unlock", args=[player.pk]) not in reply.content.decode()
    assert not LoginAttempt.objects.exists()
    for _ in range(3):
        try_in(client, "astrid", WRONG)
    assert unlock(player, "support").status_code == 403
    assert try_in(client, "astrid")[0] == 403
    assert "astrid may log in again." in unlock(player, "investigator").content.decode()
    assert try_in(client, "astrid")[0] == 201
    outcomes = LoginAttempt.objects.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == [*["wrong-password"] * 3, "locked", "unlocked", "success"]
    assert "Passport shown in a video call" in LogEntry.objects.get().change_message


def test_guesses_at_a_name_that_nobody_had_lock_out_nobody_who_takes_it(player: Player, client: Client) -> None:
    serve_new_jersey(player)
    for _ in range(3):
        try_in(client, "bea", WRONG)
    clock.advance(60)
    make_player("bea", password=password_hash(PASSWORD), registered_at=clock.now())
    assert try_in(client, "bea")[0] == 201


def test_an_account_that_nobody_uses_for_a_year_is_dormant_until_the_next_log_in(
    player: Player, client: Client
) -> None:
    serve_new_jersey(player)
    at = clock.now()
    Player.objects.filter(pk=player.pk).update(jurisdiction="US-NJ", last_login_at=at - timedelta(days=364, hours=23))
    others = [make_player(name) for name in ("maltese", "closed")]
    Player.objects.filter(pk__in=[each.pk for each in others]).update(registered_at=at - timedelta(days=900))
    Player.objects.filter(pk=others[1].pk).update(jurisdiction="US-NJ", status="closed")
    assert mark_dormant() == 0
    clock.advance(60 * 60)
    assert (mark_dormant(), mark_dormant()) == (1, 0)
    assert list(Player.objects.exclude(dormant_at=None)) == [player]
    with connection.cursor() as cursor:
        cursor.execute("SELECT player_id, data ->> 'days' FROM integrations_fact WHERE kind = 'player.became_dormant'")
        assert cursor.fetchall() == [(player.pk, "365")]

    staff = Client()
    staff.force_login(colleague("support", brand=player.brand))
    page = reverse("admin:players_player_change", args=[player.pk])
    assert "dormant" in staff.get(page).content.decode()
    assert try_in(client, "astrid")[0] == 201
    assert Player.objects.get(pk=player.pk).dormant_at is None
    assert "dormant" not in staff.get(page).content.decode()
