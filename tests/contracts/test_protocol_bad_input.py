"""Bad and hostile requests of the further protocols: their own refusals, unchanged books, and a trace in the log."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from apps.integrations import exchange_log
from apps.integrations.models import Exchange, Integration
from apps.players.models import Player
from apps.sandbox.conformance.evolution import EvolutionSide
from apps.sandbox.conformance.scenarios import Seated, Side, Wire, new_id
from apps.sandbox.conformance.swipegames import SwipeGamesSide
from apps.sandbox.conformance.valkyrie_side import ValkyrieSide
from tests.contracts.test_scenarios import in_process, keys_of
from tests.factories.secrets import connect_vendor

pytestmark = pytest.mark.django_db

PATHS = {"evolution": "debit", "swipegames": "bet", "valkyrie": "players/{user}/transactions"}
REFUSALS: Mapping[str, tuple[int, str]] = {
    "evolution": (200, "INVALID_PARAMETER"),
    "swipegames": (400, "The request is not acceptable"),
    "valkyrie": (400, "PAM_ERR_UNDEFINED"),
}
SIDES: Mapping[str, type[Side]] = {"evolution": EvolutionSide, "swipegames": SwipeGamesSide, "valkyrie": ValkyrieSide}


class Door:
    """One vendor with a seated player, and raw bytes to send."""

    def __init__(self, vendor: str, client: Client) -> None:
        connect_vendor(vendor)
        self.vendor = vendor
        self.side: Any = SIDES[vendor](Wire(in_process(client)), vendor, keys_of(vendor))
        self.player: Seated = self.side.seat()

    def send(self, raw: bytes, method: str = "POST") -> Any:
        """Send bytes that are properly proven to the call that takes a bet."""
        path = f"/providers/{self.vendor}/{PATHS[self.vendor].format(user=self.player.user)}"
        headers: dict[str, str] = {}
        if self.vendor == "evolution":
            path += f"?authToken={self.side.credentials['auth_token']}"
        elif self.vendor == "swipegames":
            headers["X-REQUEST-SIGN"] = self.side.sign(raw)
        else:
            path += "?provider=x"
            headers = {"Authorization": "Bearer bearer-s3cr3t", "X-Player-Token": self.player.token}
        return self.side.wire.send(method, path, headers, raw)

    def bet(self) -> dict[str, Any]:
        """A good bet of 1."""
        if self.vendor == "evolution":
            return {
                "sid": self.player.token, "userId": self.player.user, "uuid": "u-1", "currency": "EUR",
                "game": {"id": "g-1", "type": "x", "details": {"table": {"id": "conformance_game"}}},
                "transaction": {"id": new_id(), "refId": new_id(), "amount": 1},
            }  # fmt: skip
        if self.vendor == "swipegames":
            return {
                "type": "regular", "sessionID": self.player.token, "amount": "1", "txID": new_id(), "roundID": new_id(),
            }  # fmt: skip
        return {
            "currency": "EUR", "provider": "x", "transactionType": "WITHDRAW", "cashAmount": 1, "bonusAmount": 0,
            "promoAmount": 0, "transactionDateTime": "2026-11-25T10:00:00Z", "providerTransactionId": new_id(),
            "providerGameId": "conformance_game", "providerRoundId": new_id(),
        }  # fmt: skip


@pytest.fixture(params=list(PATHS))
def door(request: pytest.FixtureRequest, client: Client) -> Door:
    return Door(request.param, client)


def refused(door: Door, reply: Any) -> None:
    status, word = REFUSALS[door.vendor]
    assert reply.status == status, reply.body
    assert word in reply.body.decode()
    assert door.side.money(door.player) == ("1000.00", "10.00")
    assert {row["kind"] for row in door.side.statement(door.player)["transactions"]} == {"test_funding"}


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe{}", b'{"token":"\\ud800"}', b"[" * 5000, b'{"a":' * 3000, b"NaN"],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_is_no_json_object_is_refused(door: Door, raw: bytes) -> None:
    refused(door, door.send(raw))


def test_each_field_left_out_or_of_another_shape_is_refused(door: Door) -> None:
    good = door.bet()
    required = set(good) - {"uuid", "providerGameId", "providerRoundId"}
    for name in sorted(required):
        refused(door, door.send(json.dumps({key: value for key, value in good.items() if key != name}).encode()))
        shapes: tuple[Any, ...] = (None, [], {"$gt": ""}, True)
        for wrong in shapes:
            refused(door, door.send(json.dumps(good | {name: wrong}).encode()))
    assert door.send(json.dumps(door.bet()).encode()).status == 200
    assert door.side.money(door.player) == ("999.00", "10.00")


def test_a_nul_in_an_id_is_refused(door: Door) -> None:
    good = door.bet()
    name = {"evolution": "sid", "swipegames": "sessionID", "valkyrie": "providerTransactionId"}[door.vendor]
    refused(door, door.send(json.dumps(good | {name: "a\0b"}).encode()))


@pytest.mark.parametrize(
    "number", ["1e999999999", "1e-999999999", "99999999999999999999999999999999999", "-0.01", "1E400"]
)
def test_numbers_beyond_any_need_are_refused_without_being_written_out(door: Door, number: str) -> None:
    raw = json.dumps(door.bet())
    for old, new in (('"amount": 1', f'"amount": {number}'), ('"amount": "1"', f'"amount": "{number}"')):
        raw = raw.replace(old, new)
    raw = raw.replace('"cashAmount": 1', f'"cashAmount": {number}')
    reply = door.send(raw.encode())
    if door.vendor == "valkyrie" and number == "-0.01":
        assert reply.json()["error"]["code"] == "PAM_ERR_NEGATIVE_STAKE"
        assert door.side.money(door.player) == ("1000.00", "10.00")
    else:
        refused(door, reply)


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS", "PUT"])
def test_a_method_the_protocol_does_not_use_is_405(door: Door, method: str) -> None:
    assert door.send(b"{}", method).status == 405


def test_a_body_beyond_any_need_is_413(door: Door) -> None:
    assert door.send(b" " * 70_000).status == 413


def test_every_refusal_leaves_its_request_and_its_answer(door: Door) -> None:
    raw = json.dumps(door.bet() | {"currency": 5, "type": 5, "transactionType": 5}).encode()
    reply = door.send(raw)
    exchange_log.flush()
    kept = Exchange.objects.select_related("reply").filter(integration_id=Integration.objects.get().pk).latest("pk")
    assert (bytes(kept.body), kept.outcome, kept.transaction_id) == (raw, "bad_request", None)
    assert bytes(kept.reply.body) == reply.body


def test_an_expired_session_refuses_bets_only(door: Door) -> None:
    side, player = door.side, door.player
    won, taken, game = new_id(), new_id(), new_id()
    over = {"ended_at": "2026-01-01T00:00:00Z"}

    def stake(ref: str) -> Any:
        if door.vendor == "evolution":
            return side.move("debit", player, ref, "1", game=game)["status"]
        if door.vendor == "swipegames":
            return side.move("bet", player, "1", round=game, tx=ref).status
        return side.post(player, "WITHDRAW", ref, "1", providerRoundId=game).get("error", {}).get("code", "OK")

    stake(won), stake(taken)
    Player.objects.get(public_id=player.user).game_sessions.update(**over)
    assert (
        stake(new_id())
        == {"evolution": "INVALID_SID", "swipegames": 400, "valkyrie": "PAM_ERR_SESSION_EXPIRED"}[door.vendor]
    )
    if door.vendor == "evolution":
        assert side.move("credit", player, won, "3", game=game)["status"] == "OK"
        assert side.move("cancel", player, taken, "1", game=game)["status"] == "OK"
    elif door.vendor == "swipegames":
        assert side.move("win", player, "3", round=game).status == 200
        assert side.refund(player, taken, "1").status == 200
    else:
        assert side.post(player, "DEPOSIT", new_id(), "3", providerBetRef=won, providerRoundId=game)["status"] == "OK"
        assert side.post(player, "CANCEL", new_id(), "1", providerBetRef=taken, providerRoundId=game)["status"] == "OK"
    assert side.money(player) == ("1002.00", "10.00")


def test_a_switched_off_integration_refuses_bets_and_keeps_settling_for_later(door: Door) -> None:
    side, player, bet, game = door.side, door.player, new_id(), new_id()
    Integration.objects.update(switch="off")
    if door.vendor == "evolution":
        assert side.move("debit", player, bet, "1", game=game)["status"] == "FINAL_ERROR_ACTION_FAILED"
        later = side.move("credit", player, bet, "1", game=game)
        assert (later["status"], later["retransmission"]) == ("TEMPORARY_ERROR", True)
    elif door.vendor == "swipegames":
        assert side.move("bet", player, "1", round=game, tx=bet).status == 400
        assert side.move("win", player, "1", round=game).status == 500
        assert side.refund(player, bet, "1").status == 500
    else:
        code = side.post(player, "WITHDRAW", bet, "1", providerRoundId=game)["error"]["code"]
        assert code == "PAM_ERR_BET_NOT_ALLOWED"
        assert side.post(player, "DEPOSIT", new_id(), "1", providerBetRef=bet)["error"]["code"] == "PAM_ERR_TIMEOUT"
    assert side.money(player) == ("1000.00", "10.00")
