"""The wallet side of Evolution: verify, decode, one wallet call, answer. It decides nothing."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec

from apps.core.ids import token_digest
from apps.integrations.door import VendorRequest
from apps.integrations.models import Credential
from apps.providers.adapters.evolution import wire
from apps.providers.adapters.evolution.options import OPTIONS
from apps.providers.adapters.evolution.statuses import OK, REPEATED, RETRYABLE, status_of
from apps.providers.amounts import UnusableAmount, coin_units, json_number, ledger_units, main_units
from apps.providers.commands import Unreadable, decoded, wallet_call
from apps.providers.contract import Outcome, Verb, WalletAnswer
from apps.providers.game_sessions import GameSessionOver, GameTokenUnknown, rotate_token
from apps.providers.seats import Seat, seat_of
from apps.providers.wallet_calls import WalletCall, WalletReply, post_call

T = TypeVar("T", bound=msgspec.Struct)

_POST = ("POST",)
_MOST_DECIMALS = 6


class Refused(Exception):
    """The request is answered before a command is made of it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class EvolutionAdapter:
    """Evolution One Wallet. A command's identity is the bet's `refId` with the verb."""

    options = OPTIONS

    def __init__(self) -> None:
        self._handlers: Mapping[str, tuple[Verb, Callable[[VendorRequest, str], WalletAnswer]]] = {
            "check": (Verb.CHECK, self._check),
            "balance": (Verb.BALANCE, self._balance),
            "debit": (Verb.BET, self._debit),
            "credit": (Verb.WIN, self._credit),
            "cancel": (Verb.ROLLBACK, self._cancel),
            "promo_payout": (Verb.PROMO, self._promo_payout),
        }

    def methods(self, path: str) -> tuple[str, ...]:
        """POST, for every call."""
        return _POST if path in self._handlers else ()

    def answer(self, request: VendorRequest) -> WalletAnswer:
        """Answer one request: HTTP 200 with a status, and 401 for a wrong `authToken`."""
        verb, handler = self._handlers[request.path]
        kid = ""
        try:
            kid = _admitted(request)
            answer = handler(request, kid)
        except Refused as refusal:
            answer = _refusal(request, refusal, verb)
        answer.verb = verb
        answer.verified_by = kid
        return answer

    def _check(self, request: VendorRequest, _kid: str) -> WalletAnswer:
        """Exchange the sid: the new one replaces the old for every verb."""
        check = _parsed(request.body, wire.Check)
        seat = _seat(request, check)
        grace = timedelta(seconds=OPTIONS.of(request.connection, "check_grace_seconds"))
        try:
            sid = rotate_token(
                digest=token_digest(check.sid), integration_id=request.connection.id, now=request.now, grace=grace
            )
        except (GameTokenUnknown, GameSessionOver):
            raise Refused(Outcome.BAD_SESSION) from None
        body = wire.encoded(wire.Reply(status=OK, sid=sid, uuid=check.uuid))
        return WalletAnswer(200, body, Outcome.APPLIED, refs=_refs(check.uuid), player_id=seat.player_id)

    def _balance(self, request: VendorRequest, _kid: str) -> WalletAnswer:
        balance = _parsed(request.body, wire.Balance)
        seat = _seat(request, balance)
        if seat.token_replaced:
            raise Refused(Outcome.BAD_SESSION)
        outcome = Outcome.APPLIED if balance.currency == seat.currency else Outcome.WRONG_CURRENCY
        body = _body(request, status_of(outcome, Verb.BALANCE), balance.uuid, seat)
        return WalletAnswer(200, body, outcome, refs=_refs(balance.uuid), player_id=seat.player_id)

    def _debit(self, request: VendorRequest, kid: str) -> WalletAnswer:
        move = _parsed(request.body, wire.Move)
        call = _money_call(request, kid, move, "debit", "bet")
        # A later bet of the same game may come when the earlier ones have all been settled, but not after the game.
        call.accept_closed_round = not _is_gamewise(request)
        return self._post(request, call, move.uuid, Verb.BET, move.transaction.id)

    def _credit(self, request: VendorRequest, kid: str) -> WalletAnswer:
        move = _parsed(request.body, wire.Move)
        call = _money_call(request, kid, move, "credit", "win")
        call.reference = f"debit:{move.transaction.refId}"
        if _is_gamewise(request):
            call.by_round = call.close_round = True
        else:
            call.accept_closed_round = call.close_when_settled = True
        return self._post(request, call, move.uuid, Verb.WIN, move.transaction.id)

    def _cancel(self, request: VendorRequest, kid: str) -> WalletAnswer:
        """Take the whole bet back; the amount the request names is not asked."""
        move = _parsed(request.body, wire.Move)
        _amount(move.transaction.amount)
        call = _call(request, kid, move, "rollback", "rollback", terms=())
        call.reference = f"debit:{move.transaction.refId}"
        call.currency = move.currency
        call.accept_settled = OPTIONS.of(request.connection, "cancel_settled")
        call.close_when_settled = True
        call.round_settles = _is_gamewise(request)
        return self._post(request, call, move.uuid, Verb.ROLLBACK, move.transaction.id)

    def _promo_payout(self, request: VendorRequest, kid: str) -> WalletAnswer:
        """Pay without a bet, into a round of its own."""
        promo = _parsed(request.body, wire.Promo)
        paid = promo.promoTransaction
        game = promo.game or wire.Game()
        units = _units(_amount(paid.amount), promo.currency)
        details = {
            "call_id": paid.id,
            "promo": paid.type,
            "voucher": paid.voucherId,
            "rounds_left": paid.remainingRounds,
        }
        call = wallet_call(
            request,
            verified_by=kid,
            verb="credit",
            token=promo.sid,
            terms=(promo.currency, units),
            kind="win",
            player_ref=promo.userId,
            key=f"promo:{paid.id}",
            game_code=game.table_id,
            round_ref=f"promo:{paid.id}",
            close_round=True,
            currency=promo.currency,
            amount=units,
            quantum=coin_units(promo.currency),
            draw=OPTIONS.of(request.connection, "promo_bucket"),
            needs_reference=False,
            accept_closed_round=True,
            session_game=True,
            live_token=True,
            state_of_now=True,
            details={name: value for name, value in details.items() if value not in (None, "")},
        )
        return self._post(request, call, promo.uuid, Verb.PROMO, paid.id)

    def _post(self, request: VendorRequest, call: WalletCall, uuid: str | None, verb: Verb, *refs: str) -> WalletAnswer:
        reply = post_call(call)
        status = status_of(reply.outcome, verb)
        if reply.outcome is Outcome.LIMIT:
            status = OPTIONS.of(request.connection, "limit_status")
        if reply.replayed and status == OK and OPTIONS.of(request.connection, "repeated") != OK:
            status = REPEATED.get(verb, OK)
        return WalletAnswer(
            status=200,
            body=_body(request, status, uuid, reply),
            outcome=reply.outcome,
            refs=_refs(uuid, call.key, call.round_ref, *refs),
            request_logged=reply.logged,
            replayed=reply.replayed,
            player_id=reply.player_id,
            round_id=reply.round_id,
            transaction_id=reply.transaction_id,
        )


