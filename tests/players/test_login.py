"""POST sessions: the players' door and its lock."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from apps.brands.models import Brand
from apps.core import clock
from apps.players.models import LoginAttempt, Player, PlayerSession
from apps.players.operations import change_status
from apps.players.operations import login as login_module
from tests.factories.players import PASSWORD, PlayerClient, logged_in, login, make_brand, make_player, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def player(brand: Brand) -> Player:
    return make_player()


def outcomes() -> list[str]:
    return list(LoginAttempt.objects.order_by("pk").values_list("outcome", flat=True))


def set_status(player: Player, to: str, *restrictions: str) -> None:
    change_status(
        player_id=player.pk, to=to, restrictions=restrictions, reason_code="test", actor="test", now=clock.now()
    )


def test_a_log_in_opens_a_session_and_is_recorded(player: Player, client: Client) -> None:
    response = client.post(
        "/api/v1/sessions",
        {"username": player.username.upper(), "password": PASSWORD, "brand": "aurora", "device": "web-1"},
        content_type="application/json",
        headers={"User-Agent": "Test/1"},
        REMOTE_ADDR="192.0.2.7",
    )
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    session = PlayerSession.objects.get()
    assert body == {
        "token": body["token"],
        "expires_at": session.expires_at.isoformat().replace("+00:00", "Z"),
        "session": str(session.public_id),
    }
    assert session.expires_at - session.created_at == timedelta(hours=12)
    assert (session.remote_address, session.user_agent, session.device) == ("192.0.2.7", "Test/1", "web-1")
    attempt = LoginAttempt.objects.get()
    assert (attempt.player, attempt.outcome, attempt.remote_address) == (player, "success", "192.0.2.7")
    player.refresh_from_db()
    assert player.last_login_at == session.created_at


def test_the_token_itself_is_stored_nowhere(player: Player, client: Client) -> None:
    token = login(client, player.username).json()["token"]
    stored = PlayerSession.objects.values().get()
    assert len(bytes(stored["token_digest"])) == 32
    assert token not in str({name: bytes(v) if isinstance(v, memoryview) else v for name, v in stored.items()})


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(player: Player, client: Client) -> None:
    wrong = problem(login(client, player.username, "wrong-harbour-42"), 401, "invalid-credentials")
    unknown = problem(login(client, "nobody", "wrong-harbour-42"), 401, "invalid-credentials")
    assert {**wrong, "request_id": ""} == {**unknown, "request_id": ""}
    assert outcomes() == ["wrong-password", "unknown-user"]
    assert not PlayerSession.objects.exists()


def test_an_unknown_name_costs_a_hash_too(
    player: Player, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    login(client, player.username, "wrong-harbour-42")
    login(client, "nobody", "wrong-harbour-42")
    assert hashed == ["wrong-harbour-42"] * 2


def test_another_brands_player_is_unknown_here(player: Player, client: Client) -> None:
    make_brand("nordlys")
    problem(login(client, player.username, brand="nordlys"), 401, "invalid-credentials")


@pytest.mark.parametrize("known", [True, False])
def test_five_wrong_passwords_lock_a_name_whether_it_exists_or_not(
    player: Player,
    client: Client,
    known: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    name = player.username if known else "nobody"
    for _ in range(5):
        problem(login(client, name, "wrong-harbour-42"), 401, "invalid-credentials")
    response = login(client, name)
    assert problem(response, 429, "login-locked")["retry_after_seconds"] == int(response["Retry-After"])
    assert 880 <= int(response["Retry-After"]) <= 900
    assert outcomes()[5:] == ["locked"]
    assert not PlayerSession.objects.exists()


def test_a_lock_opens_with_time_and_knocking_does_not_prolong_it(player: Player, client: Client) -> None:
    for _ in range(5):
        login(client, player.username, "wrong-harbour-42")
    clock.advance(14 * 60)
    problem(login(client, player.username), 429, "login-locked")
    clock.advance(61)
    assert login(client, player.username).status_code == 201


def test_a_right_password_starts_the_count_anew(player: Player, client: Client) -> None:
    for _ in range(2):
        for _ in range(4):
            problem(login(client, player.username, "wrong-harbour-42"), 401, "invalid-credentials")
        assert login(client, player.username).status_code == 201


def test_the_lock_of_one_name_does_not_lock_another(player: Player, client: Client) -> None:
    for _ in range(5):
        login(client, "nobody", "wrong-harbour-42")
    assert login(client, player.username).status_code == 201


def test_upper_case_is_no_way_around_the_lock(player: Player, client: Client) -> None:
    for _ in range(5):
        login(client, player.username, "wrong-harbour-42")
    problem(login(client, player.username.upper()), 429, "login-locked")


def test_an_address_that_tries_many_names_is_locked_out(player: Player, client: Client, settings: Any) -> None:
    settings.PLAYER_RATE_LIMITS = {**settings.PLAYER_RATE_LIMITS, "login-failures": (7, 900)}
    for number in range(7):
        problem(login(client, f"nobody{number}", "wrong-harbour-42"), 401, "invalid-credentials")
    problem(login(client, player.username), 429, "login-locked")
    assert outcomes()[-1] == "address-locked"
    elsewhere = Client(REMOTE_ADDR="192.0.2.9")
    assert login(elsewhere, player.username).status_code == 201


def test_attempts_from_one_address_are_limited(player: Player, client: Client) -> None:
    for _ in range(60):
        assert login(client, player.username).status_code == 201
    problem(login(client, player.username), 429, "rate-limited")


@pytest.mark.django_db(transaction=True)
def test_guesses_sent_at_once_are_counted_one_by_one() -> None:
    make_brand()
    player = make_player()
    together = threading.Barrier(12)
    statuses: list[int] = []

    def guess(number: int) -> None:
        try:
            together.wait(timeout=10)
            statuses.append(login(Client(), player.username, f"guess-number-{number}").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(statuses) == [401] * 5 + [429] * 7
    assert sorted(outcomes()) == ["locked"] * 7 + ["wrong-password"] * 5


@pytest.mark.parametrize(
    ("status", "restrictions", "code"),
    [
        ("suspended", (), "account-suspended"),
        ("closed", (), "account-closed"),
        ("restricted", ("login", "play"), "login-restricted"),
    ],
)
def test_who_may_not_log_in_is_told_so_only_with_the_right_password(
    player: Player, client: Client, status: str, restrictions: tuple[str, ...], code: str
) -> None:
    set_status(player, status, *restrictions)
    problem(login(client, player.username, "wrong-harbour-42"), 401, "invalid-credentials")
    problem(login(client, player.username), 403, code)
    assert outcomes() == ["wrong-password", code]
    assert not PlayerSession.objects.exists()


def test_a_player_restricted_in_other_ways_may_log_in(player: Player, client: Client) -> None:
    set_status(player, "restricted", "play", "deposit")
    assert logged_in(player).get("me").json()["restrictions"] == ["deposit", "play"]


def test_nobody_logs_in_at_a_closed_brand(player: Player, client: Client) -> None:
    Brand.objects.update(is_enabled=False)
    problem(login(client, player.username), 422, "unknown-brand")


def test_an_old_hash_is_replaced_at_log_in(player: Player, client: Client, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert login(client, player.username).status_code == 201
    player.refresh_from_db()
    assert player.password.startswith("pbkdf2_sha256$")
    assert login(client, player.username).status_code == 201


@pytest.mark.parametrize(
    "body",
    [{}, [], {"username": "a", "password": "b"}, {"username": ["a"], "password": "b", "brand": "aurora"}],
)
def test_a_body_that_is_no_log_in_is_refused(player: Player, client: Client, body: Any) -> None:
    response = client.post("/api/v1/sessions", body, content_type="application/json")
    problem(response, 400, "validation-failed")
    assert outcomes() == []


def test_a_stale_token_does_not_stand_in_the_way_of_a_log_in(player: Player, client: Client) -> None:
    response = PlayerClient("stale", client).post(
        "sessions", {"username": player.username, "password": PASSWORD, "brand": "aurora"}
    )
    assert response.status_code == 201


# Staff and players never share a door.


def test_a_member_of_staff_cannot_log_in_as_a_player(brand: Brand, client: Client) -> None:
    User.objects.create_superuser("boss", "boss@example.com", PASSWORD)
    problem(login(client, "boss"), 401, "invalid-credentials")
    assert outcomes() == ["unknown-user"]


def test_a_session_of_the_staff_site_opens_nothing_in_the_player_api(brand: Brand, client: Client) -> None:
    client.force_login(User.objects.create_superuser("boss", "boss@example.com", PASSWORD))
    for path in ("me", "wallets", "transactions", "sessions"):
        problem(client.get(f"/api/v1/{path}"), 401, "not-authenticated")


def test_a_player_cannot_log_in_at_the_staff_site(player: Player, client: Client) -> None:
    response = client.post("/admin/login/", {"username": player.username, "password": PASSWORD})
    assert response.status_code != 302
    assert "_auth_user_id" not in client.session


def test_a_players_token_opens_nothing_in_the_staff_site(player: Player) -> None:
    caller = logged_in(player)
    response = caller.client.get("/admin/", headers=caller.headers)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_log_in_results_do_not_show_the_token_in_logs(player: Player) -> None:
    result = login_module.LoggedIn(session=PlayerSession(pk=1), token="secret")
    assert "secret" not in repr(result)
