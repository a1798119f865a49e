"""Valkyrie, the aggregator in front of the platform: PAM transactions under a bearer token."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
from django.http import HttpRequest, JsonResponse

from apps.sandbox.models import SimulatedSession, SimulatedTransaction, SimulatedVendor
from apps.sandbox.vendors.catalogue import GAMES
from apps.sandbox.vendors.sessions import client_address, open_session
from apps.sandbox.vendors.speakers.reading import document_of, number
from apps.sandbox.vendors.speakers.speaker import Refused, Words, main_units, scaled
from apps.sandbox.vendors.wire import TIMEOUT_SECONDS, Answer, NoAnswer, exchange

_Kind = SimulatedTransaction.Kind
_TYPES = {_Kind.BET: "WITHDRAW", _Kind.WIN: "DEPOSIT", _Kind.ROLLBACK: "CANCEL"}
_LONGEST_ID = 40
_encoder = msgspec.json.Encoder(decimal_format="number")


class ValkyrieSpeaker:
    """One provider behind the aggregator."""

    slug = "valkyrie"
    title = "Valkyrie"
    demo_currency: str | None = None
    repeats_bets = True
    words = Words(
        accepted=frozenset({"OK"}),
        out_of_money=frozenset({"PAM_ERR_CASH_OVERDRAFT"}),
        early_win=frozenset({"PAM_ERR_TRANS_NOT_FOUND"}),
        late_bet=frozenset({"PAM_ERR_TRANS_ALREADY_CANCELLED"}),
        other_terms=frozenset({"PAM_ERR_DUPLICATE_TRANS"}),
        nothing_to_take_back=frozenset({"PAM_ERR_CANCEL_NOT_FOUND"}),
        unknown=frozenset({"PAM_ERR_TIMEOUT"}),
        messages=(
            ("PAM_ERR_CASH_OVERDRAFT", "There is not enough money in your wallet for this stake."),
            ("PAM_ERR_BET_NOT_ALLOWED", "Your account may not play at present."),
            ("PAM_ERR_SESSION_EXPIRED", "This game session has expired. Please open the game again."),
        ),
    )

    def send(
        self, row: SimulatedTransaction, *, amount: int | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> Answer:
        """Send a transaction; see `Speaker`."""
        session = row.round.session
        sent = row.round.stake if row.kind == _Kind.ROLLBACK else row.amount
        body = {
            "currency": session.currency,
            "provider": row.vendor.secrets["provider"],
            "transactionType": _TYPES[_Kind(row.kind)],
            "cashAmount": main_units(sent if amount is None else amount),
            "bonusAmount": 0,
            "promoAmount": 0,
            "transactionDateTime": datetime.now(UTC).isoformat(),
            "providerTransactionId": str(row.pk),
            "providerBetRef": str(row.target or row.pk),
            "providerGameId": session.game_code,
            # Their ids have 40 characters at most.
            "providerRoundId": row.round.reference[-_LONGEST_ID:],
            "isGameOver": row.kind != _Kind.BET,
        }
        document = self._call(session, "POST", "transactions", _encoder.encode(body), timeout_seconds)
        result = document.get("transactionResult") or {}
        return self._answer(document, result.get("balance"))

    def balance(self, session: SimulatedSession) -> Answer:
        """Ask for a player's balance; see `Speaker`."""
        document = self._call(session, "GET", "balance", b"", TIMEOUT_SECONDS)
        return self._answer(document, document.get("balance"))

    def api(self, request: HttpRequest, vendor: SimulatedVendor, path: str) -> JsonResponse:
        """Open a game: `{provider}/gamelaunch`."""
        if path != f"{vendor.secrets['provider']}/gamelaunch" or request.method != "POST":
            raise Refused(404, {"message": "Not found"})
        if request.headers.get("Authorization") != f"Bearer {vendor.secrets['operator_api_key']}":
            raise Refused(401, {"message": "Operator API Key is missing or invalid"})
        try:
            body = json.loads(request.body)
            game, user, currency = str(body["providerGameId"]), str(body["playerId"]), str(body["currency"])
        except (ValueError, KeyError, TypeError):
            raise Refused(400, {"message": "Bad game launch call"}) from None
        token = request.headers.get("X-Player-Token", "")
        if game not in GAMES[self.slug] or not 0 < len(token) <= _LONGEST_ID:
            raise Refused(400, {"message": "Bad game launch call"})
        session = open_session(vendor=vendor, game_code=game, currency=currency, user=user, token=token)
        return JsonResponse({"gameUrl": request.build_absolute_uri(client_address(session))})

    def _call(
        self, session: SimulatedSession, method: str, resource: str, body: bytes, timeout_seconds: float
    ) -> dict[str, Any]:
        vendor = session.vendor
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {vendor.secrets['bearer_token']}",
            "X-Player-Token": session.token,
            "X-Correlation-ID": str(uuid4()),
        }
        url = f"{vendor.platform_url}/players/{session.user}/{resource}?provider={vendor.secrets['provider']}"
        return document_of(exchange(method, url, headers=headers, body=body, timeout_seconds=timeout_seconds))

    def _answer(self, document: dict[str, Any], balance: Any) -> Answer:
        status = document.get("status")
        if status != "OK":
            status = (document.get("error") or {}).get("code")
        if not isinstance(status, str) or status in self.words.unknown:
            raise NoAnswer(f"{status or 'without status'}")
        cash = number((balance or {}).get("cashAmount"))
        return Answer(status, None if cash is None else scaled(cash))
