"""Scenarios of Swipe Games Public API 1.7.5. Source: game-provider reference, sections 3 and 11."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import rfc8785

from apps.sandbox.conformance.scenarios import Reply, Seated, Side, Suite, new_id, require


class SwipeGamesSide(Side):
    """Sends what Swipe Games sends: canonical JSON, signed."""

    def sign(self, signed: bytes) -> str:
        """Sign with the integration API key."""
        return hmac.new(self.credentials["integration_api_key"].encode(), signed, hashlib.sha256).hexdigest()

    def post(self, path: str, body: Mapping[str, Any], *, signature: str | None = None) -> Reply:
        """Send one signed call."""
        raw = rfc8785.dumps(dict(body))
        headers = {"X-REQUEST-SIGN": self.sign(raw) if signature is None else signature}
        return self.wire.send("POST", f"{self.prefix}/{path}", headers, raw)

    def balance(self, token: str, *, signature: str | None = None, **more: str) -> Reply:
        """Ask for the balance: signed over the canonical object of the query's parameters."""
        query = {"sessionID": token, **more}
        headers = {"X-REQUEST-SIGN": self.sign(rfc8785.dumps(query)) if signature is None else signature}
        return self.wire.send("GET", f"{self.prefix}/balance?{urlencode(query)}", headers)

    def move(self, verb: str, player: Seated, amount: str, *, round: str, tx: str = "", **changes: Any) -> Reply:  # noqa: A002 - the field's word
        """Bet or win."""
        body = {
            "type": "regular",
            "sessionID": player.token,
            "amount": amount,
            "txID": tx or new_id(),
            "roundID": round,
        }
        return self.post(verb, body | changes)

    def refund(self, player: Seated, orig: str, amount: str, *, tx: str = "", **changes: Any) -> Reply:
        """Refund a bet."""
        body = {"sessionID": player.token, "txID": tx or new_id(), "origTxID": orig, "amount": amount}
        return self.post("refund", body | changes)


SUITE = Suite("Swipe Games Public API", "1.7.5", SwipeGamesSide)


def _ok(reply: Reply, balance: str) -> Any:
    require("HTTP status", reply.status, 200)
    document = reply.json()
    require("balance", document["balance"], balance)
    return document


def _refused(reply: Reply, status: int, code: str | None = None) -> None:
    require("HTTP status", reply.status, status)
    document = reply.json()
    require("a message", bool(document["message"]), True)
    if code is not None:
        require("code", document.get("code"), code)


@SUITE.scenario
def balance_is_signed_over_its_query(side: SwipeGamesSide) -> None:
    """GET /balance is signed over the canonical form of all its parameters."""
    player = side.seat()
    _ok(side.balance(player.token), "1000.00")
    _ok(side.balance(player.token, extra="é / Ж"), "1000.00")
    _refused(side.balance(player.token, signature=side.sign(b"{}")), 401)
    _refused(side.balance("nobody-sits-here"), 404, "session_not_found")


@SUITE.scenario
def every_call_needs_its_signature(side: SwipeGamesSide) -> None:
    """A call with a wrong, missing or upper-case signature is HTTP 401, and nothing moves."""
    player = side.seat()
    body = {"type": "regular", "sessionID": player.token, "amount": "1.00", "txID": new_id(), "roundID": new_id()}
    right = side.sign(rfc8785.dumps(body))
    for signature in ("", "0" * 64, right.upper(), right[:-1]):
        _refused(side.post("bet", body, signature=signature), 401)
    _ok(side.balance(player.token), "1000.00")


@SUITE.scenario
def bet_and_win(side: SwipeGamesSide) -> None:
    """A bet and its win move exactly what they say."""
    player, round_id = side.seat(), new_id()
    bet = _ok(side.move("bet", player, "1.5", round=round_id), "998.50")
    win = _ok(side.move("win", player, "3.25", round=round_id), "1001.75")
    require("our own ids", bet["txID"] != win["txID"] and bool(bet["txID"]), True)


@SUITE.scenario
def a_lost_round_is_a_win_of_nothing(side: SwipeGamesSide) -> None:
    """A win of "0" says that the round was lost."""
    player, round_id = side.seat(), new_id()
    side.move("bet", player, "1.00", round=round_id)
    _ok(side.move("win", player, "0", round=round_id), "999.00")


