"""What an adapter for a national register is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from apps.integrations.connections import Connection
from apps.integrations.outbound import VendorResponse

TIMEOUT_SECONDS = 3.0
"""A player waits for this at the door: longer than a register needs, shorter than he bears."""


def timeout_of(connection: Connection) -> float:
    """How long this register is waited for: the integration's option `timeout_seconds`."""
    return float(connection.options.get("timeout_seconds", TIMEOUT_SECONDS))


@dataclass(frozen=True, slots=True)
class Subject:
    """The person a register is asked about."""

    first_name: str
    last_name: str
    birth_date: date
    email: str
    postcode: str = ""
    phone: str = ""
    reference: str = ""
    """Ours, for batches: never the person's name."""

    def __repr__(self) -> str:
        """Without personal data: this may end up in a log."""
        return f"Subject({self.reference!r})"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or why there is none. `answer` is a `RegisterQuery.Answer`."""

    answer: str
    error: str = ""
    exchange_id: UUID | None = None


class UnusableAnswer(ValueError):
    """The register answered something that its protocol does not know. It counts as no answer."""


class RegisterAdapter(Protocol):
    """
    One register's protocol: it sends the question, and reads the answer strictly.

    Anything but a plain answer of the protocol raises :class:`UnusableAnswer`; never guess that a person is clear.
    """

    @property
    def largest_batch(self) -> int:
        """How many people one question may be about; 1 where there are no batches."""
        ...

    def ask(self, connection: Connection, subject: Subject, *, purpose: str) -> VendorResponse:
        """Send one question. Raises what `call_vendor` raises."""
        ...

    def read(self, response: VendorResponse) -> str:
        """
        Read the answer.

        :raises UnusableAnswer: if it is none of the protocol's
        """
        ...

    def ask_batch(self, connection: Connection, subjects: Sequence[Subject], *, purpose: str) -> VendorResponse:
        """Send one question about several people, `largest_batch` at most."""
        ...

    def read_batch(self, response: VendorResponse, subjects: Sequence[Subject]) -> list[str]:
        """
        Read the answers, in the order of the subjects.

        :raises UnusableAnswer: if one is missing or unknown
        """
        ...
