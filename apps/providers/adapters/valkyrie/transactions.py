"""`POST /players/{id}/transactions`: one wallet call for each of the six types."""

from decimal import Decimal
from typing import Any

from apps.core.ids import token_digest
from apps.providers.adapters.valkyrie import wire
from apps.providers.adapters.valkyrie.asked import Asked, Refused
from apps.providers.adapters.valkyrie.options import OPTIONS
from apps.providers.adapters.valkyrie.statuses import (
    ALREADY_SETTLED,
    BONUS_OVERDRAFT,
    CANCEL_NON_WITHDRAW,
    NEGATIVE_STAKE,
    PLAYER_NOT_FOUND,
    UNDEFINED,
    code_of,
)
from apps.providers.amounts import UnusableAmount, coin_units, json_number, ledger_units
from apps.providers.commands import Unreadable, decoded, fingerprint, wallet_call
from apps.providers.contract import Outcome, Verb, WalletAnswer
from apps.providers.lookups import posted
from apps.providers.seats import Seat, seat_of
from apps.providers.wallet_calls import WalletCall, WalletReply, post_call

_VERBS = {"WITHDRAW": Verb.BET, "DEPOSIT": Verb.WIN, "CANCEL": Verb.ROLLBACK}
_SQL_VERBS = {Verb.BET: ("debit", "bet"), Verb.WIN: ("credit", "win"), Verb.ROLLBACK: ("rollback", "rollback")}
_MESSAGES = {
    Outcome.CONFLICT: "the transaction id was used for another player, game, round or amount",
    Outcome.INSUFFICIENT_FUNDS: "insufficient funds",
    Outcome.BLOCKED: "the account is blocked",
    Outcome.REFERENCE_MISSING: "there is no matching withdrawal",
    Outcome.REFERENCE_CANCELLED: "the withdrawal was cancelled",
    Outcome.REFERENCE_SETTLED: "the withdrawal was settled",
    Outcome.ROUND_CLOSED: "the game round is over",
}


def add_transaction(asked: Asked) -> WalletAnswer:
    """Post one transaction. Refusals carry the balance too, unless the session is not known."""
    wired = _parsed(asked)
    verb = _VERBS[wired.transactionType.removeprefix("PROMO")]
    call = _call(asked, wired, verb)
    reply = post_call(call)
    answer = _answer(asked, wired, verb, call, reply)
    answer.verb = wired.transactionType.lower()
    answer.refs = tuple(
        ref for ref in (wired.providerTransactionId, wired.providerBetRef, wired.providerRoundId) if ref
    )
    return answer


def balance_of(asked: Asked, state: Seat | WalletReply) -> dict[str, Decimal]:
    """The balance as the API shows it; restricted money plays as cash."""
    return wire.balance(
        str(state.currency),
        cash=(state.cash or 0) + (state.restricted or 0),
        bonus=state.bonus or 0,
        bonus_shown_as=OPTIONS.of(asked.request.connection, "bonus_shown_as"),
    )


def _parsed(asked: Asked) -> wire.Transaction:
    try:
        return decoded(asked.request.body, wire.Transaction)
    except Unreadable as error:
        raise Refused(UNDEFINED, str(error), status=400) from error


def _amounts(asked: Asked, wired: wire.Transaction) -> tuple[int, int]:
    """Cash part and bonus part in ledger units; there is one bonus bucket behind `bonusAmount` and `promoAmount`."""
    try:
        numbers = [json_number(raw) for raw in (wired.cashAmount, wired.bonusAmount, wired.promoAmount)]
    except UnusableAmount as error:
        raise Refused(UNDEFINED, str(error), status=400) from error
    if any(number < 0 for number in numbers):
        raise Refused(NEGATIVE_STAKE, "an amount is negative", **_with_balance(asked))
    try:
        cash, bonus, promo = (ledger_units(number, wired.currency) for number in numbers)
    except UnusableAmount as error:
        raise Refused(UNDEFINED, str(error), Outcome.INEXACT_AMOUNT, **_with_balance(asked)) from error
    return cash, bonus + promo


def _with_balance(asked: Asked) -> dict[str, Any]:
    seat = seat_of(asked.request.connection.id, token_digest(asked.token), asked.player)
    return {"transactionResult": {"balance": balance_of(asked, seat)}} if seat else {}


