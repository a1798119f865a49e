"""The wallet side of the Hub88 family: verify, decode, one wallet call, answer. It decides nothing."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from apps.core.currencies import currency_spec
from apps.core.ids import token_digest
from apps.integrations.door import VendorRequest
from apps.integrations.models import Credential
from apps.integrations.rsa_keys import UnusableKey
from apps.providers.adapters.hub88 import wire
from apps.providers.adapters.hub88.options import OPTIONS
from apps.providers.adapters.hub88.profiles import Profile
from apps.providers.adapters.hub88.signature import verified_by
from apps.providers.adapters.hub88.statuses import OK, status_of
from apps.providers.commands import Unreadable, decoded, wallet_call
from apps.providers.contract import Outcome, Verb, WalletAnswer
from apps.providers.game_sessions import GameSessionOver, GameTokenUnknown, rotate_token
from apps.providers.seats import PlayerFacts, Seat, player_facts, seat_of
from apps.providers.wallet_calls import WalletCall, WalletReply, post_call

T = TypeVar("T", bound=msgspec.Struct)

_POST = ("POST",)


class Refused(Exception):
    """The request is answered before a command is made of it."""

    def __init__(self, status: str, outcome: Outcome = Outcome.BAD_REQUEST) -> None:
        super().__init__(status)
        self.status = status
        self.outcome = outcome


class Hub88Adapter:
    """The family's adapter, for one profile."""

    options = OPTIONS

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._handlers: Mapping[Verb, Callable[[VendorRequest, str], WalletAnswer]] = {
            Verb.BET: self._bet,
            Verb.WIN: self._win,
            Verb.ROLLBACK: self._rollback,
            Verb.BALANCE: self._balance,
            Verb.INFO: self._info,
            Verb.CHECK: self._check,
        }

    def methods(self, path: str) -> tuple[str, ...]:
        """POST, on the profile's paths."""
        return _POST if path in self._profile.paths else ()

    def answer(self, request: VendorRequest) -> WalletAnswer:
        """Answer one request; HTTP 200 with a status for everything that was understood or refused."""
        verb = self._profile.paths[request.path]
        kid = ""
        try:
            kid = self._verify(request)
            answer = self._handlers[verb](request, kid)
        except Refused as refusal:
            answer = self._refusal(request, refusal, verb)
        answer.verb = verb
        answer.verified_by = kid
        return answer

    def _verify(self, request: VendorRequest) -> str:
        signature = request.headers.get(self._profile.signature_header.lower(), "")
        keys = request.connection.keys_for(Credential.Purpose.VERIFY_INBOUND)
        try:
            kid = verified_by(keys, request.body, signature) if signature else None
        except UnusableKey:
            kid = None
        if kid is None:
            raise Refused("RS_ERROR_INVALID_SIGNATURE", Outcome.BAD_SIGNATURE)
        return kid

    def _bet(self, request: VendorRequest, kid: str) -> WalletAnswer:
        bet = _parsed(request.body, wire.Bet)
        terms = (bet.round, bet.game_code, bet.currency, bet.amount, bet.is_free)
        call = self._money_call(request, kid, bet, "debit", "bet", terms)
        call.ignores_expiry = call.accept_closed_round = bet.is_supplier_promo
        return self._post(request, call, bet.request_uuid, Verb.BET, bet.reward_uuid, bet.supplier_transaction_id)

    def _win(self, request: VendorRequest, kid: str) -> WalletAnswer:
        win = _parsed(request.body, wire.Win)
        if win.jackpot_win is not None and win.jackpot_win > win.amount:
            raise Refused("RS_ERROR_WRONG_SYNTAX")
        terms = (win.round, win.game_code, win.currency, win.amount, win.is_free, win.reference_transaction_uuid)
        call = self._money_call(request, kid, win, "credit", "win", terms)
        call.reference = win.reference_transaction_uuid
        call.accept_closed_round = OPTIONS.of(request.connection, "win_after_close") or win.is_supplier_promo
        if win.jackpot_win:
            call.details = {"jackpot_units": wire.ledger_units(win.jackpot_win, win.currency)}
        refs = (win.reference_transaction_uuid, win.reward_uuid, win.supplier_transaction_id)
        return self._post(request, call, win.request_uuid, Verb.WIN, *refs)

    def _rollback(self, request: VendorRequest, kid: str) -> WalletAnswer:
        rollback = _parsed(request.body, wire.Rollback)
        terms = (rollback.round, rollback.game_code, rollback.reference_transaction_uuid)
        call = _call(request, kid, rollback, "rollback", "rollback", terms)
        call.reference = rollback.reference_transaction_uuid
        call.accept_settled = OPTIONS.of(request.connection, "rollback_settled")
        return self._post(request, call, rollback.request_uuid, Verb.ROLLBACK, rollback.reference_transaction_uuid)

    def _money_call(
        self, request: VendorRequest, kid: str, money: wire.Money, verb: str, kind: str, terms: tuple[object, ...]
    ) -> WalletCall:
        call = _call(request, kid, money, verb, kind, terms)
        try:
            call.amount = wire.ledger_units(money.amount, money.currency)
        except wire.UnscalableAmount as error:
            raise Refused("RS_ERROR_WRONG_CURRENCY", Outcome.WRONG_CURRENCY) from error
        spec = currency_spec(money.currency)
        call.currency = money.currency
        call.quantum = 10 ** (spec.ledger_exponent - spec.exponent)
        call.draw = OPTIONS.of(request.connection, "free_draw" if money.is_free else "draw")
        return call

    def _post(
        self, request: VendorRequest, call: WalletCall, request_uuid: str, verb: Verb, *refs: str | None
    ) -> WalletAnswer:
        reply = post_call(call)
        status = status_of(reply.outcome, verb, self._profile.debit_statuses)
        body = self._body(request, status, request_uuid, reply)
        return WalletAnswer(
            status=200,
            body=body,
            outcome=reply.outcome,
            refs=(request_uuid, call.key, call.round_ref, *(ref for ref in refs if ref)),
            request_logged=reply.logged,
            replayed=reply.replayed,
            player_id=reply.player_id,
            round_id=reply.round_id,
            transaction_id=reply.transaction_id,
        )

    def _balance(self, request: VendorRequest, _kid: str) -> WalletAnswer:
        balance = _parsed(request.body, wire.Balance)
        seat = seat_of(request.connection.id, token_digest(balance.token), balance.user)
        refs = (balance.request_uuid,)
        if seat is None:
            return self._plain(request, Outcome.BAD_SESSION, balance.request_uuid, Verb.BALANCE)
        body = self._body(request, OK, balance.request_uuid, seat)
        return WalletAnswer(200, body, Outcome.APPLIED, refs=refs, player_id=seat.player_id)

    def _info(self, request: VendorRequest, _kid: str) -> WalletAnswer:
        info = _parsed(request.body, wire.Info)
        facts = player_facts(info.user, brand_code=request.connection.brand_code)
        if facts is None:
            return self._plain(request, Outcome.BAD_SESSION, info.request_uuid, Verb.INFO)
        body = msgspec.json.encode(_facts_body(facts, info.request_uuid))
        return WalletAnswer(200, body, Outcome.APPLIED, refs=(info.request_uuid,), player_id=facts.player_id)

    def _check(self, request: VendorRequest, _kid: str) -> WalletAnswer:
        """Exchange a token. The protocol has no status here, so a refusal is HTTP 400: certainly not applied."""
        check = _parsed(request.body, wire.Check)
        try:
            token = rotate_token(
                digest=token_digest(check.token), integration_id=request.connection.id, now=request.now
            )
        except GameTokenUnknown:
            raise Refused("RS_ERROR_INVALID_TOKEN", Outcome.BAD_SESSION) from None
        except GameSessionOver:
            raise Refused("RS_ERROR_TOKEN_EXPIRED", Outcome.SESSION_EXPIRED) from None
        return WalletAnswer(200, msgspec.json.encode({"token": token}), Outcome.APPLIED)

    def _plain(self, request: VendorRequest, outcome: Outcome, request_uuid: str, verb: Verb) -> WalletAnswer:
        status = status_of(outcome, verb, self._profile.debit_statuses)
        return WalletAnswer(200, self._body(request, status, request_uuid, None), outcome, refs=(request_uuid,))

    def _refusal(self, request: VendorRequest, refusal: Refused, verb: Verb) -> WalletAnswer:
        request_uuid = wire.request_uuid_of(request.body)
        body = self._body(request, refusal.status, request_uuid, None)
        refs = (request_uuid,) if request_uuid else ()
        return WalletAnswer(400 if verb is Verb.CHECK else 200, body, refusal.outcome, refs=refs)

    def _body(self, request: VendorRequest, status: str, request_uuid: str, state: WalletReply | Seat | None) -> bytes:
        reply = wire.Reply(status=status, request_uuid=request_uuid)
        if state is not None and state.currency and (status == OK or self._profile.balance_in_refusals):
            reply.user = str(state.player_ref)
            reply.currency = state.currency
            units = sum(getattr(state, bucket) or 0 for bucket in OPTIONS.of(request.connection, "shown"))
            reply.balance = wire.wire_amount(units, state.currency)
        return msgspec.json.encode(reply)