def _admitted(request: VendorRequest) -> str:
    """Return the kid of the `authToken`, which has to be there once."""
    shown = parse_qs(request.query, keep_blank_values=True, max_num_fields=20).get("authToken", [])
    if len(shown) == 1:
        token = shown[0].encode("utf-8", "surrogatepass")
        key = request.connection.key_shown(token, Credential.Purpose.VERIFY_INBOUND, "auth_token")
        if key is not None:
            return key.kid
    raise Refused(Outcome.BAD_SIGNATURE)


def _parsed(body: bytes, type_: type[T]) -> T:
    try:
        return decoded(body, type_)
    except Unreadable as error:
        raise Refused(Outcome.BAD_REQUEST) from error


def _amount(raw: msgspec.Raw) -> Decimal:
    try:
        amount = json_number(raw)
    except UnusableAmount as error:
        raise Refused(Outcome.BAD_REQUEST) from error
    if amount < 0:
        raise Refused(Outcome.BAD_REQUEST)
    return amount


def _units(amount: Decimal, currency: str) -> int:
    try:
        return ledger_units(amount, currency)
    except UnusableAmount as error:
        raise Refused(Outcome.INEXACT_AMOUNT) from error


def _seat(request: VendorRequest, base: wire.Base) -> Seat:
    seat = seat_of(request.connection.id, token_digest(base.sid), base.userId)
    if seat is None:
        raise Refused(Outcome.BAD_SESSION)
    return seat


def _is_gamewise(request: VendorRequest) -> bool:
    return bool(OPTIONS.of(request.connection, "settlement") == "gamewise")


def _money_call(request: VendorRequest, kid: str, move: wire.Move, verb: str, kind: str) -> WalletCall:
    units = _units(_amount(move.transaction.amount), move.currency)
    call = _call(request, kid, move, verb, kind, terms=(move.game.id, move.currency, units))
    call.amount = units
    call.currency = move.currency
    call.quantum = coin_units(move.currency)
    call.draw = OPTIONS.of(request.connection, "draw")
    return call


def _call(
    request: VendorRequest, kid: str, move: wire.Move, verb: str, kind: str, *, terms: tuple[object, ...]
) -> WalletCall:
    if not move.game.id:
        raise Refused(Outcome.BAD_REQUEST)
    table = move.game.table_id
    return wallet_call(
        request,
        verified_by=kid,
        verb=verb,
        token=move.sid,
        terms=(move.transaction.refId, *terms),
        kind=kind,
        player_ref=move.userId,
        key=f"{'cancel' if verb == 'rollback' else verb}:{move.transaction.refId}",
        game_code=table,
        round_ref=move.game.id,
        session_game=not table or OPTIONS.of(request.connection, "unknown_table") == "session",
        live_token=True,
        state_of_now=True,
        details={"call_id": move.transaction.id},
    )


def _refs(*refs: str | None) -> tuple[str, ...]:
    return tuple(ref for ref in refs if ref)


def _refusal(request: VendorRequest, refusal: Refused, verb: Verb) -> WalletAnswer:
    uuid = wire.uuid_of(request.body)
    body = _body(request, status_of(refusal.outcome, verb), uuid, None)
    return WalletAnswer(
        401 if refusal.outcome is Outcome.BAD_SIGNATURE else 200, body, refusal.outcome, refs=_refs(uuid)
    )


def _body(request: VendorRequest, status: str, uuid: str | None, state: WalletReply | Seat | None) -> bytes:
    """Refusals carry the true balance too; a sid that is nobody's has none."""
    reply = wire.Reply(status=status, uuid=uuid, retransmission=True if status in RETRYABLE else None)
    if state is not None and state.currency:
        units = sum(getattr(state, bucket) or 0 for bucket in OPTIONS.of(request.connection, "shown"))
        reply.balance = main_units(units, state.currency, most_decimals=_MOST_DECIMALS)
        reply.bonus = main_units(state.bonus or 0, state.currency, most_decimals=_MOST_DECIMALS)
    return wire.encoded(reply)
