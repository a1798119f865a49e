"""Evolution One Wallet: checks the player first, plays under the sid it got, and names bets by `refId`."""

import hmac
import json
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
_PATHS = {_Kind.BET: "debit", _Kind.WIN: "credit", _Kind.ROLLBACK: "cancel"}
_encoder = msgspec.json.Encoder(decimal_format="number")


class EvolutionSpeaker:
    """A live casino. No play for fun."""

    slug = "evolution"
    title = "Evolution"
    demo_currency: str | None = None
    repeats_bets = True
    words = Words(
        accepted=frozenset({"OK"}),
        out_of_money=frozenset({"INSUFFICIENT_FUNDS"}),
        early_win=frozenset({"BET_DOES_NOT_EXIST"}),
        late_bet=frozenset({"FINAL_ERROR_ACTION_FAILED"}),
        other_terms=frozenset({"BET_ALREADY_EXIST"}),
        nothing_to_take_back=frozenset({"BET_DOES_NOT_EXIST"}),
        repeated=frozenset({"BET_ALREADY_EXIST", "BET_ALREADY_SETTLED"}),
        unknown=frozenset({"TEMPORARY_ERROR", "OPERATION_IN_PROCESS", "UNKNOWN_ERROR"}),
        messages=(
            ("INSUFFICIENT_FUNDS", "There is not enough money in your wallet for this bet."),
            ("ACCOUNT_LOCKED", "Your account may not play at present."),
            ("INVALID_SID", "This game session has expired. Please open the game again."),
        ),
    )

    def send(
        self, row: SimulatedTransaction, *, amount: int | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> Answer:
        """Send a transaction; see `Speaker`."""
        session = row.round.session
        stake = row.round.stake if row.kind == _Kind.ROLLBACK else row.amount
        body = self._base(session) | {
            "currency": session.currency,
            "game": {
                "id": row.round.reference,
                "type": "gameshow",
                "details": {"table": {"id": session.game_code, "vid": ""}},
            },
            "transaction": {
                "id": str(row.pk),
                "refId": str(row.target or row.pk),
                "amount": main_units(stake if amount is None else amount),
            },
        }
        return self._answer(self._call(row.vendor, _PATHS[_Kind(row.kind)], body, timeout_seconds))

    def balance(self, session: SimulatedSession) -> Answer:
        """Ask for a player's balance; see `Speaker`."""
        body = self._base(session) | {"currency": session.currency}
        return self._answer(self._call(session.vendor, "balance", body, TIMEOUT_SECONDS))

    def api(self, request: HttpRequest, vendor: SimulatedVendor, path: str) -> JsonResponse:
        """Open a table: `ua/v1/{casino key}/{api token}`."""
        parts = path.split("/")
        if parts[:2] != ["ua", "v1"] or len(parts) != 4 or request.method != "POST":  # noqa: PLR2004 - ua/v1/key/token
            raise Refused(404, {"errors": [{"code": "G.3", "message": "Not configured"}]})
        for code, name, shown in (("G.1", "casino_key", parts[2]), ("G.2", "api_token", parts[3])):
            if not hmac.compare_digest(vendor.secrets[name].encode(), shown.encode()):
                raise Refused(200, {"errors": [{"code": code, "message": f"Unknown {name}"}]})
        try:
            body = json.loads(request.body)
            player, config = body["player"], body["config"]
            user, token, table = str(player["id"]), str(player["session"]["id"]), str(config["game"]["table"]["id"])
            currency, urls = str(player["currency"]), config.get("urls", {})
        except (ValueError, KeyError, TypeError):
            raise Refused(400, {"errors": [{"code": "G.0", "message": "The request is not understood"}]}) from None
        if table not in GAMES[self.slug]:
            raise Refused(200, {"errors": [{"code": "G.11", "message": "Table misconfigured"}]})
        session = open_session(
            vendor=vendor,
            game_code=table,
            currency=currency,
            user=user,
            token=token,
            lobby_url=str(urls.get("lobby") or "")[:500],
        )
        address = client_address(session)
        return JsonResponse({"entry": address, "entryEmbedded": f"{address}&embedded=1"})

    def _base(self, session: SimulatedSession) -> dict[str, Any]:
        """Everything is sent under the sid of the last check, which comes before anything else."""
        if not session.live_token:
            checked = {"sid": session.token, "userId": session.user, "uuid": str(uuid4()), "channel": {"type": "P"}}
            answer = self._call(session.vendor, "check", checked, TIMEOUT_SECONDS)
            session.live_token = str(answer.get("sid") or session.token)
            session.save(update_fields=["live_token"])
        return {"sid": session.live_token, "userId": session.user, "uuid": str(uuid4())}

    def _call(self, vendor: SimulatedVendor, path: str, body: dict[str, Any], timeout_seconds: float) -> dict[str, Any]:
        url = f"{vendor.platform_url}/{path}?authToken={vendor.secrets['auth_token']}"
        headers = {"Content-Type": "application/json"}
        response = exchange("POST", url, headers=headers, body=_encoder.encode(body), timeout_seconds=timeout_seconds)
        return document_of(response)

    def _answer(self, document: dict[str, Any]) -> Answer:
        status = document.get("status")
        if not isinstance(status, str) or status in self.words.unknown:
            raise NoAnswer(f"{status or 'without status'}")
        balance = number(document.get("balance"))
        return Answer(status, None if balance is None else scaled(balance))