@SUITE.scenario
def repeated_calls_get_the_same_body(side: SwipeGamesSide) -> None:
    """The same txID with the same terms gets the same body, byte for byte, and one effect."""
    player, round_id, bet, win = side.seat(), new_id(), new_id(), new_id()
    first = side.move("bet", player, "1.00", round=round_id, tx=bet)
    side.move("bet", player, "5.00", round=new_id())
    require("same body", side.move("bet", player, "1.00", round=round_id, tx=bet).body, first.body)
    won = side.move("win", player, "2.00", round=round_id, tx=win)
    for _ in range(2):
        require("same body", side.move("win", player, "2.00", round=round_id, tx=win).body, won.body)
    _ok(side.balance(player.token), "996.00")


@SUITE.scenario
def a_known_id_with_other_terms(side: SwipeGamesSide) -> None:
    """The same txID with another amount, round, type or verb is HTTP 400: certainly not applied."""
    player, round_id, bet = side.seat(), new_id(), new_id()
    side.move("bet", player, "1.00", round=round_id, tx=bet)
    _refused(side.move("bet", player, "2.00", round=round_id, tx=bet), 400)
    _refused(side.move("bet", player, "1.00", round=new_id(), tx=bet), 400)
    _refused(side.move("bet", player, "1.00", round=round_id, tx=bet, type="free", frID="fr-1"), 400)
    _refused(side.move("win", player, "1.00", round=round_id, tx=bet), 400)
    _ok(side.balance(player.token), "999.00")


@SUITE.scenario
def insufficient_funds(side: SwipeGamesSide) -> None:
    """A bet beyond the balance is HTTP 400 insufficient_funds: declined and not refunded."""
    player = side.seat(cash="5")
    _refused(side.move("bet", player, "5.01", round=new_id()), 400, "insufficient_funds")
    _ok(side.move("bet", player, "5.00", round=new_id()), "0.00")


@SUITE.scenario
def refund_returns_the_bet_once(side: SwipeGamesSide) -> None:
    """A refund returns the whole bet, once, and is always answered 200 with a valid body."""
    player, bet, refund = side.seat(), new_id(), new_id()
    side.move("bet", player, "7.00", round=new_id(), tx=bet)
    first = side.refund(player, bet, "7.00", tx=refund)
    _ok(first, "1000.00")
    require("same body", side.refund(player, bet, "7.00", tx=refund).body, first.body)
    _ok(side.refund(player, bet, "7.00"), "1000.00")


@SUITE.scenario
def refund_of_unknown_is_200_and_the_late_bet_is_refused(side: SwipeGamesSide) -> None:
    """A refund of something unknown is answered 200, with or without roundID; the late bet is refused with 400."""
    player, bet, round_id = side.seat(), new_id(), new_id()
    document = _ok(side.refund(player, bet, "3.00"), "1000.00")
    require("a txID", bool(document["txID"]), True)
    _ok(side.refund(player, bet, "3.00", roundID=round_id), "1000.00")
    _refused(side.move("bet", player, "3.00", round=round_id, tx=bet), 400)
    _ok(side.balance(player.token), "1000.00")


@SUITE.scenario
def refund_of_a_refused_bet(side: SwipeGamesSide) -> None:
    """A refund of a bet that was refused is answered 200; the bet can not succeed later."""
    player, bet, round_id = side.seat(cash="1"), new_id(), new_id()
    _refused(side.move("bet", player, "2.00", round=round_id, tx=bet), 400, "insufficient_funds")
    _ok(side.refund(player, bet, "2.00"), "1.00")
    _refused(side.move("bet", player, "2.00", round=round_id, tx=bet), 400)


@SUITE.scenario
def a_win_may_be_refunded(side: SwipeGamesSide) -> None:
    """The description lets refunds concern wins: the win goes back, once."""
    player, round_id, win = side.seat(), new_id(), new_id()
    side.move("bet", player, "1.00", round=round_id)
    side.move("win", player, "4.00", round=round_id, tx=win)
    for _ in range(2):
        _ok(side.refund(player, win, "4.00"), "999.00")


@SUITE.scenario
def several_bets_and_wins_in_a_round(side: SwipeGamesSide) -> None:
    """A round may have several bets and wins, and go on after a win."""
    player, round_id = side.seat(), new_id()
    for _ in range(3):
        side.move("bet", player, "1.00", round=round_id)
        side.move("win", player, "0.50", round=round_id)
    _ok(side.balance(player.token), "998.50")


@SUITE.scenario
def a_win_after_the_round_is_over(side: SwipeGamesSide) -> None:
    """A second win of a round must end in 200."""
    player, round_id = side.seat(), new_id()
    side.move("bet", player, "1.00", round=round_id)
    side.move("win", player, "1.00", round=round_id)
    _ok(side.move("win", player, "2.00", round=round_id), "1002.00")


