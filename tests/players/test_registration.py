"""POST players: who gets an account, and what it consists of."""

import hashlib
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from apps.brands.models import Brand, Market
from apps.core.models import IdempotencyKey
from apps.players.models import Player
from apps.transactions.models import Account
from tests.factories.players import PASSWORD, PlayerClient, login, make_brand, problem, registration_body

pytestmark = pytest.mark.django_db


def register(client: Client, *, key: str | None = None, **changes: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(
        "/api/v1/players", registration_body(**changes), content_type="application/json", headers=headers
    )


def nothing_was_made() -> bool:
    return not Player.objects.exists() and not Account.objects.exists()


def test_a_registered_player_has_a_profile_and_an_empty_wallet(brand: Brand, client: Client) -> None:
    response = register(client, phone="+356 2123 4567")
    assert response.status_code == 201
    player = Player.objects.get()
    body = response.json()
    registered_at = body.pop("registered_at")
    assert registered_at.endswith("Z")
    assert body == {
        "id": str(player.public_id),
        "username": "astrid",
        "brand": "aurora",
        "email": "astrid@example.com",
        "first_name": "Astrid",
        "last_name": "Vella",
        "birth_date": "1991-04-17",
        "country": "MT",
        "jurisdiction": "MT",
        "currency": "EUR",
        "phone": "+356 2123 4567",
        "street": "",
        "city": "",
        "postcode": "",
        "language": "en",
        "status": "active",
        "restrictions": [],
        "last_login_at": None,
    }
    accounts = Account.objects.filter(player_id=player.pk, currency="EUR", brand_id=brand.pk, balance=0)
    assert sorted(accounts.values_list("kind", flat=True)) == ["bonus", "cash", "locked", "restricted"]


def test_the_password_is_kept_as_a_hash_only(brand: Brand, client: Client) -> None:
    assert PASSWORD.encode() not in register(client).content
    assert PASSWORD not in str(Player.objects.values().get())


def test_argon2_is_what_players_passwords_are_hashed_with(brand: Brand, client: Client, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    register(client)
    assert Player.objects.get().password.startswith("argon2$argon2id$")
    assert login(client).status_code == 201


@pytest.mark.parametrize("changes", [{"username": "ASTRID", "email": "other@example.com"}])
def test_a_username_is_taken_in_any_case(brand: Brand, client: Client, changes: dict[str, str]) -> None:
    register(client)
    problem(register(client, **changes), 409, "username-taken")
    assert Player.objects.count() == 1


def test_an_email_address_is_taken_in_any_case(brand: Brand, client: Client) -> None:
    register(client)
    problem(register(client, username="berit", email="ASTRID@Example.com"), 409, "email-taken")
    assert Player.objects.count() == 1


def test_another_brand_is_another_casino(brand: Brand, client: Client) -> None:
    make_brand("nordlys")
    assert register(client).status_code == 201
    assert register(client, brand="nordlys").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_two_registrations_at_once_with_one_username_one_wins() -> None:
    make_brand()
    together = threading.Barrier(2)
    statuses: list[int] = []

    def run(number: int) -> None:
        try:
            together.wait(timeout=10)
            response = register(Client(), email=f"astrid{number}@example.com")
            statuses.append(response.status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(statuses) == [201, 409]
    assert Player.objects.count() == 1
    assert Account.objects.count() == 4


@pytest.mark.parametrize(
    ("now", "country", "birth_date", "minimum"),
    [
        # 18 in Malta begins at midnight there, which is 23:00 in UTC.
        ("2026-03-10T22:59:00Z", "MT", "2008-03-11", 18),
        ("2026-03-10T12:00:00Z", "CA", "2007-03-11", 19),
        ("2026-02-28T12:00:00Z", "SE", "2008-02-29", 18),
    ],
)
def test_who_is_a_day_too_young_is_refused(
    brand: Brand, client: Client, now: str, country: str, birth_date: str, minimum: int
) -> None:
    with time_machine.travel(now, tick=False):
        response = register(client, country=country, birth_date=birth_date)
    assert problem(response, 422, "too-young")["minimum_age"] == minimum
    assert nothing_was_made()


@pytest.mark.parametrize(
    ("now", "country", "birth_date"),
    [
        ("2026-03-10T23:01:00Z", "MT", "2008-03-11"),
        ("2026-03-11T12:00:00Z", "CA", "2007-03-11"),
        ("2026-03-01T12:00:00Z", "SE", "2008-02-29"),
    ],
)
def test_who_is_just_old_enough_is_let_in(
    brand: Brand, client: Client, now: str, country: str, birth_date: str
) -> None:
    with time_machine.travel(now, tick=False):
        assert register(client, country=country, birth_date=birth_date).status_code == 201


def test_the_country_decides_the_jurisdiction(brand: Brand, client: Client) -> None:
    assert register(client, country="FI").json()["jurisdiction"] == "MT"


def test_countries_without_an_open_market_are_refused(brand: Brand, client: Client) -> None:
    problem(register(client, country="US"), 422, "country-not-served")
    Market.objects.filter(jurisdiction="SE").update(is_open=False)
    problem(register(client, country="SE"), 422, "country-not-served")
    assert nothing_was_made()


def test_a_currency_the_brand_does_not_offer_is_refused(brand: Brand, client: Client) -> None:
    assert problem(register(client, currency="USD"), 422, "currency-not-offered")["offered"] == ["EUR", "SEK"]
    brand.currencies.filter(code="SEK").update(is_enabled=False)
    problem(register(client, currency="SEK"), 422, "currency-not-offered")
    assert nothing_was_made()


def test_an_unknown_and_a_closed_brand_are_refused_alike(brand: Brand, client: Client) -> None:
    problem(register(client, brand="nowhere"), 422, "unknown-brand")
    Brand.objects.update(is_enabled=False)
    problem(register(client), 422, "unknown-brand")
    assert nothing_was_made()


@pytest.mark.parametrize("password", ["password123", "astrid@example", "11111111"])
def test_a_password_that_is_easily_guessed_is_refused(brand: Brand, client: Client, password: str) -> None:
    assert problem(register(client, password=password), 422, "password-too-weak")["reasons"]
    assert nothing_was_made()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "a"),
        ("username", "has space"),
        ("username", "Ästrid"),
        ("username", "x" * 65),
        ("username", ["astrid"]),
        ("password", "short"),
        ("password", "x" * 129),
        ("email", "nobody"),
        ("birth_date", "17.04.1991"),
        ("birth_date", "2999-01-01"),
        ("birth_date", "1850-01-01"),
        ("country", "Malta"),
        ("currency", "eur"),
        ("first_name", ""),
        ("last_name", None),
        ("brand", "no such brand"),
        ("phone", "call me"),
    ],
)
def test_a_value_that_cannot_be_is_named(brand: Brand, client: Client, field: str, value: Any) -> None:
    errors = problem(register(client, **{field: value}), 400, "validation-failed")["errors"]
    assert {error["field"] for error in errors} == {field}
    assert nothing_was_made()


