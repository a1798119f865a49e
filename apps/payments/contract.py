"""What an adapter for a payment provider is: it translates between a vendor's protocol and payments as we know them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from apps.core.money import Money
from apps.integrations.connections import Connection
from apps.integrations.door import VendorRequest


class Direction(StrEnum):
    """Which way money goes."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


class EventKind(StrEnum):
    """What a provider says has happened. One list for all protocols; each adapter maps its own words to it."""

    DEPOSIT_PENDING = "deposit_pending"
    DEPOSIT_SETTLED = "deposit_settled"
    DEPOSIT_FAILED = "deposit_failed"
    DEPOSIT_REVERSED = "deposit_reversed"
    PAYOUT_PENDING = "payout_pending"
    PAYOUT_PAID = "payout_paid"
    PAYOUT_FAILED = "payout_failed"
    PAYOUT_RETURNED = "payout_returned"
    CHARGEBACK = "chargeback"
    CHARGEBACK_REVERSED = "chargeback_reversed"
    SECOND_CHARGEBACK = "second_chargeback"
    # What is said in a dispute without moving money; where it stands is in `dispute_stage` and `dispute_status`.
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_UPDATED = "dispute_updated"
    # Refunds that we asked for ourselves.
    REFUND_DONE = "refund_done"
    REFUND_FAILED = "refund_failed"
    REFUND_RETURNED = "refund_returned"
    # The account or card behind a deposit has become known.
    INSTRUMENT_KNOWN = "instrument_known"
    # Known to the adapter and of no consequence to a payment (a report is ready, an account was verified).
    INFORMATION = "information"
    # A word the adapter does not know: kept, alerted, never taken for processed.
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of a callback at our door."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """A business refusal in the protocol's own words."""
    BAD_SIGNATURE = "bad_signature"
    BAD_REQUEST = "bad_request"
    FATAL = "fatal"


REFUND_PREFIX = "r-"
_KEY_PREFIXES = {"d-": Direction.DEPOSIT, "w-": Direction.WITHDRAWAL}


def direction_of(reference: str) -> Direction | None:
    """Which way a payment goes, by our own reference of it (the `key` of its order); None if it is not one of ours."""
    return _KEY_PREFIXES.get(reference[:2])


def is_refund(reference: str) -> bool:
    """Whether a reference is that of a refund of ours."""
    return reference.startswith(REFUND_PREFIX)


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of an integration, with the protocol's default and what it means in words for staff."""

    name: str
    default: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class InstrumentFacts:
    """The account or card behind a payment, as the provider names it. Never a full card number."""

    token: str
    """The provider's own id of it: account id, recurring reference, wallet address."""
    masked: str = ""
    holder: str = ""
    is_verified: bool = False


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """One thing that a provider says has happened to one payment."""

    kind: EventKind
    event_id: str
    """Unique for the integration, the same in every delivery of this event: the dedupe key of section 9.4."""
    word: str = ""
    """The provider's own name of it, for staff."""
    reference: str = ""
    """Our reference: the `key` of the order it is about. Empty where the protocol does not carry it."""
    psp_reference: str = ""
    """The provider's id of the payment. One of the two references finds the payment."""
    amount: Money | None = None
    """Of this movement, above zero; None where the event carries none (the payment's own amount counts)."""
    fee: Money | None = None
    """What the provider keeps of it, if it says so."""
    occurred_at: datetime | None = None
    needs_fetch: bool = False
    """The signature does not cover the facts that matter: `fetch` before acting, and act on what that says."""
    reason: str = ""
    dispute_reference: str = ""
    dispute_stage: str = ""
    """A `DisputeStage`; empty where the event does not say."""
    dispute_status: str = ""
    """A `DisputeStatus`, from what is signed or fetched; empty where the event does not say."""
    dispute_reason_code: str = ""
    respond_by: datetime | None = None
    """Until when evidence may be handed in."""
    instrument: InstrumentFacts | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else is worth keeping; JSON values, no secrets."""


@dataclass(slots=True)
class CallbackReceipt:
    """What goes back to the provider, what the exchange log keeps of it, and what it told us."""

    status: int
    body: bytes
    outcome: Outcome
    events: tuple[PaymentEvent, ...] = ()
    """Of an event-style protocol; stored by the inbox before the answer goes out. Empty unless ACCEPTED."""
    verb: str = ""
    refs: tuple[str, ...] = ()
    verified_by: str = ""
    """kid of the key that proved the sender."""
    player_id: int | None = None
    transaction_id: UUID | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


# --- outbound -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Customer:
    """The player as a provider may know him."""

    reference: str
    """The player's public id."""
    first_name: str
    last_name: str
    email: str
    birth_date: str
    country: str
    language: str
    remote_address: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    phone: str = ""
    player_id: int | None = None
    """For the exchange log, not for the provider."""


