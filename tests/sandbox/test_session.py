"""POST /sandbox/session and GET /sandbox/players/{userId}, as their contract has them."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from apps.brands.models import Brand
from apps.core.ids import token_digest
from apps.integrations.models import Integration
from apps.players.models import Player, StatusChange
from apps.providers.models import Game, GameSessionToken


@pytest.fixture
def api(client: Client) -> "SandboxApi":
    return SandboxApi(client)


class SandboxApi:
    """The two endpoints, as an integrator calls them."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def refused(self, body: str | dict[str, Any], status: int) -> dict[str, Any]:
        """Ask for a session; the answer must have that HTTP status."""
        text = body if isinstance(body, str) else json.dumps(body)
        response = self.client.post("/sandbox/session", text, content_type="application/json")
        assert response.status_code == status, response.content
        document: dict[str, Any] = response.json()
        return document

    def session(self, body: str | dict[str, Any]) -> tuple[str, str]:
        """Open a session: its token and the player's id."""
        document = self.refused(body, 200)
        assert document["success"] is True
        assert set(document["result"]) == {"token", "userId"}
        return document["result"]["token"], document["result"]["userId"]

    def player(self, user_id: str) -> dict[str, Any]:
        """What the wallet holds."""
        response = self.client.get(f"/sandbox/players/{user_id}")
        assert response.status_code == 200
        document: dict[str, Any] = response.json()
        return document


FULL: dict[str, Any] = {
    "provider": "hub88",
    "currency": "EUR",
    "cashAmount": 10.5,
    "promoAmount": 2,
    "isBlocked": False,
    "gameId": "clt_dragonrising",
}


def test_a_session_makes_a_funded_player(api: SandboxApi, hub88: Integration) -> None:
    token, user_id = api.session(FULL)
    player = api.player(user_id)
    assert player["userId"] == user_id
    assert player["status"] == "active"
    assert player["balances"] == {"EUR": {"cash": "10.50", "bonus": "2.00", "locked": "0", "restricted": "0"}}
    assert [
        (row["kind"], row["external_id"], row["round"], row["amount"], row["currency"], row["bucket"])
        for row in player["transactions"]
    ] == [
        ("test_funding", "", None, "10.50", "EUR", "cash"),
        ("test_funding", "", None, "2.00", "EUR", "bonus"),
    ]
    session = GameSessionToken.objects.get(digest=token_digest(token)).session
    assert session.player is not None
    assert (str(session.player.public_id), session.currency, session.game.code) == (user_id, "EUR", "clt_dragonrising")
    assert Player.objects.get().is_test


def test_amounts_keep_every_digit(api: SandboxApi, hub88: Integration) -> None:
    body = '{"provider": "hub88", "currency": "EUR", "cashAmount": 9007199254.000001, "promoAmount": 0.00001}'
    _, user_id = api.session(body)
    assert api.player(user_id)["balances"]["EUR"]["cash"] == "9007199254.000001"
    assert api.player(user_id)["balances"]["EUR"]["bonus"] == "0.00001"


@pytest.mark.parametrize("amount", ["-1", "0.0000001", "1e400", "true", '"1,5"', "99999999999999", "{}"])
def test_an_amount_the_ledger_can_not_hold_is_refused(api: SandboxApi, hub88: Integration, amount: str) -> None:
    document = api.refused(f'{{"provider": "hub88", "currency": "EUR", "cashAmount": {amount}}}', 400)
    assert document["code"] == "validation-failed"
    assert document["errors"][0]["field"] == "cashAmount"
    assert not Player.objects.exists()


def test_balances_are_reset_by_posting_the_difference(api: SandboxApi, hub88: Integration) -> None:
    _, user_id = api.session(FULL)
    api.session({**FULL, "userId": user_id, "cashAmount": 3, "promoAmount": 2})
    player = api.player(user_id)
    assert player["balances"]["EUR"] == {"cash": "3.00", "bonus": "2.00", "locked": "0", "restricted": "0"}
    assert [row["amount"] for row in player["transactions"]] == ["10.50", "2.00", "-7.50"]