@SUITE.scenario
def free_rounds_only_inform_until_their_payout(side: SwipeGamesSide) -> None:
    """Bets and wins of type free move no money; the payout is one regular win with frID."""
    player, free = side.seat(), "fr-77"
    for _ in range(3):
        round_id = new_id()
        _ok(side.move("bet", player, "2.00", round=round_id, type="free", frID=free), "1000.00")
        _ok(side.move("win", player, "5.00", round=round_id, type="free", frID=free), "1000.00")
    tx, last = new_id(), new_id()
    for _ in range(2):
        _ok(side.move("win", player, "15.00", round=last, tx=tx, frID=free), "1015.00")
    require("ledger", side.money(player), ("1015.00", "10.00"))


@SUITE.scenario
def a_free_bet_beyond_the_balance(side: SwipeGamesSide) -> None:
    """A free bet needs no money; its refund returns none."""
    player, bet = side.seat(cash="0"), new_id()
    _ok(side.move("bet", player, "9.00", round=new_id(), tx=bet, type="free", frID="fr-1"), "0.00")
    _ok(side.refund(player, bet, "9.00"), "0.00")


@SUITE.scenario
def blocked_player(side: SwipeGamesSide) -> None:
    """A blocked player can not bet (account_blocked); his wins and refunds still arrive."""
    player, round_id, bet = side.seat(), new_id(), new_id()
    side.move("bet", player, "1.00", round=round_id)
    side.move("bet", player, "2.00", round=new_id(), tx=bet)
    side.set_blocked(player, blocked=True)
    _refused(side.move("bet", player, "1.00", round=round_id), 400, "account_blocked")
    _ok(side.move("win", player, "3.00", round=round_id), "1000.00")
    _ok(side.refund(player, bet, "2.00"), "1002.00")


@SUITE.scenario
def unknown_session(side: SwipeGamesSide) -> None:
    """Every call of an unknown session is HTTP 404 session_not_found, with a reload button."""
    player = Seated(side.seat().user, "nobody-sits-here", "EUR")
    for reply in (
        side.move("bet", player, "1.00", round=new_id()),
        side.move("win", player, "1.00", round=new_id()),
        side.refund(player, new_id(), "1.00"),
    ):
        _refused(reply, 404, "session_not_found")
        require("action", reply.json().get("action"), "refresh")


@SUITE.scenario
def bad_requests(side: SwipeGamesSide) -> None:
    """What is not acceptable is HTTP 400, and moves nothing."""
    player = side.seat()
    for amount in ("-1", "1.", ".5", "01", "1e3", "", 1.5, None, "1,00", "0.0000001", "9" * 39):
        body = {"type": "regular", "sessionID": player.token, "amount": amount, "txID": new_id(), "roundID": new_id()}
        _refused(side.post("bet", body), 400)
    _refused(side.move("bet", player, "1", round=new_id(), type="paid"), 400)
    _refused(side.move("bet", player, "1", round="not-a-uuid"), 400)
    _refused(side.post("bet", {"sessionID": player.token}), 400)
    raw = b"{"
    _refused(side.wire.send("POST", f"{side.prefix}/bet", {"X-REQUEST-SIGN": side.sign(raw)}, raw), 400)
    require("ledger", side.money(player), ("1000.00", "10.00"))


@SUITE.scenario
def crypto_has_more_decimals(side: SwipeGamesSide) -> None:
    """Balances of crypto carry up to 8 decimals, those of a currency without minor units still 2."""
    coins = side.seat(cash="0.5", promo="0", currency="BTC")
    _ok(side.move("bet", coins, "0.00000001", round=new_id()), "0.49999999")
    yen = side.seat(cash="500", promo="0", currency="JPY")
    _ok(side.move("bet", yen, "10.00", round=new_id()), "490.00")


@SUITE.scenario
def keys_of_nested_objects_are_part_of_the_signature(side: SwipeGamesSide) -> None:
    """What is signed is the raw body: fields we do not know are part of it, at any depth."""
    player = side.seat()
    body = {"type": "regular", "sessionID": player.token, "amount": "1.00", "txID": new_id(), "roundID": new_id()}
    signed_without = side.sign(rfc8785.dumps(body))
    _refused(side.post("bet", body | {"meta": {"note": "é"}}, signature=signed_without), 401)
    _ok(side.post("bet", body | {"meta": {"note": "é"}}), "999.00")
    require("ledger", json.dumps(side.money(player)), json.dumps(("999.00", "10.00")))
