"""Swipe Games: canonical JSON under an HMAC, bets sent once, wins and refunds until they are answered 200."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import rfc8785
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.sandbox.models import SimulatedSession, SimulatedTransaction, SimulatedVendor
from apps.sandbox.vendors.catalogue import GAMES
from apps.sandbox.vendors.listings import list_answer, swipe_wire
from apps.sandbox.vendors.sessions import client_address, open_session
from apps.sandbox.vendors.speakers.reading import document_of, number
from apps.sandbox.vendors.speakers.speaker import Refused, Words, main_units, scaled
from apps.sandbox.vendors.wire import TIMEOUT_SECONDS, Answer, NoAnswer, exchange

_Kind = SimulatedTransaction.Kind
_PATHS = {_Kind.BET: "bet", _Kind.WIN: "win", _Kind.ROLLBACK: "refund"}
_SERVER_ERRORS = 500
_OK = 200


class SwipeGamesSpeaker:
    """HTTP says what became of a call: 200, 4xx certainly not applied, 5xx unknown."""

    slug = "swipegames"
    title = "Swipe Games"
    demo_currency: str | None = "FUN"
    repeats_bets = False
    words = Words(
        accepted=frozenset({"200"}),
        out_of_money=frozenset({"400 insufficient_funds"}),
        # A win names no bet, so it may come first.
        early_win=frozenset({"200"}),
        late_bet=frozenset({"400"}),
        other_terms=frozenset({"400"}),
        messages=(
            ("400 insufficient_funds", "There is not enough money in your wallet for this stake."),
            ("400 account_blocked", "Your account may not play at present."),
            ("400 session_expired", "This game session has expired. Please open the game again."),
            ("404 session_not_found", "This game session is not known. Please open the game again."),
            ("400 game_not_found", "This game is not available."),
        ),
    )

    def send(
        self, row: SimulatedTransaction, *, amount: int | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> Answer:
        """Send a transaction; see `Speaker`."""
        sent = row.round.stake if row.kind == _Kind.ROLLBACK else row.amount
        body: dict[str, Any] = {
            "sessionID": row.round.session.token,
            "txID": str(row.pk),
            "roundID": row.round.reference.removeprefix("sim-"),
            "amount": f"{main_units(sent if amount is None else amount):f}",
        }
        body |= {"origTxID": str(row.target)} if row.kind == _Kind.ROLLBACK else {"type": "regular"}
        raw = rfc8785.dumps(body)
        return self._answer(
            exchange(
                "POST",
                f"{row.vendor.platform_url}/{_PATHS[_Kind(row.kind)]}",
                headers=self._headers(row.vendor, raw),
                body=raw,
                timeout_seconds=timeout_seconds,
            )
        )

    def balance(self, session: SimulatedSession) -> Answer:
        """Ask for a player's balance; see `Speaker`."""
        query = {"sessionID": session.token}
        headers = self._headers(session.vendor, rfc8785.dumps(query))
        url = f"{session.vendor.platform_url}/balance?{urlencode(query)}"
        return self._answer(exchange("GET", url, headers=headers, body=b""))

    def api(self, request: HttpRequest, vendor: SimulatedVendor, path: str) -> HttpResponse:
        """Open a game, or list them."""
        calls: dict[tuple[str, str], Callable[[HttpRequest, SimulatedVendor], HttpResponse]] = {
            ("POST", "create-new-game"): self._launch,
            ("GET", "games"): self._list,
        }
        call = calls.get((str(request.method), path))
        if call is None:
            raise _refused(404, "No such method")
        signed = (
            request.body
            if request.method == "POST"
            else rfc8785.dumps({name: str(value) for name, value in request.GET.items()})
        )
        expected = _signature(vendor.secrets["api_key"], signed)
        if not hmac.compare_digest(expected, request.headers.get("X-REQUEST-SIGN", "")):
            raise _refused(401, "The signature does not verify")
        return call(request, vendor)

    def _launch(self, request: HttpRequest, vendor: SimulatedVendor) -> JsonResponse:
        try:
            body = json.loads(request.body)
            game, currency, is_demo, cid = body["gameID"], body["currency"], body["demo"], body["cID"]
            user, token = ("", "") if is_demo else (str(body["user"]["id"]), str(body["sessionID"]))
        except (ValueError, KeyError, TypeError):
            raise _refused(400, "The request is not understood") from None
        if cid != vendor.secrets["cid"] or game not in GAMES[self.slug]:
            raise _refused(404, "No such company or game")
        session = open_session(
            vendor=vendor,
            game_code=game,
            currency=str(currency),
            is_demo=bool(is_demo),
            user=user,
            token=token,
            lobby_url=str(body.get("returnURL") or "")[:500],
        )
        return JsonResponse({"gameURL": request.build_absolute_uri(client_address(session)), "gsID": str(uuid4())})

    def _list(self, request: HttpRequest, vendor: SimulatedVendor) -> HttpResponse:
        if request.GET.get("cID") != vendor.secrets["cid"]:
            raise _refused(404, "No such company")
        return list_answer(request, vendor, swipe_wire)

    def _headers(self, vendor: SimulatedVendor, signed: bytes) -> dict[str, str]:
        signature = _signature(vendor.secrets["integration_api_key"], signed)
        return {"Content-Type": "application/json", "X-REQUEST-SIGN": signature}

    def _answer(self, response: httpx2.Response) -> Answer:
        if response.status_code >= _SERVER_ERRORS:
            raise NoAnswer(f"HTTP {response.status_code}")
        document = document_of(response)
        if response.status_code != _OK:
            return Answer(f"{response.status_code} {document.get('code') or ''}".strip(), None)
        balance = number(document.get("balance"))
        return Answer("200", None if balance is None else scaled(balance))


def _signature(key: str, signed: bytes) -> str:
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()


def _refused(status: int, message: str) -> Refused:
    return Refused(status, {"message": message})
