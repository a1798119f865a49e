"""A player who excludes himself in the middle of a round, and registers that fail: all of it over HTTP."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.journeys.conftest import Demo

PERSON = {
    "brand": "aurora",
    "password": "a-long-and-odd-pass-phrase",
    "birth_date": "1991-05-17",
    "first_name": "Maren",
    "last_name": "Salo",
}
EURO = 100_000


class Stranger:
    """A player's frontend, and a vendor's server that holds the vendor's key."""

    def __init__(self, demo: Demo) -> None:
        self.http = httpx2.Client(base_url=demo.base_url, timeout=20, trust_env=False)
        pem = demo.document["integrations"]["hub88"]["credentials"]["private_key_pem"]
        key = serialization.load_pem_private_key(pem.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.key = key
        self.token = ""

    def api(self, method: str, path: str, expected: int, body: Any = None, **headers: str) -> Any:
        """Call the player API."""
        response = self.http.request(method, f"/api/v1/{path}", json=body, headers=headers)
        assert response.status_code == expected, response.text
        return response.json() if response.content else None

    def log_in(self, username: str) -> None:
        """Log in and stay so."""
        login = {"username": username, "password": PERSON["password"], "brand": PERSON["brand"]}
        token = self.api("POST", "sessions", 201, login)["token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def vendor(self, verb: str, **fields: Any) -> str:
        """Call the wallet as the vendor does; his word for the outcome."""
        body = {
            "token": self.token, "request_uuid": str(uuid4()), "transaction_uuid": str(uuid4()), "user": self.user,
            "supplier_user": self.user, "currency": "EUR", "is_free": False, "round_closed": False,
            "game_code": "SomeSlotGame", **fields,
        }  # fmt: skip
        raw = json.dumps(body).encode()
        signature = base64.b64encode(self.key.sign(raw, padding.PKCS1v15(), hashes.SHA256())).decode()
        headers = {"X-Hub88-Signature": signature, "Content-Type": "application/json"}
        answer = self.http.post(f"/providers/hub88/transaction/{verb}", content=raw, headers=headers)
        return str(answer.json()["status"])

    def sit(self, user: str, cash: float) -> None:
        """Take a funded seat at the vendor's game."""
        seat = {"provider": "hub88", "userId": user, "currency": "EUR", "cashAmount": cash, "gameId": "SomeSlotGame"}
        result = self.http.post("/sandbox/session", json=seat).json()["result"]
        self.token, self.user = result["token"], result["userId"]

    def cash(self) -> str:
        """What the sandbox says is in the wallet."""
        balances = self.http.get(f"/sandbox/players/{self.user}").json()["balances"]
        return str(balances["EUR"]["cash"])


@pytest.fixture
def stranger(demo: Demo) -> Iterator[Stranger]:
    one = Stranger(demo)
    yield one
    one.http.close()


def test_a_player_who_excludes_himself_mid_round_is_stopped_while_the_round_settles_and_money_can_leave(
    stranger: Stranger,
) -> None:
    person = {**PERSON, "username": "maren-break", "email": "maren-break@player.example"}
    stranger.api("POST", "players", 201, {**person, "country": "FI", "currency": "EUR"})
    stranger.log_in("maren-break")
    stranger.sit(stranger.api("GET", "me", 200)["id"], 20)
    bet = str(uuid4())
    assert stranger.vendor("bet", transaction_uuid=bet, round="mid", amount=5 * EURO) == "RS_OK"

    excluded = stranger.api("POST", "exclusions", 201, {"kind": "self_exclusion", "months": 6})
    assert excluded["state"] == "active"
    stranger.api("GET", "me", 401)
    assert stranger.vendor("bet", round="next", amount=EURO) == "RS_ERROR_USER_DISABLED"
    won = stranger.vendor("win", reference_transaction_uuid=bet, round="mid", amount=12 * EURO, round_closed=True)
    assert (won, float(stranger.cash())) == ("RS_OK", 27.0)

    stranger.log_in("maren-break")
    game = stranger.api("GET", "games", 200)["results"][0]["code"]
    refused = stranger.api("POST", f"games/{game}/launch", 403, {"mode": "real", "platform": "desktop"})
    assert refused["code"] == "player-excluded"
    body = {"amount": {"amount": "27.00", "currency": "EUR"}, "instrument": "bank_transfer"}
    paid = stranger.http.post("/api/v1/withdrawals", json=body, headers={"Idempotency-Key": str(uuid4())})
    # Whether he has an instrument yet is the payments' question; the exclusion does not stand in the way.
    assert "exclu" not in paid.text
    assert paid.status_code in (201, 422)


def test_limits_stop_the_next_bet_in_the_vendors_own_words(stranger: Stranger) -> None:
    person = {**PERSON, "username": "maren-limit", "email": "maren-limit@player.example"}
    stranger.api("POST", "players", 201, {**person, "country": "FI", "currency": "EUR"})
    stranger.log_in("maren-limit")
    stranger.sit(stranger.api("GET", "me", 200)["id"], 20)
    loss = {"kind": "loss", "period": "day", "amount": {"amount": "5.00", "currency": "EUR"}}
    assert stranger.api("PUT", "limits", 200, loss)["effective"]["amount"] == "5.00"
    assert stranger.vendor("bet", round="r1", amount=5 * EURO) == "RS_OK"
    assert stranger.vendor("bet", round="r2", amount=1) == "RS_ERROR_LIMIT_REACHED"
    assert float(stranger.cash()) == 15.0


def test_a_register_that_is_down_or_lies_lets_nobody_in_and_one_that_answers_does(stranger: Stranger) -> None:
    def british(username: str, **changes: str) -> httpx2.Response:
        person = {**PERSON, "username": username, "email": f"{username}@player.example", **changes}
        return stranger.http.post("/api/v1/players", json={**person, "country": "GB", "currency": "GBP"})

    settings = "/sandbox/vendors/registers/gamstop/settings"
    try:
        for mode in ("down", "wrong"):
            assert stranger.http.post(settings, json={"mode": mode}).json()["mode"] == mode
            assert british(f"brit-{mode}").json()["code"] == "register-unavailable"
    finally:
        stranger.http.post(settings, json={"mode": "normal"})
    assert british("brit-barred", last_name="Excluded").json()["code"] == "registration-barred"
    assert british("brit-clear").status_code == 201
    stranger.log_in("brit-clear")
    found = {"last_name": PERSON["last_name"], "birth_date": PERSON["birth_date"]}
    assert stranger.http.post("/sandbox/vendors/registers/gamstop/people", json=found).status_code == 201
    stranger.log_in("brit-clear")
    (exclusion,) = stranger.api("GET", "exclusions", 200)["results"]
    assert exclusion["kind"] == "register"
