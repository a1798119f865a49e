"""Money in and out as a stranger lives it: over HTTP, at the simulated cashier, bank and chain, with a real worker."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest

from apps.core import clock
from apps.payments.models import Instrument, Withdrawal
from apps.sandbox.models import SimulatedPayment
from tests.harness.live import LivePlatform
from tests.journeys.conftest import Demo


class Payer:
    """A new player with a browser."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.http = httpx2.Client(base_url=demo.base_url, timeout=20, trust_env=False, follow_redirects=True)
        name = f"payer-{uuid4().hex[:10]}"
        person = {"username": name, "password": "a-long-and-odd-pass-phrase", "brand": "aurora"}
        details = {"email": f"{name}@player.example", "birth_date": "1991-05-17", "country": "FI", "currency": "EUR"}
        self.api("POST", "players", person | details | {"first_name": "Maren", "last_name": "Salo"})
        self.http.headers["Authorization"] = f"Bearer {self.api('POST', 'sessions', person)['token']}"

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call the player API; it must succeed."""
        headers = {"Idempotency-Key": f'"{uuid4()}"'} if method == "POST" else {}
        response = self.http.request(method, f"/api/v1/{path}", json=body, headers=headers)
        assert response.is_success, response.text
        return response.json()

    def begin_deposit(self, method: str, integration: str, amount: str, currency: str = "EUR") -> Any:
        """Ask for a deposit."""
        money = {"amount": amount, "currency": currency}
        return self.api("POST", "deposits", {"amount": money, "method": method, "integration": integration})

    def press(self, url: str, act: str, **form: str) -> None:
        """Press a button of the provider's page."""
        assert self.http.get(url).status_code == 200
        assert self.http.post(f"{url}/act", data={"act": act, **form}).status_code == 200

    def cash(self, currency: str = "EUR") -> str:
        """What the player sees in the wallet."""
        wallets: Any = self.api("GET", "wallets")
        rows = wallets if isinstance(wallets, list) else wallets.get("items") or wallets["results"]
        found = next(row for row in rows if row["currency"] == currency)
        return str(found["cash"]["amount"] if isinstance(found["cash"], dict) else found["cash"])


@pytest.fixture
def payer(demo: Demo, live_worker: LivePlatform) -> Iterator[Payer]:
    made = Payer(demo)
    yield made
    made.http.close()


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for the worker."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        threading.Event().wait(0.1)  # another process is at work


@pytest.mark.parametrize(("method", "integration"), [("bank_transfer", "trustly"), ("card", "adyen")])
def test_a_deposit_at_the_bank_reaches_the_wallet(payer: Payer, method: str, integration: str) -> None:
    deposit = payer.begin_deposit(method, integration, "40.00")
    assert deposit["next"]["type"] == "redirect"
    payer.press(deposit["next"]["url"], "pay", amount="35.50")
    eventually(lambda: payer.api("GET", f"deposits/{deposit['id']}")["state"] == "settled")
    assert payer.cash() == "35.50"


def test_giving_up_at_the_bank_fails_the_deposit(payer: Payer) -> None:
    deposit = payer.begin_deposit("bank_transfer", "trustly", "40.00")
    payer.press(deposit["next"]["url"], "refuse")
    eventually(lambda: payer.api("GET", f"deposits/{deposit['id']}")["state"] == "failed")
    assert payer.cash() == "0.00"


def test_a_deposit_at_the_hosted_cashier_settles_the_one_that_was_begun(payer: Payer) -> None:
    deposit = payer.begin_deposit("creditcard", "paymentiq", "25.00")
    url = deposit["next"]["url"]
    page = payer.http.get(url)
    assert "Welcome, Maren" in page.text
    query = parse_qs(urlsplit(url).query)
    order = re.search(r'name="order" value="([^"]+)"', page.text)
    form = {"userId": query["userId"][0], "sessionId": query["sessionId"][0], "amount": "25.00", "direction": "deposit"}
    address = url.partition("/cashier")[0] + "/orders"
    opened = payer.http.post(address, data=form | {"order": order[1] if order else ""})
    payer.press(str(opened.url), "pay")
    assert payer.api("GET", f"deposits/{deposit['id']}")["state"] == "settled"
    assert payer.cash() == "25.00"


@pytest.mark.parametrize(
    ("faults", "state"),
    [
        ({}, "paid"),
        ({"payout_outcome": "failed"}, "failed"),
        ({"payout_outcome": "returned", "telling": "twice"}, "returned"),
        # The reply is lost; the payout was taken. It is not sent again, and its callback tells.
        ({"payout_answer": "lose_reply"}, "paid"),
        ({"payout_answer": "refuse"}, "failed"),
    ],
)
def test_a_withdrawal_reaches_the_bank_at_most_once(payer: Payer, faults: dict[str, str], state: str) -> None:
    deposit = payer.begin_deposit("bank_transfer", "trustly", "100.00")
    payer.press(deposit["next"]["url"], "pay")
    eventually(lambda: payer.cash() == "100.00")
    with payer.demo.platform.in_database():
        instrument = Instrument.objects.get(player__username=payer.api("GET", "me")["username"])
        # An account that is known for long, so that no check holds it.
        Instrument.objects.filter(pk=instrument.pk).update(changed_at=clock.now() - timedelta(days=9))
    assert payer.http.post("/sandbox/vendors/psps/trustly/faults", data=faults).status_code == 200
    try:
        money = {"amount": "60.00", "currency": "EUR"}
        asked = payer.api("POST", "withdrawals", {"amount": money, "instrument": str(instrument.public_id)})
        _let_go(payer, asked["id"])
        eventually(lambda: _told(payer, asked["id"]) == state)
    finally:
        payer.http.post("/sandbox/vendors/psps/trustly/faults", data={})
    with payer.demo.platform.in_database():
        withdrawal = Withdrawal.objects.get(public_id=asked["id"])
        keys = list(withdrawal.attempts.values_list("key", flat=True))
        reached = SimulatedPayment.objects.filter(psp_id="trustly", reference__in=keys)
        assert [each.requests for each in reached] == ([] if "refuse" in faults.values() else [1])


def _told(payer: Payer, withdrawal: str) -> str:
    payer.http.post("/sandbox/vendors/psps/tell")
    with payer.demo.platform.in_database():
        return str(Withdrawal.objects.values_list("state", flat=True).get(public_id=withdrawal))


def _let_go(payer: Payer, withdrawal: str) -> None:
    """Wait until it was screened. Nothing in it asks for a person."""
    eventually(lambda: _told(payer, withdrawal) not in {"requested", "screening"})
