"""The wallet side of Swipe Games: verify, decode, one wallet call, answer. It decides nothing."""

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, uuid5

import msgspec

from apps.core.currencies import currency_spec
from apps.core.ids import token_digest
from apps.integrations.door import VendorRequest
from apps.integrations.models import Credential
from apps.providers.adapters.swipegames import wire
from apps.providers.adapters.swipegames.options import OPTIONS
from apps.providers.adapters.swipegames.signature import canonical_query, verified_by
from apps.providers.adapters.swipegames.statuses import word_of
from apps.providers.amounts import UnusableAmount, main_units, plain_decimal
from apps.providers.commands import Unreadable, decoded, wallet_call
from apps.providers.contract import Outcome, Verb, WalletAnswer
from apps.providers.seats import Seat, seat_of
from apps.providers.wallet_calls import WalletCall, WalletReply, post_call

T = TypeVar("T", bound=msgspec.Struct)

_FIAT_DECIMALS, _CRYPTO_DECIMALS = 2, 8
_MOST_PARAMETERS = 20


class Refused(Exception):
    """The request is answered before a command is made of it. `details` are for the vendor's people."""

    def __init__(self, outcome: Outcome, details: str = "") -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.details = details


class SwipeGamesAdapter:
    """Swipe Games. HTTP 4xx says "certainly not applied", 500 "unknown"; wins and refunds are repeated until 200."""

    options = OPTIONS

    def __init__(self) -> None:
        self._calls: Mapping[str, tuple[str, Verb, Callable[[VendorRequest, str], WalletAnswer]]] = {
            "balance": ("GET", Verb.BALANCE, self._balance),
            "bet": ("POST", Verb.BET, self._bet),
            "win": ("POST", Verb.WIN, self._win),
            "refund": ("POST", Verb.ROLLBACK, self._refund),
        }

    def methods(self, path: str) -> tuple[str, ...]:
        """GET for the balance, POST for what moves money."""
        return (self._calls[path][0],) if path in self._calls else ()

    def answer(self, request: VendorRequest) -> WalletAnswer:
        """Answer one request."""
        _, verb, handler = self._calls[request.path]
        kid = ""
        try:
            kid = _admitted(request)
            answer = handler(request, kid)
        except Refused as refusal:
            answer = _refusal(refusal.outcome, verb, refusal.details)
        answer.verb = verb
        answer.verified_by = kid
        return answer

    def _balance(self, request: VendorRequest, _kid: str) -> WalletAnswer:
        session = _parameters(request.query).get("sessionID", "")
        if not session:
            raise Refused(Outcome.BAD_REQUEST, "sessionID is required")
        seat = seat_of(request.connection.id, token_digest(session))
        if seat is None:
            raise Refused(Outcome.BAD_SESSION)
        body = msgspec.json.encode(wire.Reply(balance=_shown(request, seat)))
        return WalletAnswer(200, body, Outcome.APPLIED, player_id=seat.player_id)

    def _bet(self, request: VendorRequest, kid: str) -> WalletAnswer:
        move = _parsed(request.body, wire.Move)
        call = _money_call(request, kid, move, "debit", "bet")
        call.accept_closed_round = True  # a round closes with its last win; it may go on
        return self._post(request, call, Verb.BET, move.frID)

    def _win(self, request: VendorRequest, kid: str) -> WalletAnswer:
        move = _parsed(request.body, wire.Move)
        call = _money_call(request, kid, move, "credit", "win")
        call.needs_reference = False
        call.needs_round = OPTIONS.of(request.connection, "win_needs_bet") and move.frID is None
        call.by_round = call.close_when_settled = True
        call.accept_closed_round = OPTIONS.of(request.connection, "win_after_close")
        call.draw = OPTIONS.of(request.connection, "free_payout")
        return self._post(request, call, Verb.WIN, move.frID)

    def _refund(self, request: VendorRequest, kid: str) -> WalletAnswer:
        """Take the whole original back: of a refund only its ids count."""
        refund = _parsed(request.body, wire.Refund)
        call = wallet_call(
            request,
            verified_by=kid,
            verb="rollback",
            token=refund.sessionID,
            terms=(refund.origTxID.lower(),),
            kind="rollback",
            key=refund.txID.lower(),
            reference=refund.origTxID.lower(),
            game_code="",
            session_game=True,
            round_ref=refund.roundID or "",
            close_when_settled=True,
            accept_settled=True,
            round_settles=False,
        )
        if not OPTIONS.of(request.connection, "refund_after_close"):
            call.accept_settled, call.round_settles = False, True
        return self._post(request, call, Verb.ROLLBACK, refund.origTxID)

    def _post(self, request: VendorRequest, call: WalletCall, verb: Verb, *refs: str | None) -> WalletAnswer:
        reply = post_call(call)
        word = word_of(reply.outcome, verb)
        if word.status == 200:  # noqa: PLR2004 - HTTP's own number
            body = msgspec.json.encode(wire.Reply(balance=_shown(request, reply), txID=_own_id(call, reply)))
            answer = WalletAnswer(200, body, reply.outcome)
        else:
            answer = _refusal(reply.outcome, verb)
        answer.refs = tuple(ref for ref in (call.key, call.round_ref, *refs) if ref)
        answer.request_logged, answer.replayed = reply.logged, reply.replayed
        answer.player_id = reply.player_id
        answer.round_id = reply.round_id
        answer.transaction_id = reply.transaction_id
        return answer


