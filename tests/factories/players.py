"""Brands and players for tests of the player API: one call each, and a client that is logged in."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from django.test import Client

from apps.brands.models import Brand, Currency, Jurisdiction, Market
from apps.core import clock
from apps.players.models import Player
from apps.players.operations import Registration
from apps.wallets.operations import register_with_wallet

PASSWORD = "quiet-harbour-42"

_numbers = count(1)


def make_brand(code: str = "aurora", *, currencies: tuple[str, ...] = ("EUR", "SEK")) -> Brand:
    """A brand with markets in Malta (and Finland from there), Sweden and Ontario."""
    brand = Brand.objects.create(code=code, name=code.title())
    for currency in currencies:
        brand.currencies.add(
            Currency.objects.get_or_create(
                code=currency, defaults={"name": currency, "exponent": 2, "ledger_exponent": 6}
            )[0]
        )
    for law, zone, countries in (
        ("MT", "Europe/Malta", ["MT", "FI"]),
        ("SE", "Europe/Stockholm", ["SE"]),
        ("CA-ON", "America/Toronto", ["CA"]),
    ):
        jurisdiction, _ = Jurisdiction.objects.get_or_create(code=law, defaults={"name": law, "timezone": zone})
        Market.objects.create(brand=brand, jurisdiction=jurisdiction, countries=countries)
    return brand


def registration_body(**changes: Any) -> dict[str, Any]:
    """A body that POST players accepts at the brand of :func:`make_brand`."""
    return {
        "username": "astrid",
        "password": PASSWORD,
        "brand": "aurora",
        "email": "astrid@example.com",
        "birth_date": "1991-04-17",
        "country": "MT",
        "currency": "EUR",
        "first_name": "Astrid",
        "last_name": "Vella",
        **changes,
    }


def make_player(**changes: Any) -> Player:
    """A player with a wallet, by way of the operation."""
    number = next(_numbers)
    body = registration_body(username=f"player{number}", email=f"player{number}@example.com", **changes)
    now = clock.now()
    body["birth_date"] = now.date().replace(year=now.year - 30, day=1)
    return register_with_wallet(registration=Registration(**body), now=now)


@dataclass
class PlayerClient:
    """An HTTP client that sends a player's token."""

    token: str
    client: Client

    @property
    def headers(self) -> dict[str, str]:
        """What says who calls."""
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, **query: Any) -> Any:
        """GET /api/v1/<path>."""
        return self.client.get(f"/api/v1/{path}", query, headers=self.headers)

    def patch(self, path: str, body: Any) -> Any:
        """PATCH /api/v1/<path>."""
        return self.client.patch(f"/api/v1/{path}", body, content_type="application/json", headers=self.headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST /api/v1/<path>."""
        sent = {**self.headers, **headers}
        return self.client.post(f"/api/v1/{path}", body or {}, content_type="application/json", headers=sent)

    def delete(self, path: str) -> Any:
        """DELETE /api/v1/<path>."""
        return self.client.delete(f"/api/v1/{path}", headers=self.headers)


def login(
    client: Client, username: str = "astrid", password: str = PASSWORD, brand: str = "aurora", **more: Any
) -> Any:
    """POST sessions; the response."""
    body = {"username": username, "password": password, "brand": brand, **more}
    return client.post("/api/v1/sessions", body, content_type="application/json")


def logged_in(player: Player, client: Client | None = None) -> PlayerClient:
    """Log a player of :func:`make_player` in over HTTP."""
    client = client or Client()
    response = login(client, player.username, brand=player.brand.code)
    assert response.status_code == 201, response.content
    return PlayerClient(response.json()["token"], client)


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal, after checking what it is."""
    body: dict[str, Any] = response.json()
    assert (response.status_code, body.get("code")) == (status, code), body
    assert response["Content-Type"] == "application/problem+json"
    return body
