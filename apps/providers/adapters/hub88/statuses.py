"""Which word of the Hub88 family stands for which outcome. Source: game-provider reference, sections 1, 2 and 11."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.providers.contract import Outcome, Verb

OK = "RS_OK"

_FAMILY: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.APPLIED: OK,
        Outcome.CONFLICT: "RS_ERROR_DUPLICATE_TRANSACTION",
        Outcome.INSUFFICIENT_FUNDS: "RS_ERROR_NOT_ENOUGH_MONEY",
        Outcome.INSUFFICIENT_BONUS: "RS_ERROR_NOT_ENOUGH_MONEY",
        Outcome.INEXACT_AMOUNT: "RS_ERROR_WRONG_TYPES",
        Outcome.LIMIT: "RS_ERROR_LIMIT_REACHED",
        Outcome.BLOCKED: "RS_ERROR_USER_DISABLED",
        Outcome.BAD_SESSION: "RS_ERROR_INVALID_TOKEN",
        Outcome.SESSION_EXPIRED: "RS_ERROR_TOKEN_EXPIRED",
        Outcome.UNKNOWN_GAME: "RS_ERROR_INVALID_GAME",
        Outcome.GAME_DISABLED: "RS_ERROR_INVALID_GAME",
        Outcome.WRONG_CURRENCY: "RS_ERROR_WRONG_CURRENCY",
        Outcome.REFERENCE_MISSING: "RS_ERROR_TRANSACTION_DOES_NOT_EXIST",
        Outcome.REFERENCE_CANCELLED: "RS_ERROR_TRANSACTION_ROLLED_BACK",
        Outcome.REFERENCE_SETTLED: "RS_ERROR_DUPLICATE_TRANSACTION",
        Outcome.ROUND_CLOSED: "RS_ERROR_WRONG_SYNTAX",
        Outcome.DISABLED: "RS_ERROR_INVALID_PARTNER",
        Outcome.UNAVAILABLE: "RS_ERROR_INVALID_PARTNER",
        Outcome.RETRYABLE: "RS_ERROR_TIMEOUT",
        Outcome.FATAL: "RS_ERROR_UNKNOWN",
        Outcome.BAD_SIGNATURE: "RS_ERROR_INVALID_SIGNATURE",
        Outcome.BAD_REQUEST: "RS_ERROR_WRONG_SYNTAX",
    }
)

# A win or rollback that meets a closed door must be retried until somebody opens it, so it may not get a final status.
_RETRIED = MappingProxyType({Outcome.UNAVAILABLE: "RS_ERROR_UNKNOWN", Outcome.INSUFFICIENT_FUNDS: "RS_ERROR_UNKNOWN"})

# A rollback of something unknown, refused or rolled back before has nothing left to do: that is success.
_NOTHING_LEFT = MappingProxyType({Outcome.REFERENCE_MISSING: OK, Outcome.REFERENCE_CANCELLED: OK})


def status_of(outcome: Outcome, verb: Verb, debit_statuses: Mapping[Outcome, str]) -> str:
    """The status that answers a verb. `debit_statuses` is the profile's own table for bets."""
    if verb is Verb.BET and outcome in debit_statuses:
        return debit_statuses[outcome]
    if verb is Verb.ROLLBACK and outcome in _NOTHING_LEFT:
        return _NOTHING_LEFT[outcome]
    if verb in (Verb.WIN, Verb.ROLLBACK) and outcome in _RETRIED:
        return _RETRIED[outcome]
    return _FAMILY[outcome]
