"""How Swipe Games is told what became of a call: HTTP status, code and words. Source: reference, sections 3 and 11."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from apps.providers.contract import Outcome, Verb

_BAD, _UNSIGNED, _NOT_FOUND, _BROKEN = 400, 401, 404, 500


@dataclass(frozen=True, slots=True)
class Word:
    """`message` may be shown to the player; `code` outranks it; `refresh` shows a reload button."""

    status: int
    message: str
    code: str = ""
    refresh: bool = False


_COMMON: Mapping[Outcome, Word] = MappingProxyType(
    {
        Outcome.APPLIED: Word(200, ""),
        Outcome.CONFLICT: Word(_BAD, "This transaction id was used with other terms"),
        Outcome.INSUFFICIENT_FUNDS: Word(_BAD, "Insufficient funds", "insufficient_funds"),
        Outcome.INSUFFICIENT_BONUS: Word(_BAD, "Insufficient funds", "insufficient_funds"),
        Outcome.INEXACT_AMOUNT: Word(_BAD, "The amount is finer than the currency"),
        Outcome.LIMIT: Word(_BAD, "A limit has been reached", "bet_limit"),
        Outcome.BLOCKED: Word(_BAD, "The account may not play", "account_blocked"),
        Outcome.BAD_SESSION: Word(_NOT_FOUND, "The session was not found", "session_not_found", refresh=True),
        Outcome.SESSION_EXPIRED: Word(_BAD, "The session has expired", "session_expired", refresh=True),
        Outcome.UNKNOWN_GAME: Word(_BAD, "The game was not found", "game_not_found"),
        Outcome.GAME_DISABLED: Word(_BAD, "The game is not available", "game_not_found"),
        Outcome.WRONG_CURRENCY: Word(_BAD, "The currency is not supported", "currency_not_supported"),
        Outcome.REFERENCE_MISSING: Word(_BAD, "The round has no bet"),
        Outcome.REFERENCE_CANCELLED: Word(_BAD, "The bet was refunded"),
        Outcome.REFERENCE_SETTLED: Word(_BAD, "The bet has been settled"),
        Outcome.ROUND_CLOSED: Word(_BAD, "The round is closed"),
        Outcome.DISABLED: Word(_BAD, "The game is not available", "game_not_found"),
        Outcome.UNAVAILABLE: Word(_BAD, "The game is not available", "game_not_found"),
        Outcome.RETRYABLE: Word(_BROKEN, "Please try again"),
        Outcome.FATAL: Word(_BROKEN, "Please try again"),
        Outcome.BAD_SIGNATURE: Word(_UNSIGNED, "The signature does not verify"),
        Outcome.BAD_REQUEST: Word(_BAD, "The request is not acceptable"),
    }
)

# A win or refund that meets a closed door is repeated until it is answered 200: it must not look refused for good.
_REPEATED = MappingProxyType({Outcome.UNAVAILABLE: _COMMON[Outcome.RETRYABLE]})

# A refund of something unknown, refused or refunded before has nothing left to do, and must be answered 200.
_NOTHING_LEFT = MappingProxyType(
    {
        Outcome.REFERENCE_MISSING: _COMMON[Outcome.APPLIED],
        Outcome.REFERENCE_CANCELLED: _COMMON[Outcome.APPLIED],
        Outcome.INSUFFICIENT_FUNDS: _COMMON[Outcome.RETRYABLE],
    }
)


def word_of(outcome: Outcome, verb: Verb) -> Word:
    """The answer to a verb."""
    if verb is Verb.ROLLBACK and outcome in _NOTHING_LEFT:
        return _NOTHING_LEFT[outcome]
    if verb in (Verb.WIN, Verb.ROLLBACK) and outcome in _REPEATED:
        return _REPEATED[outcome]
    return _COMMON[outcome]
