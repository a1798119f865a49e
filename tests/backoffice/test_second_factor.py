"""The second factor: no door of the staff site opens with the password alone (trap T7)."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from apps.providers.models import Game
from tests.backoffice.conftest import PASSWORD, make_staff
from tests.backoffice.test_crawl import addresses
from tests.contracts.family import Vendor


def code_of(secret: str) -> str:
    """What the device shows now."""
    before, now, *_ = [*yield_hotp_counters_from_time(), 0]
    return format_hotp_value(hotp_value(secret, now or before))


def log_in(client: Client, username: str, password: str = PASSWORD) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": username, "password": password})


@pytest.fixture
def secret(db: None) -> str:
    """A member of staff of the auditor role, with a device."""
    user = make_staff("auditor")
    made = generate_totp_secret()
    TOTP.activate(user, made)
    return made


def test_whoever_has_a_device_must_show_it(secret: str) -> None:
    client = Client()
    assert log_in(client, "auditor").headers["Location"] == "/admin/"
    asked = client.get("/admin/")
    assert asked.headers["Location"] == "/admin/second-factor/?next=%2Fadmin%2F"
    wrong = client.post(asked.headers["Location"], {"code": "000000"})
    assert "not right" in wrong.content.decode()
    assert client.get("/admin/").status_code == 302
    right = client.post(asked.headers["Location"], {"code": code_of(secret)})
    assert right.headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_code_works_once(secret: str) -> None:
    code = code_of(secret)
    first, second = Client(), Client()
    log_in(first, "auditor")
    log_in(second, "auditor")
    assert first.post("/admin/second-factor/", {"code": code}).status_code == 302
    assert second.post("/admin/second-factor/", {"code": code}).status_code == 200
    assert second.get("/admin/").status_code == 302


def test_a_new_login_asks_again(secret: str) -> None:
    client = Client()
    log_in(client, "auditor")
    client.post("/admin/second-factor/", {"code": code_of(secret)})
    assert client.get("/admin/").status_code == 200
    client.post("/admin/logout/")
    log_in(client, "auditor")
    assert client.get("/admin/").headers["Location"].startswith("/admin/second-factor/")


def test_no_door_opens_with_the_password_alone(played: Vendor, settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR_REQUIRED = True
    User.objects.create_superuser("root", password=PASSWORD)
    client = Client()
    log_in(client, "root")
    for _, address in addresses():
        reply = client.get(address)
        assert reply.status_code == 302, address
        assert reply.headers["Location"].startswith("/admin/second-factor/"), address
    game = Game.objects.get()
    for address in (
        f"/admin/providers/game/{game.pk}/do/disable/",
        "/admin/password_change/",
        "/admin/auth/user/add/",
        f"/admin/auth/user/{User.objects.get().pk}/password/",
    ):
        assert client.post(address, {"reason": "because I can"}).status_code == 403, address
    assert Game.objects.get().is_enabled
    # And the doors of others do not lead in.
    assert client.get("/accounts/login/").status_code == 302
    api = Client().post(
        "/api/v1/sessions", {"username": "root", "password": PASSWORD, "brand": "aurora"}, "application/json"
    )
    assert api.status_code in (401, 422)


def test_enrolment_is_forced_and_gives_recovery_codes(db: None, settings: Settings) -> None:
    settings.STAFF_SECOND_FACTOR_REQUIRED = True
    make_staff("auditor")
    client = Client()
    log_in(client, "auditor")
    offer = client.get("/admin/second-factor/").content.decode()
    shown = re.search(r'data-test="secret">([A-Z2-7]+)<', offer)
    assert shown
    assert "<svg" in offer
    done = client.post("/admin/second-factor/", {"code": code_of(shown[1])}).content.decode()
    codes = re.findall(r"^(\d{8})$", done.partition("recovery-codes")[2].replace('">', "\n"), re.MULTILINE)
    assert len(codes) == 10
    assert client.get("/admin/").status_code == 200
    stored = Authenticator.objects.get(type="totp")
    assert shown[1] not in str(stored.data)
    other = Client()
    log_in(other, "auditor")
    assert other.post("/admin/second-factor/", {"code": codes[3]}).status_code == 302
    assert other.get("/admin/").status_code == 200
    again = Client()
    log_in(again, "auditor")
    assert again.post("/admin/second-factor/", {"code": codes[3]}).status_code == 200


def test_guessing_codes_is_stopped(secret: str) -> None:
    client = Client()
    log_in(client, "auditor")
    for _ in range(5):
        client.post("/admin/second-factor/", {"code": "000000"})
    reply = client.post("/admin/second-factor/", {"code": code_of(secret)})
    assert "Too many attempts" in reply.content.decode()
    assert client.get("/admin/").status_code == 302


def test_guessing_passwords_is_stopped(db: None) -> None:
    make_staff("auditor")
    client = Client()
    for _ in range(5):
        assert "correct username" in log_in(client, "auditor", "wrong").content.decode()
    reply = log_in(client, "AUDITOR")
    assert "Too many attempts" in reply.content.decode()
    assert "_auth_user_id" not in client.session


def test_the_login_leads_to_no_other_site(db: None) -> None:
    make_staff("auditor")
    client = Client()
    reply = client.post("/admin/login/?next=https://evil.example/", {"username": "auditor", "password": PASSWORD})
    assert reply.headers["Location"] == "/admin/"


def test_somebody_who_is_not_staff_gets_nowhere(db: None) -> None:
    User.objects.create_user("customer", password=PASSWORD)
    client = Client()
    assert log_in(client, "customer").status_code == 200
    assert "_auth_user_id" not in client.session
