"""The Hub88 family: Hub88 and Caleta."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from apps.sandbox.models import SimulatedRound, SimulatedSession, SimulatedTransaction, SimulatedVendor
from apps.sandbox.vendors.catalogue import GAMES
from apps.sandbox.vendors.dialects import DUPLICATE, MISSING, OK, UNKNOWN_STATUSES, Dialect
from apps.sandbox.vendors.listings import family_wire, list_answer
from apps.sandbox.vendors.sessions import client_address, open_session
from apps.sandbox.vendors.signatures import is_signed, sign
from apps.sandbox.vendors.speakers.speaker import Refused, Words
from apps.sandbox.vendors.wire import TIMEOUT_SECONDS, Answer, NoAnswer, exchange

_Kind = SimulatedTransaction.Kind
_SHORTEST_USER = 3
_TOKEN_LENGTHS = range(10, 256)


class FamilySpeaker:
    """One member of the family."""

    repeats_bets = True

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.slug = dialect.slug
        self.title = dialect.title
        self.demo_currency: str | None = dialect.demo_currency
        self.words = Words(
            accepted=frozenset({OK}),
            out_of_money=frozenset({"RS_ERROR_NOT_ENOUGH_MONEY"}),
            early_win=frozenset({MISSING}),
            late_bet=frozenset({dialect.late_bet_status}),
            other_terms=frozenset({DUPLICATE}),
            unknown=UNKNOWN_STATUSES,
            messages=(
                ("RS_ERROR_NOT_ENOUGH_MONEY", "There is not enough money in your wallet for this stake."),
                ("RS_ERROR_USER_DISABLED", "Your account may not play at present."),
                ("RS_ERROR_TOKEN_EXPIRED", "This game session has expired. Please open the game again."),
                ("RS_ERROR_INVALID_TOKEN", "This game session is not known. Please open the game again."),
                ("RS_ERROR_INVALID_GAME", "This game is not available."),
            ),
        )

    def send(
        self, row: SimulatedTransaction, *, amount: int | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> Answer:
        """Send a transaction; see `Speaker`."""
        return self._call(row.vendor, self._path(row), self._body(row, amount), timeout_seconds)

    def balance(self, session: SimulatedSession) -> Answer:
        """Ask for a player's balance; see `Speaker`."""
        body = {"token": session.token, "game_code": session.game_code}
        if self.dialect.sends_user:
            body["user"] = session.user
        return self._call(session.vendor, self.dialect.balance_path, body, TIMEOUT_SECONDS)

    def api(self, request: HttpRequest, vendor: SimulatedVendor, path: str) -> HttpResponse:
        """Open a game, list games, show a round: verify who speaks, then do what is asked."""
        actions: dict[str, Callable[[HttpRequest, SimulatedVendor, dict[str, Any]], HttpResponse]] = {
            self.dialect.launch_path: self._launch,
            self.dialect.list_path: self._list,
            self.dialect.round_path: self._round,
        }
        if path not in actions or request.method != "POST":
            raise _refused(404, "There is no such method.")
        return actions[path](request, vendor, self._verified(request, vendor))

    def _path(self, row: SimulatedTransaction) -> str:
        return {
            _Kind.BET: self.dialect.bet_path,
            _Kind.WIN: self.dialect.win_path,
            _Kind.ROLLBACK: self.dialect.rollback_path,
        }[_Kind(row.kind)]

    def _body(self, row: SimulatedTransaction, amount: int | None) -> dict[str, Any]:
        session = row.round.session
        is_bet = row.kind == _Kind.BET
        body: dict[str, Any] = {
            "token": session.token,
            "game_code": session.game_code,
            "round": row.round.reference,
            "round_closed": not is_bet,
            "transaction_uuid": str(row.pk),
        }
        if self.dialect.sends_user or row.kind == _Kind.ROLLBACK:
            body["user"] = session.user
        if row.target is not None:
            body["reference_transaction_uuid"] = str(row.target)
        if row.kind != _Kind.ROLLBACK:
            body |= {
                "amount": row.amount if amount is None else amount,
                "currency": session.currency,
                "supplier_user": f"sim_{session.user}",
                "is_free": False,
            }
        return body | ({"bet": "zero"} if is_bet else {})

    def _call(self, vendor: SimulatedVendor, path: str, body: dict[str, Any], timeout_seconds: float) -> Answer:
        raw = json.dumps({"request_uuid": str(uuid4()), **body}, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", self.dialect.signature_header: sign(vendor.private_key_pem, raw)}
        response = exchange(
            "POST", vendor.platform_url + path, headers=headers, body=raw, timeout_seconds=timeout_seconds
        )
        try:
            answer = response.json()
        except ValueError as error:
            raise NoAnswer(type(error).__name__) from error
        status = answer.get("status") if isinstance(answer, dict) else None
        if not isinstance(status, str) or status in self.words.unknown:
            raise NoAnswer(f"HTTP {response.status_code} {status or 'without status'}")
        balance = answer.get("balance")
        return Answer(status, balance if isinstance(balance, int) else None)

    def _verified(self, request: HttpRequest, vendor: SimulatedVendor) -> dict[str, Any]:
        signature = request.headers.get(self.dialect.signature_header, "")
        if not is_signed(vendor.platform_key_pem, request.body, signature):
            raise _refused(401, "The signature does not verify.")
        try:
            body = json.loads(request.body)
        except ValueError:
            raise _refused(400, "The body is not JSON.") from None
        if not isinstance(body, dict):
            raise _refused(400, "The body is not an object.")
        if body.get("operator_id") != vendor.operator_id:
            raise _refused(404, "The operator_id does not correspond to any existing Operator.")
        return body

    def _launch(self, request: HttpRequest, vendor: SimulatedVendor, body: dict[str, Any]) -> JsonResponse:
        game_code, currency = body.get("game_code"), body.get("currency")
        if not isinstance(game_code, str) or not isinstance(currency, str):
            raise _refused(400, "game_code and currency are required.")
        if game_code not in GAMES[vendor.slug]:
            raise _refused(404, "There is no such game.")
        user, token = str(body.get("user") or ""), str(body.get("token") or "")
        is_demo = currency == self.demo_currency
        if not is_demo and (len(user) < _SHORTEST_USER or len(token) not in _TOKEN_LENGTHS):
            raise _refused(400, "user and token are required to play for real.")
        session = open_session(
            vendor=vendor,
            game_code=game_code,
            currency=currency,
            is_demo=is_demo,
            user=user,
            token=token,
            lobby_url=str(body.get("lobby_url") or "")[:500],
        )
        return JsonResponse({"url": request.build_absolute_uri(client_address(session))})

    def _list(self, request: HttpRequest, vendor: SimulatedVendor, _body: dict[str, Any]) -> HttpResponse:
        return list_answer(request, vendor, partial(family_wire, is_hub88=self.slug == "hub88"))

    def _round(self, request: HttpRequest, vendor: SimulatedVendor, body: dict[str, Any]) -> JsonResponse:
        rounds = SimulatedRound.objects.filter(vendor=vendor)
        reference = body.get("round")
        found = rounds.filter(reference=reference).first() if isinstance(reference, str) else None
        if found is None:
            raise _refused(404, "There is no such round.")
        address = reverse("sandbox-vendor-round", args=[vendor.slug, found.reference])
        return JsonResponse({"url": request.build_absolute_uri(address)})


def _refused(status: int, error: str) -> Refused:
    return Refused(status, {"error": error})