def test_balances_stay_when_no_amount_is_given(api: SandboxApi, hub88: Integration) -> None:
    token, user_id = api.session(FULL)
    blocked, same = api.session({"provider": "hub88", "userId": user_id, "currency": "EUR", "isBlocked": True})
    assert same == user_id
    assert blocked != token
    player = api.player(user_id)
    assert player["status"] == "restricted"
    assert player["balances"]["EUR"]["cash"] == "10.50"
    assert GameSessionToken.objects.filter(replaced_at=None).count() == 2


def test_blocking_is_lifted_again_and_both_are_on_record(api: SandboxApi, hub88: Integration) -> None:
    _, user_id = api.session({**FULL, "isBlocked": True})
    assert Player.objects.get().restrictions == ["play"]
    api.session({"provider": "hub88", "userId": user_id, "currency": "EUR", "isBlocked": False})
    assert api.player(user_id)["status"] == "active"
    changes = StatusChange.objects.order_by("pk").values_list("from_status", "to_status")
    assert list(changes) == [("active", "restricted"), ("restricted", "active")]


def test_a_currency_new_to_the_brand_is_enabled(api: SandboxApi, hub88: Integration, brand: Brand) -> None:
    _, user_id = api.session({"provider": "hub88", "currency": "JPY", "cashAmount": 1000, "promoAmount": 0})
    assert api.player(user_id)["balances"] == {"JPY": {"cash": "1000", "bonus": "0", "locked": "0", "restricted": "0"}}
    assert brand.currencies.filter(code="JPY").exists()


def test_an_unknown_currency_is_refused(api: SandboxApi, hub88: Integration) -> None:
    assert api.refused({**FULL, "currency": "XXX"}, 400)["errors"][0]["code"] == "unknown_currency"


def test_a_game_the_catalogue_does_not_know_is_created_once(api: SandboxApi, hub88: Integration) -> None:
    for code in ("clt_a", "clt_a", "CLT_A", "clt a"):
        api.session({**FULL, "gameId": code})
    games = Game.objects.filter(vendor="hub88", is_enabled=True)
    assert sorted(games.values_list("code", flat=True)) == ["CLT_A", "clt a", "clt_a"]


def test_without_a_game_the_first_of_the_integration_is_used(api: SandboxApi, hub88: Integration) -> None:
    first = api.session({**FULL, "gameId": "one"})[0]
    api.session({**FULL, "gameId": "two"})
    token, _ = api.session({"provider": "hub88", "currency": "EUR"})
    games = [GameSessionToken.objects.get(digest=token_digest(each)).session.game.code for each in (first, token)]
    assert games == ["one", "one"]


def test_a_test_may_choose_the_id_of_its_player(api: SandboxApi, hub88: Integration) -> None:
    chosen = str(uuid.uuid4())
    assert api.session({**FULL, "userId": chosen})[1] == chosen
    _, named = api.session({**FULL, "userId": "5000003"})
    assert api.session({**FULL, "userId": "5000003"})[1] == named
    assert api.player("5000003")["userId"] == named
    assert Player.objects.count() == 2


def test_a_player_of_another_brand_is_refused(api: SandboxApi, hub88: Integration) -> None:
    other = Brand.objects.create(code="nordlys", name="Nordlys")
    _, user_id = api.session(FULL)
    Player.objects.update(brand=other)
    assert api.refused({**FULL, "userId": user_id}, 409)["code"] == "player-of-another-brand"


def test_an_unknown_provider_or_player_is_not_found(api: SandboxApi, hub88: Integration, client: Client) -> None:
    assert api.refused({**FULL, "provider": "nobody"}, 404)["code"] == "unknown-sandbox-integration"
    response = client.get(f"/sandbox/players/{uuid.uuid4()}")
    assert (response.status_code, response.json()["code"]) == (404, "unknown-test-player")
