"""Which PAM error stands for which outcome. Source: reference, sections 5 and 11; the OpenAPI document."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.providers.contract import Outcome, Verb

UNDEFINED = "PAM_ERR_UNDEFINED"
SESSION_NOT_FOUND = "PAM_ERR_SESSION_NOT_FOUND"
SESSION_EXPIRED = "PAM_ERR_SESSION_EXPIRED"
PLAYER_NOT_FOUND = "PAM_ERR_PLAYER_NOT_FOUND"
ROUND_NOT_FOUND = "PAM_ERR_ROUND_NOT_FOUND"
TRANS_NOT_FOUND = "PAM_ERR_TRANS_NOT_FOUND"
MISSING_PROVIDER = "PAM_ERR_MISSING_PROVIDER"
NEGATIVE_STAKE = "PAM_ERR_NEGATIVE_STAKE"
CANCEL_NON_WITHDRAW = "PAM_ERR_CANCEL_NON_WITHDRAW"
BONUS_OVERDRAFT = "PAM_ERR_BONUS_OVERDRAFT"
ALREADY_SETTLED = "PAM_ERR_TRANS_ALREADY_SETTLED"

_COMMON: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.CONFLICT: "PAM_ERR_DUPLICATE_TRANS",
        Outcome.INSUFFICIENT_FUNDS: "PAM_ERR_CASH_OVERDRAFT",
        Outcome.INSUFFICIENT_BONUS: "PAM_ERR_PROMO_OVERDRAFT",
        Outcome.INEXACT_AMOUNT: UNDEFINED,
        Outcome.LIMIT: "PAM_ERR_BET_NOT_ALLOWED",
        Outcome.BLOCKED: "PAM_ERR_BET_NOT_ALLOWED",
        Outcome.BAD_SESSION: SESSION_NOT_FOUND,
        Outcome.SESSION_EXPIRED: SESSION_EXPIRED,
        Outcome.UNKNOWN_GAME: "PAM_ERR_GAME_NOT_FOUND",
        Outcome.GAME_DISABLED: "PAM_ERR_BET_NOT_ALLOWED",
        Outcome.WRONG_CURRENCY: "PAM_ERR_TRANS_CURRENCY",
        Outcome.REFERENCE_MISSING: TRANS_NOT_FOUND,
        Outcome.REFERENCE_CANCELLED: "PAM_ERR_TRANS_ALREADY_CANCELLED",
        Outcome.REFERENCE_SETTLED: ALREADY_SETTLED,
        Outcome.ROUND_CLOSED: ALREADY_SETTLED,
        Outcome.DISABLED: "PAM_ERR_BET_NOT_ALLOWED",
        # Whoever is owed a deposit or cancel asks again until somebody opens the door.
        Outcome.UNAVAILABLE: "PAM_ERR_TIMEOUT",
        Outcome.RETRYABLE: "PAM_ERR_TIMEOUT",
        Outcome.FATAL: "PAM_ERR_TIMEOUT",
        Outcome.BAD_SIGNATURE: "PAM_ERR_API_TOKEN",
        Outcome.BAD_REQUEST: UNDEFINED,
    }
)

_OF_VERB: Mapping[Verb, Mapping[Outcome, str]] = MappingProxyType(
    {
        Verb.BET: {Outcome.UNAVAILABLE: "PAM_ERR_BET_NOT_ALLOWED"},
        # The withdrawal named is another player's.
        Verb.ROLLBACK: {
            Outcome.REFERENCE_MISSING: "PAM_ERR_CANCEL_NOT_FOUND",
            Outcome.INSUFFICIENT_FUNDS: "PAM_ERR_TIMEOUT",
        },
    }
)


def code_of(outcome: Outcome, verb: Verb) -> str:
    """The error that answers a verb; empty for success."""
    if outcome is Outcome.APPLIED:
        return ""
    return _OF_VERB.get(verb, {}).get(outcome) or _COMMON[outcome]