@dataclass(frozen=True, slots=True)
class DepositOrder:
    """A deposit to be started."""

    key: str
    """Our reference, and the idempotency key at the provider: the same whenever this attempt is repeated."""
    money: Money
    method: str
    customer: Customer
    notification_url: str
    success_url: str
    fail_url: str
    session_token: str = ""
    """For a cashier that calls back with it (`Cashier.verify_session`)."""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What the player's frontend does now: `redirect` to `url`, show an `address`, or `wait`."""

    type: str
    url: str = ""
    psp_reference: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    """For `address`: `address`, `tag`, `currency`."""


@dataclass(frozen=True, slots=True)
class DepositRefused:
    """The provider certainly did not and will not start this deposit; another may be asked."""

    code: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """A payout to be made."""

    key: str
    """Our reference, and the idempotency key at the provider."""
    money: Money
    method: str
    customer: Customer
    instrument: InstrumentFacts
    notification_url: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PayoutSubmitted:
    """The provider has it. That is not yet paid: a callback or `fetch` will say."""

    psp_reference: str


@dataclass(frozen=True, slots=True)
class PayoutRefused:
    """The provider certainly did not and will not pay under this key. Only after this may another be asked."""

    code: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PayoutUnclear:
    """An answer that proves neither: a 5xx, an unreadable or unsigned reply, a duplicate-reference error."""

    reason: str
    psp_reference: str = ""


PayoutResult = PayoutSubmitted | PayoutRefused | PayoutUnclear


@dataclass(frozen=True, slots=True)
class PspState:
    """What the provider says about a payment when it is asked."""

    found: bool
    """False only if the provider says for certain that it knows no payment under this reference."""
    kind: EventKind | None = None
    """Where it stands, in terms of the event that would have told us; None: under way or not understood."""
    psp_reference: str = ""
    amount: Money | None = None
    fee: Money | None = None
    word: str = ""
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """Which payment to ask for."""

    direction: Direction
    key: str
    psp_reference: str
    money: Money
    event: PaymentEvent | None = None
    """The unproven event that made us ask."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the protocol can do at all; what an integration may do is data (`payments.Capability`)."""

    methods: tuple[str, ...]
    starts_deposits: bool = True
    submits_payouts: bool = True
    can_fetch: bool = True
    query_pause_seconds: int = 300
    """The shortest time between two queries for one payment (Trustly: 900)."""
    names_accounts: bool = False
    """It tells the account or card behind a deposit by an event of its own; payouts need that token."""
    takes_addresses: bool = False
    """Players may name the account that a payout goes to (an address on a chain)."""


class PspAdapter(Protocol):
    """
    One provider's protocol.

    It translates and decides nothing, moves no money, touches no database, and never raises for bad input. It verifies
    over the raw bytes before it parses anything.
    """

    @property
    def vendor(self) -> str:
        """Its name, as in `Integration.vendor`."""
        ...

    @property
    def options(self) -> Sequence[Option]:
        """What an integration of this vendor may set."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the protocol can do."""
        ...

    def knows(self, path: str) -> bool:
        """Whether the protocol has such a path, below the integration's prefix."""
        ...

    def start_deposit(self, connection: Connection, order: DepositOrder) -> NextStep | DepositRefused:
        """
        Ask the provider to begin a deposit.

        :raises VendorUnreachable: nothing was sent
        :raises VendorTimeout: the outcome is unknown, also for an answer that cannot be read
        """
        ...

    def submit_payout(self, connection: Connection, order: PayoutOrder) -> PayoutResult:
        """
        Ask the provider to pay.

        :raises VendorUnreachable: nothing was sent
        :raises VendorTimeout: the outcome is unknown
        """
        ...

    def fetch(self, connection: Connection, query: Query) -> PspState:
        """
        Ask where a payment stands, under the key it was sent with.

        :raises VendorUnreachable: nothing is known
        :raises VendorTimeout: nothing is known, also for an answer that cannot be read
        """
        ...


@runtime_checkable
class EventAdapter(PspAdapter, Protocol):
    """A provider that tells us afterwards what has happened; the inbox stands between its callbacks and payments."""

    def receive(self, request: VendorRequest) -> CallbackReceipt:
        """Verify the request and read its events. Nothing else happens here."""
        ...

    def events(self, connection: Connection, body: bytes) -> tuple[PaymentEvent, ...]:
        """
        Read the events of a body that was verified when it was stored; the same ids and order as `receive` gave.

        Used when an event is processed or replayed, so that a corrected adapter reads old bodies anew.
        """
        ...
