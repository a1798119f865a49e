"""Which word of Evolution stands for which outcome. Source: game-provider reference, sections 4 and 11."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.providers.contract import Outcome, Verb

OK = "OK"
INVALID_PARAMETER = "INVALID_PARAMETER"
RETRYABLE = frozenset({"TEMPORARY_ERROR", "OPERATION_IN_PROCESS"})
"""These carry `retransmission: true`: the same request will be sent again."""

_COMMON: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.APPLIED: OK,
        Outcome.CONFLICT: "BET_ALREADY_SETTLED",
        Outcome.INSUFFICIENT_FUNDS: "INSUFFICIENT_FUNDS",
        Outcome.INSUFFICIENT_BONUS: "INSUFFICIENT_FUNDS",
        Outcome.INEXACT_AMOUNT: INVALID_PARAMETER,
        Outcome.LIMIT: "CASINO_LIMIT_EXCEEDED_STAKE",
        Outcome.BLOCKED: "ACCOUNT_LOCKED",
        Outcome.BAD_SESSION: "INVALID_SID",
        Outcome.SESSION_EXPIRED: "INVALID_SID",
        Outcome.UNKNOWN_GAME: INVALID_PARAMETER,
        Outcome.GAME_DISABLED: "FINAL_ERROR_ACTION_FAILED",
        Outcome.WRONG_CURRENCY: INVALID_PARAMETER,
        Outcome.REFERENCE_MISSING: "BET_DOES_NOT_EXIST",
        Outcome.REFERENCE_CANCELLED: "BET_ALREADY_SETTLED",
        Outcome.REFERENCE_SETTLED: "BET_ALREADY_SETTLED",
        Outcome.ROUND_CLOSED: "BET_ALREADY_SETTLED",
        Outcome.DISABLED: "FINAL_ERROR_ACTION_FAILED",
        # Whoever is owed a credit or cancel asks again until somebody opens the door.
        Outcome.UNAVAILABLE: "TEMPORARY_ERROR",
        Outcome.RETRYABLE: "TEMPORARY_ERROR",
        Outcome.FATAL: "TEMPORARY_ERROR",
        Outcome.BAD_SIGNATURE: "INVALID_TOKEN_ID",
        Outcome.BAD_REQUEST: INVALID_PARAMETER,
    }
)

_OF_VERB: Mapping[Verb, Mapping[Outcome, str]] = MappingProxyType(
    {
        Verb.BET: {
            Outcome.CONFLICT: "BET_ALREADY_EXIST",
            Outcome.REFERENCE_CANCELLED: "FINAL_ERROR_ACTION_FAILED",
            Outcome.UNAVAILABLE: "FINAL_ERROR_ACTION_FAILED",
        },
        # The bet named is another player's.
        Verb.ROLLBACK: {Outcome.CONFLICT: "BET_DOES_NOT_EXIST"},
    }
)

REPEATED: Mapping[Verb, str] = MappingProxyType(
    {Verb.BET: "BET_ALREADY_EXIST", Verb.WIN: "BET_ALREADY_SETTLED", Verb.ROLLBACK: "BET_ALREADY_SETTLED"}
)
"""What says that a call was applied before, where the integration wants that said."""


def status_of(outcome: Outcome, verb: Verb) -> str:
    """The status that answers a verb."""
    return _OF_VERB.get(verb, {}).get(outcome) or _COMMON[outcome]
