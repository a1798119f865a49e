"""What an adapter for a game provider is: it translates between a vendor's protocol and one internal command."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from apps.integrations.door import VendorRequest
from apps.integrations.options import Option


class Outcome(StrEnum):
    """
    What became of a wallet command. One list for all protocols; each adapter maps it to its own words.

    Definite refusals moved no money and never will under that key. RETRYABLE and FATAL say nothing about the money:
    the caller must treat the command as unknown.
    """

    APPLIED = "applied"
    CONFLICT = "conflict"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    INSUFFICIENT_BONUS = "insufficient_bonus"
    INEXACT_AMOUNT = "inexact_amount"
    LIMIT = "limit"
    BLOCKED = "blocked"
    BAD_SESSION = "bad_session"
    SESSION_EXPIRED = "session_expired"
    UNKNOWN_GAME = "unknown_game"
    GAME_DISABLED = "game_disabled"
    WRONG_CURRENCY = "wrong_currency"
    REFERENCE_MISSING = "reference_missing"
    REFERENCE_CANCELLED = "reference_cancelled"
    REFERENCE_SETTLED = "reference_settled"
    ROUND_CLOSED = "round_closed"
    DISABLED = "disabled"
    UNAVAILABLE = "unavailable"
    RETRYABLE = "retryable"
    FATAL = "fatal"
    # The request itself was refused, before any command was made of it.
    BAD_SIGNATURE = "bad_signature"
    BAD_REQUEST = "bad_request"


class Verb(StrEnum):
    """What a vendor may ask of the wallet."""

    INFO = "info"
    CHECK = "check"
    BALANCE = "balance"
    BET = "bet"
    WIN = "win"
    ROLLBACK = "rollback"
    PROMO = "promo"
    SESSION = "session"
    LOOKUP = "lookup"


@dataclass(slots=True)
class WalletAnswer:
    """What goes back to the vendor, and what the exchange log keeps of it."""

    status: int
    body: bytes
    outcome: Outcome
    verb: str = ""
    refs: tuple[str, ...] = ()
    """Every id of the vendor's in this exchange, by which somebody may look for it."""
    verified_by: str = ""
    request_logged: bool = False
    """The posting function has written the request's row in its own transaction."""
    replayed: bool = False
    """The vendor had asked the same before, and got the answer of then: nothing moved."""
    player_id: int | None = None
    round_id: int | None = None
    transaction_id: UUID | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


class ProviderAdapter(Protocol):
    """
    One vendor's wallet protocol.

    An adapter verifies the signature over the raw body before it parses anything, translates the request into at most
    one wallet call that moves money (look-ups beside it move none), and the outcome into the vendor's answer. What
    protocols differ in it says as data: fields of the call, settings of the integration. It decides nothing and never
    raises for bad input:
    HTTP status has money meaning (4xx: certainly not applied, 5xx and time-out: unknown).
    """

    @property
    def options(self) -> Iterable[Option]:
        """What an integration of this vendor may set: each cell of the semantics matrix that its source leaves open."""
        ...

    def answer(self, request: VendorRequest) -> WalletAnswer:
        """Answer one request."""
        ...

    def methods(self, path: str) -> Collection[str]:
        """The HTTP methods with which the protocol uses a path below the integration's prefix; none: no such path."""
        ...
