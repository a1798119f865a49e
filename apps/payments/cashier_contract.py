"""What a calling cashier is (PaymentIQ): it asks us about players and payments, and waits for each answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from apps.core.money import Money
from apps.integrations.door import VendorRequest
from apps.payments.contract import CallbackReceipt, Customer, Direction, InstrumentFacts, PaymentEvent, PspAdapter


class Refusal(StrEnum):
    """Why a cashier's call was refused; nothing has moved."""

    UNKNOWN_SESSION = "unknown_session"
    UNKNOWN_PLAYER = "unknown_player"
    BLOCKED = "blocked"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    WRONG_CURRENCY = "wrong_currency"
    LIMIT = "limit"
    CONFLICT = "conflict"
    """The same id came with other terms (another player or direction)."""
    UNKNOWN_PAYMENT = "unknown_payment"


@dataclass(frozen=True, slots=True)
class CashierPlayer:
    """A player as verifyuser describes him."""

    customer: Customer
    balance: Money
    """Withdrawable cash."""
    category: str = ""
    is_verified: bool = False


@dataclass(frozen=True, slots=True)
class CashierCall:
    """An authorize, transfer or cancel."""

    direction: Direction
    user_id: str
    """The player's public id."""
    psp_reference: str
    """The cashier's id of the payment (`txId`): the idempotency key together with the verb."""
    money: Money
    """Above zero, whatever the sign on the wire."""
    now: datetime
    method: str
    """Code of the payment method, made of `txName` (`CreditcardDeposit` → `creditcard`)."""
    authorization: str = ""
    """`authCode`, where the call carries one."""
    original_reference: str = ""
    """`originTxId`."""
    fee: Money | None = None
    """What the cashier keeps: posted to the fee account. The player gets or pays `money` in any case."""
    reason: str = ""
    instrument: InstrumentFacts | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""
    """`DepositOrder.key`, where the cashier carries it through (`attributes`): a deposit begun in the player API."""


@dataclass(frozen=True, slots=True)
class CashierAnswer:
    """What became of it. Repeating a call gives the same `authorization` and `number`."""

    refusal: Refusal | None
    player: CashierPlayer | None = None
    authorization: str = ""
    """UUID of the payment (`authCode`)."""
    number: int = 0
    """Our number of the payment (`merchantTxId`)."""
    transaction_id: UUID | None = None


class Cashier(Protocol):
    """The platform's side of a calling cashier: `apps.payments.cashier.PlatformCashier(connection)`."""

    def verify_session(self, *, session_token: str, user_id: str, now: datetime) -> CashierPlayer | Refusal:
        """Say who is behind a session; the session must be that player's own."""
        ...

    def find_player(
        self, *, now: datetime, user_id: str = "", username: str = "", email: str = ""
    ) -> CashierPlayer | None:
        """Find a player of this brand; None unless all given terms fit exactly one."""
        ...

    def authorize(self, call: CashierCall) -> CashierAnswer:
        """
        Promise a deposit, or reserve the money of a withdrawal that no check holds. Repeated: the same answer.

        A check that wants a person's look stops nothing here: people approve at the cashier's own desk.
        """
        ...

    def transfer(self, call: CashierCall) -> CashierAnswer:
        """
        Book what has happened at the cashier. Refused only for an unknown player or currency, or a conflict.

        Also without an authorize, with another amount, after a cancel; what the player lacks goes to suspense.
        """
        ...

    def cancel(self, call: CashierCall) -> CashierAnswer:
        """Release what authorize reserved. After a transfer, or a second time: nothing happens, success."""
        ...

    def notify(self, event: PaymentEvent, now: datetime) -> CashierAnswer:
        """Take a notification (dispute filed, resolved) that may have no payment."""
        ...


@runtime_checkable
class CallAdapter(PspAdapter, Protocol):
    """A cashier that asks us and waits for the answer (PaymentIQ): its calls run through a `Cashier` at once."""

    def answer(self, request: VendorRequest, cashier: Cashier) -> CallbackReceipt:
        """Verify, translate into one call of the cashier, and translate its answer."""
        ...
