"""The wallet side of the Valkyrie PAM API: which call is asked, and who may ask. Transactions are in `transactions`."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from apps.core.ids import token_digest
from apps.integrations.door import VendorRequest
from apps.integrations.models import Credential
from apps.providers.adapters.valkyrie import transactions, wire
from apps.providers.adapters.valkyrie.asked import Asked, Refused
from apps.providers.adapters.valkyrie.options import OPTIONS
from apps.providers.adapters.valkyrie.statuses import (
    MISSING_PROVIDER,
    PLAYER_NOT_FOUND,
    ROUND_NOT_FOUND,
    SESSION_EXPIRED,
    SESSION_NOT_FOUND,
    TRANS_NOT_FOUND,
    UNDEFINED,
)
from apps.providers.amounts import main_units
from apps.providers.contract import Outcome, Verb, WalletAnswer
from apps.providers.game_sessions import GameSessionOver, GameTokenUnknown, rotate_token
from apps.providers.lookups import Posted, known_round, posted
from apps.providers.seats import Seat, seat_of

_SESSION = re.compile(r"players/session")
_BALANCE = re.compile(r"players/(?P<player>[^/]+)/balance")
_TRANSACTIONS = re.compile(r"players/(?P<player>[^/]+)/transactions")
_ROUND = re.compile(r"players/(?P<player>[^/]+)/gamerounds/(?P<round>.+)", re.DOTALL)
_KINDS = ("WITHDRAW", "DEPOSIT", "CANCEL", "PROMOWITHDRAW", "PROMODEPOSIT", "PROMOCANCEL")
_LONGEST_ID = 40

_Handler = Callable[[Asked], WalletAnswer]


class ValkyrieAdapter:
    """The PAM API: HTTP 200 with `OK` or `ERROR`; 401 and 400 for hard errors only."""

    options = OPTIONS

    def __init__(self) -> None:
        self._routes: Sequence[tuple[re.Pattern[str], Mapping[str, tuple[Verb, _Handler]]]] = (
            (_SESSION, {"GET": (Verb.SESSION, _get_session), "PUT": (Verb.CHECK, _refresh_session)}),
            (_BALANCE, {"GET": (Verb.BALANCE, _get_balance)}),
            (
                _TRANSACTIONS,
                {"GET": (Verb.LOOKUP, _get_transactions), "POST": (Verb.BET, transactions.add_transaction)},
            ),
            (_ROUND, {"GET": (Verb.LOOKUP, _get_round)}),
        )

    def methods(self, path: str) -> tuple[str, ...]:
        """What each of the four resources takes."""
        return next((tuple(methods) for route, methods in self._routes if route.fullmatch(path)), ())

    def answer(self, request: VendorRequest) -> WalletAnswer:
        """Answer one request."""
        route, methods = next(each for each in self._routes if each[0].fullmatch(request.path))
        verb, handler = methods[request.method]
        found = route.fullmatch(request.path)
        kid = ""
        try:
            kid = _admitted(request)
            answer = handler(_asked(request, kid, found.groupdict() if found else {}))
        except Refused as refusal:
            answer = WalletAnswer(refusal.status, wire.encoded(refusal.document), refusal.outcome)
        answer.verb = answer.verb or verb
        answer.verified_by = kid
        correlation = request.headers.get("x-correlation-id", "")[:200]
        answer.refs = tuple(ref for ref in (correlation, *answer.refs) if ref)
        return answer


def _admitted(request: VendorRequest) -> str:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = shown.strip().encode("utf-8", "surrogateescape")
        key = request.connection.key_shown(token, Credential.Purpose.VERIFY_INBOUND, "bearer_token")
        if key is not None:
            return key.kid
    raise Refused("PAM_ERR_API_TOKEN", "not authorized", Outcome.BAD_SIGNATURE, status=401)


def _asked(request: VendorRequest, kid: str, path: Mapping[str, str]) -> Asked:
    try:
        query = parse_qs(request.query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        query = {}
    asked = Asked(
        request=request,
        verified_by=kid,
        token=request.headers.get("x-player-token", ""),
        player=path.get("player"),
        round_ref=path.get("round", ""),
        query={name: values[0] for name, values in query.items()},
    )
    if not asked.query.get("provider"):
        status = 400 if _TRANSACTIONS.fullmatch(request.path) else 200
        raise Refused(MISSING_PROVIDER, "the provider is missing", status=status)
    return asked


def _seat(asked: Asked, *, may_be_over: bool = False) -> Seat:
    seat = seat_of(asked.request.connection.id, token_digest(asked.token))
    if seat is None:
        raise Refused(SESSION_NOT_FOUND, "session not found", Outcome.BAD_SESSION, status=401)
    if asked.player is not None and asked.player != str(seat.player_ref):
        raise Refused(PLAYER_NOT_FOUND, "the session is not the player's", Outcome.BAD_SESSION)
    if not may_be_over and (seat.token_replaced or seat.over_at <= asked.request.now):
        raise Refused(SESSION_EXPIRED, "session expired", Outcome.SESSION_EXPIRED)
    return seat


def _get_session(asked: Asked) -> WalletAnswer:
    """Succeeds for an expired or refreshed-away token too: the session's details never change."""
    return _session(_seat(asked, may_be_over=True), asked.token)