def _call(asked: Asked, wired: wire.Transaction, verb: Verb) -> WalletCall:
    cash, bonus = _amounts(asked, wired)
    sql_verb, kind = _SQL_VERBS[verb]
    is_promo = wired.transactionType.startswith("PROMO")
    ref = _reference(asked, wired)
    game, round_ref = wired.providerGameId or "", wired.providerRoundId or ""
    is_cancel = verb is Verb.ROLLBACK
    call = wallet_call(
        asked.request,
        verified_by=asked.verified_by,
        verb=sql_verb,
        token=asked.token,
        terms=(wired.transactionType, ref) if is_cancel else (wired.transactionType, game, round_ref, cash, bonus),
        kind=kind,
        player_ref=asked.player,
        key=f"{wired.transactionType}:{wired.providerTransactionId if is_cancel else ref}",
        game_code=game,
        # A promo deposit need not name a game of ours.
        session_game=not game or is_promo,
        round_ref=round_ref or f"{wired.transactionType}:{ref}",
        close_round=wired.isGameOver,
        currency=wired.currency,
        amount=0 if is_cancel else cash + bonus,
        bonus_amount=None if is_cancel else bonus,
        draw=OPTIONS.of(asked.request.connection, "promo_bucket" if verb is Verb.WIN else "draw"),
        quantum=coin_units(wired.currency),
        state_of_now=True,
        details=_details(wired),
    )
    if not is_cancel or (game and round_ref):
        call.alias = f"id:{wired.providerTransactionId}"
        call.alias_terms = fingerprint("id", game, round_ref)
    # Without a bet reference a deposit is about its round.
    return _with_rules(asked, call, verb, is_promo=is_promo, ref=ref, by_round=wired.providerBetRef is None)


def _with_rules(asked: Asked, call: WalletCall, verb: Verb, *, is_promo: bool, ref: str, by_round: bool) -> WalletCall:
    """What the API says of each type."""
    options = asked.request.connection
    withdrawal = f"{'PROMOWITHDRAW' if is_promo else 'WITHDRAW'}:{ref}"
    if verb is Verb.ROLLBACK:
        call.reference = withdrawal
        call.accept_settled = OPTIONS.of(options, "cancel_settled")
        call.round_settles = True
    elif verb is Verb.WIN and is_promo:
        call.needs_reference = False
        call.accept_closed_round = True
        call.close_round = call.close_round or call.round_ref.startswith("PROMODEPOSIT:")
    elif verb is Verb.WIN:
        call.reference = withdrawal
        call.needs_reference = False
        call.needs_round = True
        call.by_round = by_round
        call.accept_closed_round = OPTIONS.of(options, "deposit_after_close")
    return call


def _reference(asked: Asked, wired: wire.Transaction) -> str:
    """What groups the transactions of one bet: the bet reference outranks the transaction id."""
    by_id = OPTIONS.of(asked.request.connection, "identity") == "transaction_id"
    if by_id and wired.transactionType in ("WITHDRAW", "PROMOWITHDRAW"):
        return wired.providerTransactionId
    return wired.providerBetRef or wired.providerTransactionId


def _details(wired: wire.Transaction) -> dict[str, Any]:
    details = {
        "call_id": wired.providerTransactionId,
        "bet_ref": wired.providerBetRef,
        "at": wired.transactionDateTime.isoformat(),
        "bet_code": wired.betCode,
    }
    return {name: value for name, value in details.items() if value is not None}


def _answer(asked: Asked, wired: wire.Transaction, verb: Verb, call: WalletCall, reply: WalletReply) -> WalletAnswer:
    status, document = 200, _document(asked, wired, verb, call, reply)
    if reply.outcome is Outcome.BAD_SESSION:
        if seat_of(asked.request.connection.id, token_digest(asked.token)) is None:
            status, document = 401, wire.error(code_of(reply.outcome, verb), "session not found", status="Error")
        else:
            document = wire.error(PLAYER_NOT_FOUND, "the session is not the player's")
    return WalletAnswer(
        status=status,
        body=wire.encoded(document),
        outcome=reply.outcome,
        request_logged=reply.logged,
        replayed=reply.replayed,
        player_id=reply.player_id,
        round_id=reply.round_id,
        transaction_id=reply.transaction_id,
    )


def _document(
    asked: Asked, wired: wire.Transaction, verb: Verb, call: WalletCall, reply: WalletReply
) -> dict[str, Any]:
    result: dict[str, Any] = {"balance": balance_of(asked, reply)} if reply.currency else {}
    code = code_of(reply.outcome, verb)
    if not code:
        result["transactionId"] = str(reply.transaction_id)
        return {"status": "OK", "transactionResult": result}
    if reply.outcome is Outcome.INSUFFICIENT_BONUS and json_number(wired.bonusAmount) > 0:
        code = BONUS_OVERDRAFT
    if code == ALREADY_SETTLED and verb is Verb.WIN:
        code = OPTIONS.of(asked.request.connection, "already_settled_code")
    if verb is Verb.ROLLBACK and reply.outcome is Outcome.REFERENCE_MISSING and _names_deposit(call, reply):
        code = CANCEL_NON_WITHDRAW
    document = wire.error(code, _MESSAGES.get(reply.outcome, reply.outcome.replace("_", " ")))
    # Session errors do not carry a balance.
    has_result = result and reply.outcome is not Outcome.SESSION_EXPIRED
    return document | ({"transactionResult": result} if has_result else {})


def _names_deposit(call: WalletCall, reply: WalletReply) -> bool:
    """Whether what should be cancelled is a transaction, but of a kind that nobody can cancel."""
    ref = str(call.reference).partition(":")[2]
    keys = [f"DEPOSIT:{ref}", f"PROMODEPOSIT:{ref}"]
    return reply.player_id is not None and bool(
        posted(integration_id=call.integration_id, player_id=reply.player_id, keys=keys)
    )