def _facts_body(facts: PlayerFacts, request_uuid: str) -> dict[str, object]:
    return {
        "user": str(facts.player_ref),
        "status": OK,
        "request_uuid": request_uuid,
        "country": facts.country,
        "jurisdiction": facts.jurisdiction,
        "birth_date": facts.birth_date,
        "registration_date": facts.registered_at.date(),
    }


def _parsed(body: bytes, type_: type[T]) -> T:
    """Decode strictly: malformed JSON and missing fields are wrong syntax, other wrong shapes wrong types."""
    try:
        return decoded(body, type_)
    except Unreadable as error:
        wrong_type = error.is_json and not error.lacks_field
        raise Refused("RS_ERROR_WRONG_TYPES" if wrong_type else "RS_ERROR_WRONG_SYNTAX") from error


def _call(
    request: VendorRequest, kid: str, wired: wire.Money | wire.Rollback, verb: str, kind: str, terms: tuple[object, ...]
) -> WalletCall:
    return wallet_call(
        request,
        verified_by=kid,
        verb=verb,
        token=wired.token,
        terms=terms,
        kind=kind,
        player_ref=wired.user,
        key=wired.transaction_uuid,
        game_code=wired.game_code,
        round_ref=wired.round,
        close_round=wired.round_closed,
    )