def _refresh_session(asked: Asked) -> WalletAnswer:
    seat = _seat(asked)
    try:
        token = rotate_token(
            digest=token_digest(asked.token), integration_id=asked.request.connection.id, now=asked.request.now
        )
    except (GameTokenUnknown, GameSessionOver):
        # Somebody else was faster.
        raise Refused(SESSION_EXPIRED, "session expired", Outcome.SESSION_EXPIRED) from None
    return _session(seat, token)


def _session(seat: Seat, token: str) -> WalletAnswer:
    session = {
        "playerId": str(seat.player_ref),
        "token": token,
        "currency": seat.currency,
        "country": seat.country,
        "language": seat.language[:2].upper(),
        "gameId": seat.game_code[:_LONGEST_ID],
    }
    return WalletAnswer(
        200, wire.encoded({"status": "OK", "session": session}), Outcome.APPLIED, player_id=seat.player_id
    )


def _get_balance(asked: Asked) -> WalletAnswer:
    seat = _seat(asked)
    body = {"status": "OK", "balance": transactions.balance_of(asked, seat)}
    return WalletAnswer(200, wire.encoded(body), Outcome.APPLIED, player_id=seat.player_id)


def _get_transactions(asked: Asked) -> WalletAnswer:
    bet_ref, transaction_id = asked.query.get("providerBetRef"), asked.query.get("providerTransactionId")
    if not bet_ref and not transaction_id:
        raise Refused(UNDEFINED, "providerBetRef or providerTransactionId is required", status=400)
    seat = _seat(asked, may_be_over=True)
    wanted = str(bet_ref or transaction_id)
    keys = [f"{kind}:{wanted}" for kind in _KINDS]
    if not bet_ref:
        keys.append(f"id:{wanted}")
    found = posted(
        integration_id=asked.request.connection.id,
        player_id=seat.player_id,
        keys=[key.replace("\0", "") for key in keys],
    )
    if not found:
        raise _not_found(asked, TRANS_NOT_FOUND, "transaction not found")
    body = {"status": "OK", "transactions": [_listed(asked, each) for each in found]}
    return WalletAnswer(200, wire.encoded(body), Outcome.APPLIED, refs=(wanted,), player_id=seat.player_id)


def _listed(asked: Asked, each: Posted) -> dict[str, Any]:
    kind, _, ref = each.key.partition(":")
    bonus_amount = main_units(each.bonus, each.currency, most_decimals=wire.MOST_DECIMALS)
    shown = {
        "currency": each.currency,
        "provider": asked.query["provider"],
        "transactionType": kind,
        "cashAmount": main_units(each.cash, each.currency, most_decimals=wire.MOST_DECIMALS),
        "bonusAmount": 0,
        "promoAmount": 0,
        OPTIONS.of(asked.request.connection, "bonus_shown_as"): bonus_amount,
        "transactionDateTime": each.details.get("at") or _timestamp(each.at),
        "providerTransactionId": each.details.get("call_id") or ref,
        "providerBetRef": each.details.get("bet_ref"),
        "providerGameId": each.game_code,
        "providerRoundId": each.round_ref,
        "isGameOver": each.round_state not in (None, "open"),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _get_round(asked: Asked) -> WalletAnswer:
    seat = _seat(asked, may_be_over=True)
    ref = asked.round_ref.replace("\0", "")
    found = known_round(integration_id=asked.request.connection.id, player_id=seat.player_id, ref=ref)
    if found is None:
        raise _not_found(asked, ROUND_NOT_FOUND, "game round not found")
    shown = {
        "providerGameId": found.game_code,
        "providerRoundId": found.ref,
        "startTime": _timestamp(found.opened_at),
    }
    if found.state != "open" and found.closed_at is not None:
        shown["endTime"] = _timestamp(found.closed_at)
    body = {"status": "OK", "gameround": shown}
    return WalletAnswer(200, wire.encoded(body), Outcome.APPLIED, refs=(ref,), player_id=seat.player_id)


def _not_found(asked: Asked, code: str, message: str) -> Refused:
    status = int(OPTIONS.of(asked.request.connection, "missing_lookup_status"))
    return Refused(code, message, Outcome.REFERENCE_MISSING, status=status)


def _timestamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