def test_a_registration_repeated_with_its_key_is_answered_again(brand: Brand, client: Client) -> None:
    first = register(client, key="intention-1")
    again = register(client, key="intention-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert Player.objects.count() == 1
    problem(register(client, key="intention-1", username="berit"), 422, "idempotency-key-reused")


def test_registrations_from_one_address_are_limited(brand: Brand, client: Client) -> None:
    for number in range(30):
        assert register(client, username=f"astrid{number}", email=f"a{number}@example.com").status_code == 201
    response = register(client, username="one-more", email="one-more@example.com")
    problem(response, 429, "rate-limited")
    assert 0 < int(response["Retry-After"]) <= timedelta(hours=1).total_seconds()
    assert Player.objects.count() == 30


def test_registering_does_not_log_in(brand: Brand, client: Client) -> None:
    body = register(client).json()
    problem(PlayerClient(body["id"], client).get("me"), 401, "authentication-failed")


def test_what_is_kept_of_a_keyed_registration_does_not_give_its_password_away(brand: Brand, client: Client) -> None:
    register(client, key="intention-1")
    row = IdempotencyKey.objects.get()
    canonical = json.dumps([[], registration_body()], sort_keys=True, separators=(",", ":"))
    assert bytes(row.fingerprint) != hashlib.sha256(canonical.encode()).digest()
    assert PASSWORD.encode() not in bytes(row.body or b"")
