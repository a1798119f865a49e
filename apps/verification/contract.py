"""What an adapter for an identity vendor is: it translates a protocol into verification as we know it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from apps.integrations.connections import Connection
from apps.integrations.door import VendorRequest


class Decision(StrEnum):
    """What a vendor says of a person. One list for all protocols; each adapter maps its own words to it."""

    PENDING = "pending"
    APPROVED = "approved"
    RETRY = "retry"
    REJECTED = "rejected"
    REVIEW = "review"
    ABANDONED = "abandoned"

    @property
    def is_terminal(self) -> bool:
        """Whether something follows from it; before that the vendor is asked."""
        return self != Decision.PENDING


class Outcome(StrEnum):
    """What became of a webhook at our door."""

    ACCEPTED = "accepted"
    BAD_SIGNATURE = "bad_signature"
    BAD_REQUEST = "bad_request"
    FATAL = "fatal"


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of an integration, with its default and what it means in words for staff."""

    name: str
    default: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class IdentityEvent:
    """One thing that a vendor says has happened to one session."""

    event_id: str
    """Unique for the integration, the same in every delivery: the vendor's event id, else SHA-256 of the raw body."""
    word: str
    """The vendor's own name of it, for staff."""
    session: str = ""
    """The vendor's id of the session."""
    subject: str = ""
    """The vendor's id of the person; empty where this event does not carry it."""
    reference: str = ""
    """Ours; empty where the event does not carry it."""
    decision: Decision | None = None
    """None: of no consequence to the decision."""
    occurred_at: datetime | None = None
    is_test: bool | None = None
    """Whether it comes from the vendor's sandbox; None where the protocol does not say."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What goes back to the vendor, what the exchange log keeps, and what we were told."""

    status: int
    outcome: Outcome
    body: bytes = b""
    event: IdentityEvent | None = None
    verified_by: str = ""


@dataclass(frozen=True, slots=True)
class Applicant:
    """The player as a vendor may know him."""

    reference: str
    """Public id of the verification: ours at the vendor."""
    first_name: str
    last_name: str
    birth_date: str
    country: str
    """ISO 3166-1 alpha-2."""
    email: str = ""
    level: str = "identity"
    return_url: str = ""
    subject: str = ""
    """The vendor's id of the person from an earlier attempt, to be tried again."""
    player_id: int | None = None
    """For the exchange log, not for the vendor."""


@dataclass(frozen=True, slots=True)
class HostedSession:
    """Where the player goes now."""

    subject: str
    session: str
    url: str
    expires_at: datetime | None = None


class StartRefused(Exception):
    """The vendor certainly did not start a session."""


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """What the vendor read from what the player showed. Empty where it does not say."""

    first_name: str = ""
    last_name: str = ""
    birth_date: str = ""
    country: str = ""
    document_type: str = ""
    document_country: str = ""
    document_valid_to: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class VendorState:
    """What the vendor says now, when it is asked."""

    found: bool
    """False only if the vendor says for certain that it knows no such session."""
    decision: Decision = Decision.PENDING
    subject: str = ""
    reference: str = ""
    word: str = ""
    decided_at: datetime | None = None
    player_note: str = ""
    """Words that the vendor means for the player."""
    staff_note: str = ""
    """Words that only staff may see."""
    labels: tuple[str, ...] = ()
    person: FoundPerson = field(default_factory=FoundPerson)
    is_test: bool | None = None


class IdentityAdapter(Protocol):
    """
    One identity vendor. An adapter translates: it decides nothing, stores nothing, and never raises for bad input.

    Inbound: verify the raw bytes before anything is parsed, with each active secret, in constant time; the algorithm is
    the one the integration is pinned to. Outbound: sign the exact bytes that are sent.
    """

    @property
    def vendor(self) -> str:
        """Its name in `Integration.vendor`."""
        ...

    @property
    def options(self) -> tuple[Option, ...]:
        """Every setting it reads."""
        ...

    def receive(self, request: VendorRequest) -> Receipt:
        """Verify and translate one webhook. BAD_SIGNATURE means: not even parsed."""
        ...

    def event(self, connection: Connection, body: bytes) -> IdentityEvent:
        """Read a stored, verified body anew. :raises ValueError: if it makes no sense."""
        ...

    def start(self, connection: Connection, applicant: Applicant) -> HostedSession:
        """
        Open a hosted session; to be called outside transactions.

        :raises StartRefused: the vendor said no
        :raises VendorUnreachable: nothing was sent
        :raises VendorTimeout: unknown; a session may exist there that nobody will use
        """
        ...

    def fetch(self, connection: Connection, *, subject: str, session: str, player_id: int | None) -> VendorState:
        """
        Ask what holds now; to be called outside transactions.

        :raises VendorUnreachable: nothing was sent
        :raises VendorTimeout: no usable answer came; ask again later
        """
        ...