def _admitted(request: VendorRequest) -> str:
    signed = canonical_query(_parameters(request.query)) if request.method == "GET" else request.body
    keys = request.connection.keys_for(Credential.Purpose.VERIFY_INBOUND, "integration_api_key")
    kid = verified_by(keys, signed, request.headers.get("x-request-sign", ""))
    if kid is None:
        raise Refused(Outcome.BAD_SIGNATURE)
    return kid


def _parameters(query: str) -> dict[str, str]:
    """All query parameters; one that comes twice can not be what was signed."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise Refused(Outcome.BAD_REQUEST, "unreadable query") from error
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise Refused(Outcome.BAD_REQUEST, "a parameter comes twice")
    return parameters


def _parsed(body: bytes, type_: type[T]) -> T:
    try:
        return decoded(body, type_)
    except Unreadable as error:
        raise Refused(Outcome.BAD_REQUEST, str(error)) from error


def _money_call(request: VendorRequest, kid: str, move: wire.Move, verb: str, kind: str) -> WalletCall:
    """A free bet or win is tracked, and moves nothing: its amount is kept in the details."""
    try:
        amount = plain_decimal(move.amount)
    except UnusableAmount as error:
        raise Refused(Outcome.BAD_REQUEST, str(error)) from error
    is_free = move.type == "free"
    details = {"free_amount": move.amount if is_free else None, "free_rounds": move.frID}
    return wallet_call(
        request,
        verified_by=kid,
        verb=verb,
        token=move.sessionID,
        terms=(move.type, move.roundID.lower(), amount.normalize(), move.frID or ""),
        kind=kind,
        key=move.txID.lower(),
        game_code="",
        session_game=True,
        round_ref=move.roundID.lower(),
        main_amount=None if is_free else amount,
        draw=OPTIONS.of(request.connection, "draw"),
        details={name: value for name, value in details.items() if value is not None} or None,
    )


def _own_id(call: WalletCall, reply: WalletReply) -> str:
    """Our id of what was done; where nothing was left to do, one that stays the same when the call is repeated."""
    return str(reply.transaction_id or uuid5(NAMESPACE_URL, f"{call.integration_id}:{call.key}"))


def _shown(request: VendorRequest, state: Seat | WalletReply) -> str:
    """The balance with 2 decimals in every fiat currency, up to 8 in crypto."""
    if state.currency is None:
        return "0"
    units = sum(getattr(state, bucket) or 0 for bucket in OPTIONS.of(request.connection, "shown"))
    decimals = _FIAT_DECIMALS if currency_spec(state.currency).kind == "fiat" else _CRYPTO_DECIMALS
    return f"{main_units(units, state.currency, most_decimals=decimals):f}"


def _refusal(outcome: Outcome, verb: Verb, details: str = "") -> WalletAnswer:
    word = word_of(outcome, verb)
    reply = wire.ErrorReply(
        message=word.message, code=word.code, action="refresh" if word.refresh else "", details=details
    )
    return WalletAnswer(word.status, msgspec.json.encode(reply), outcome)
