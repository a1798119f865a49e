"""Money in and out, as a stranger lives it: over HTTP, through the simulated providers and a real worker."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from apps.integrations.models import Credential
from tests.harness.live import LivePlatform
from tests.journeys.conftest import Demo

PERSON = {
    "brand": "aurora",
    "password": "a-long-and-odd-pass-phrase",
    "birth_date": "1991-05-17",
    "country": "FI",
    "currency": "EUR",
    "first_name": "Maren",
    "last_name": "Salo",
}
_PATIENCE_SECONDS = 20


class Purse:
    """A player's browser at the cashier."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx2.Client(base_url=base_url, timeout=10, trust_env=False)
        name = f"purse-{uuid.uuid4().hex[:8]}"
        person = {**PERSON, "username": name, "email": f"{name}@player.example"}
        self.call("POST", "players", person)
        login = {name: person[name] for name in ("username", "password", "brand")}
        self.http.headers["Authorization"] = f"Bearer {self.call('POST', 'sessions', login)['token']}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the player API, each time with a new intention."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        response = self.http.request(method, f"/api/v1/{path}", json=body, headers=headers)
        assert response.status_code < 400, response.text
        return response.json()

    def becomes(self, path: str, state: str) -> Any:
        """Ask until it is in that state."""
        return eventually(lambda: self.call("GET", path), lambda found: found["state"] == state)

    def cash(self) -> tuple[str, str]:
        """Cash and locked."""
        (wallet,) = self.call("GET", "wallets")["results"]
        return wallet["cash"]["amount"], wallet["locked"]["amount"]


def eventually(ask: Callable[[], Any], is_right: Callable[[Any], bool]) -> Any:
    """Ask until the answer is right."""
    until = time.monotonic() + _PATIENCE_SECONDS
    found = ask()
    while not is_right(found):
        assert time.monotonic() < until, found
        threading.Event().wait(0.1)
        found = ask()
    return found


@pytest.fixture
def purse(demo: Demo, live_worker: LivePlatform) -> Iterator[Purse]:
    purse = Purse(demo.base_url)
    yield purse
    purse.http.close()


def test_a_stranger_is_paid_out_to_the_instrument_that_the_api_lists(purse: Purse) -> None:
    method = "bank_transfer"
    money = {"amount": "80.00", "currency": "EUR"}
    deposit = purse.call("POST", "deposits", {"amount": money, "method": method})
    assert deposit["next"]["type"] == "redirect"
    paid = purse.http.post(f"{deposit['next']['url']}/act", data={"act": "pay"})
    assert paid.status_code == 302
    purse.becomes(f"deposits/{deposit['id']}", "settled")
    assert purse.cash() == ("80.00", "0.00")

    offered = next(found for found in purse.call("GET", "payment-methods") if found["code"] == method)
    (instrument,) = offered["instruments"]
    wanted = {"amount": {"amount": "30.00", "currency": "EUR"}, "instrument": instrument["id"]}
    withdrawal = purse.call("POST", "withdrawals", wanted)
    assert withdrawal["state"] == "requested"
    assert purse.cash() == ("50.00", "30.00")

    def told() -> Any:
        purse.http.post("/sandbox/vendors/psps/tell")
        return purse.call("GET", f"withdrawals/{withdrawal['id']}")

    eventually(told, lambda found: found["state"] == "paid")
    assert purse.cash() == ("50.00", "0.00")


def test_every_key_that_money_went_by_says_when_it_was_used_last(purse: Purse, live_worker: LivePlatform) -> None:
    """Who rotates keys revokes the old one when it is not used any more: so that has to be known of each."""
    for method in ("bank_transfer", "card"):
        asked = purse.call("POST", "deposits", {"amount": {"amount": "20.00", "currency": "EUR"}, "method": method})
        purse.http.post(f"{asked['next']['url']}/act", data={"act": "pay"})
        purse.becomes(f"deposits/{asked['id']}", "settled")

    def unused() -> list[tuple[str, str]]:
        keys = Credential.objects.filter(integration__slug__in=("trustly", "adyen"), last_used_at=None)
        return list(keys.values_list("integration__slug", "name"))

    with live_worker.in_database():
        assert Credential.objects.filter(integration__slug__in=("trustly", "adyen")).count() > 7
        eventually(unused, lambda found: not found)
