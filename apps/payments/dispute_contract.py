"""What an adapter may do about disputes and refunds: the parts of the contract that not every provider has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from apps.core.money import Money
from apps.integrations.connections import Connection
from apps.payments.contract import InstrumentFacts, PspAdapter


class DisputeStage(StrEnum):
    """How far a dispute has gone; a later one stands above an earlier one."""

    PRE_DISPUTE = "pre_dispute"
    DISPUTE = "dispute"
    PRE_ARBITRATION = "pre_arbitration"
    ARBITRATION = "arbitration"


class DisputeStatus(StrEnum):
    """Where it stands within its stage. In this order: what stands lower never replaces what stands higher."""

    OPENED = "opened"
    CHALLENGED = "challenged"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ACCEPTED = "accepted"
    LOST = "lost"
    WON = "won"


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A document that a defence needs or may carry."""

    code: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class DefenseReason:
    """A ground on which a dispute may be defended."""

    code: str
    documents: tuple[DocumentKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document handed in."""

    code: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class CallDone:
    """The provider has it, or had it already."""

    psp_reference: str = ""


@dataclass(frozen=True, slots=True)
class CallRefused:
    """The provider certainly did not and will not do it."""

    code: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CallUnclear:
    """An answer that proves neither."""

    reason: str


CallResult = CallDone | CallRefused | CallUnclear


@runtime_checkable
class DisputeAdapter(PspAdapter, Protocol):
    """A provider at which disputes can be answered. No call of it is made inside a transaction."""

    def defense_reasons(self, connection: Connection, dispute_reference: str) -> Sequence[DefenseReason]:
        """
        Ask on what grounds a dispute may be defended.

        :raises VendorUnreachable: nothing is known
        :raises VendorTimeout: nothing is known, also for an answer that cannot be read
        """
        ...

    def defend(
        self, connection: Connection, dispute_reference: str, reason: str, documents: Sequence[Document]
    ) -> CallResult:
        """
        Hand in the documents and defend; may be repeated as it is.

        :raises VendorUnreachable: nothing was sent
        :raises VendorTimeout: the outcome is unknown
        """
        ...

    def accept(self, connection: Connection, dispute_reference: str) -> CallResult:
        """
        Accept the liability; may be repeated.

        :raises VendorUnreachable: nothing was sent
        :raises VendorTimeout: the outcome is unknown
        """
        ...


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """A refund to be made."""

    key: str
    """Our reference, and the idempotency key at the provider: the same in every try."""
    money: Money
    payment_reference: str
    """The provider's id of the deposit."""
    player_id: int


@runtime_checkable
class RefundAdapter(PspAdapter, Protocol):
    """A provider whose refunds carry a key of ours, so that one may be sent again without becoming two."""

    def refund(self, connection: Connection, order: RefundOrder) -> CallResult:
        """
        Ask for a refund. `CallDone` means that it was taken; what became of it comes by event.

        :raises VendorUnreachable: nothing was sent
        :raises VendorTimeout: the outcome is unknown
        """
        ...


@runtime_checkable
class StoredInstrumentAdapter(PspAdapter, Protocol):
    """A provider that names a player's stored cards and accounts when it is asked."""

    def stored_instruments(self, connection: Connection, customer_reference: str) -> Mapping[str, InstrumentFacts]:
        """
        List what the provider has stored for a player, by token.

        :raises VendorUnreachable: nothing is known
        :raises VendorTimeout: nothing is known, also for an answer that cannot be read
        """
        ...
