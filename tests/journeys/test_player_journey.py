"""From registration to a history of rounds, as a stranger lives it: over HTTP, at the simulated vendors."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.journeys.conftest import Demo

PERSON = {
    "brand": "aurora",
    "username": "maren",
    "password": "a-long-and-odd-pass-phrase",
    "email": "maren@player.example",
    "birth_date": "1991-05-17",
    "country": "FI",
    "currency": "EUR",
    "first_name": "Maren",
    "last_name": "Salo",
}


class Browser:
    """A player's browser: the casino's API, and the vendor's game client."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx2.Client(base_url=base_url, timeout=10, trust_env=False)

    def api(self, method: str, path: str, expected: int, body: Any = None) -> Any:
        """Call the player API."""
        response = self.http.request(method, f"/api/v1/{path}", json=body)
        assert response.status_code == expected, response.text
        return response.json() if response.content else None

    def log_in(self, login: dict[str, str]) -> None:
        """Log in and stay so."""
        token = self.api("POST", "sessions", 201, login)["token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def open_game(self, code: str) -> tuple[str, str]:
        """Launch a game: the address of its client and its token."""
        url = self.api("POST", f"games/{code}/launch", 201, {"mode": "real", "platform": "desktop"})["url"]
        page = httpx2.get(url, trust_env=False)
        assert (page.status_code, "Spin" in page.text) == (200, True)
        return url.partition("?")[0], parse_qs(urlsplit(url).query)["token"][0]

    def spin(self, client: str, token: str, stake: int) -> httpx2.Response:
        """Press the button."""
        return httpx2.post(f"{client}/spin", json={"token": token, "stake": stake}, trust_env=False)


@pytest.fixture
def stranger(demo: Demo) -> Iterator[Browser]:
    browser = Browser(demo.base_url)
    yield browser
    browser.http.close()


@pytest.mark.parametrize("vendor", ["hub88", "caleta"])
def test_a_stranger_registers_plays_and_finds_every_round_in_the_history(stranger: Browser, vendor: str) -> None:
    person = {**PERSON, "username": f"{PERSON['username']}-{vendor}", "email": f"{vendor}@player.example"}
    stranger.api("POST", "players", 201, person)
    stranger.log_in({name: person[name] for name in ("username", "password", "brand")})
    me = stranger.api("GET", "me", 200)
    codes = [game["code"] for game in stranger.api("GET", "games", 200)["results"]]
    client, token = stranger.open_game(next(code for code in codes if code.startswith(vendor)))

    broke = stranger.spin(client, token, 100_000)
    assert (broke.status_code, "not enough money" in broke.json()["error"]) == (409, True)
    funding = {"provider": vendor, "userId": me["id"], "currency": "EUR", "cashAmount": 20, "promoAmount": 0}
    assert stranger.http.post("/sandbox/session", json=funding).json()["result"]["userId"] == me["id"]

    won = Decimal(0)
    for _ in range(5):
        result = stranger.spin(client, token, 100_000)
        assert result.status_code == 200, result.text
        won += Decimal(result.json()["payout"].removesuffix(" EUR").replace(",", ""))
    wallet = stranger.http.get(f"/sandbox/players/{me['id']}").json()
    assert Decimal(wallet["balances"]["EUR"]["cash"]) == 20 - 5 + won
    assert sum(Decimal(row["amount"]) for row in wallet["transactions"]) == 15 + won
    bets = [row for row in wallet["transactions"] if row["kind"] == "bet"]
    assert [row["amount"] for row in bets] == ["-1.00"] * 5
    history = stranger.api("GET", "transactions", 200)["results"]
    assert sorted(row["kind"] for row in history if row["kind"] == "bet") == ["bet"] * 5


def test_a_demo_is_played_without_the_wallet_hearing_of_it(stranger: Browser, demo: Demo) -> None:
    stranger.log_in(demo.document["players"][0])
    code = stranger.api("GET", "games", 200)["results"][0]["code"]
    url = stranger.api("POST", f"games/{code}/launch", 201, {"mode": "demo", "platform": "desktop"})["url"]
    client, token = url.partition("?")[0], parse_qs(urlsplit(url).query)["token"][0]
    before = stranger.api("GET", "wallets", 200)
    assert stranger.spin(client, token, 100_000).status_code == 200
    assert stranger.api("GET", "wallets", 200) == before
