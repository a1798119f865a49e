"""PaymentIQ's Integration API as it stands in JSON: what its cashier asks, and how it is answered."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec

from apps.core.currencies import UnknownCurrency
from apps.core.money import Money, MoneyError
from apps.payments.adapters.exact_json import text_of
from apps.payments.adapters.pattern import CURRENCY, SIGNED_DECIMAL
from apps.payments.adapters.paymentiq.countries import ALPHA_3
from apps.payments.cashier_contract import CashierPlayer, Refusal
from apps.payments.contract import Direction, EventKind, InstrumentFacts

REFUSALS: Mapping[Refusal, tuple[str, str]] = MappingProxyType(
    {
        Refusal.UNKNOWN_SESSION: ("101", "Session not known or expired"),
        Refusal.UNKNOWN_PLAYER: ("102", "User not known"),
        Refusal.BLOCKED: ("103", "Not available for this user"),
        Refusal.INSUFFICIENT_FUNDS: ("104", "Insufficient funds"),
        Refusal.WRONG_CURRENCY: ("105", "Currency does not match the account"),
        Refusal.LIMIT: ("106", "Limit exceeded"),
        Refusal.CONFLICT: ("107", "Transaction id used with other terms"),
        Refusal.UNKNOWN_PAYMENT: ("108", "Transaction not known"),
    }
)
BAD_REQUEST_CODE = "100"

NOTIFICATIONS: Mapping[str, EventKind] = MappingProxyType(
    {
        "Notification": EventKind.INFORMATION,
        "DisputeFiled": EventKind.DISPUTE_OPENED,
        "DisputeResolved": EventKind.DISPUTE_UPDATED,
    }
)
"""By `txName`: the documentation gives one `txTypeId` to several types. Who won a dispute is not said here."""

TRANSACTION_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_METHOD_SUFFIX = re.compile(r"(Deposit|Withdrawal|Withdraw|Payout|Refund)$")
_CARD_NUMBER = re.compile(r"\d(?:[ -]?\d){11,18}", re.ASCII)
_LONGEST = 300

# `balance` is a JSON number, with every digit: a float would lose some.
_encoder = msgspec.json.Encoder(decimal_format="number")


class BadCall(ValueError):
    """A field that the call needs is missing or does not look as it should."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What authorize, transfer and cancel have in common."""

    user_id: str
    transaction_id: str
    direction: Direction
    money: Money
    name: str
    fee: Money | None
    fee_mode: str


def movement_of(body: Mapping[str, Any]) -> Movement:
    """
    Read the money part of a call. A negative amount is a withdrawal.

    :raises BadCall: if something is missing or not an amount
    """
    text, currency = text_of(body.get("txAmount")), text_of(body.get("txAmountCy"))
    if not SIGNED_DECIMAL.fullmatch(text) or not CURRENCY.fullmatch(currency):
        raise BadCall("txAmount, txAmountCy")
    try:
        signed = Money.parse(text, currency)
    except (MoneyError, UnknownCurrency) as error:
        raise BadCall(str(error)) from error
    if not signed:
        raise BadCall("txAmount is nothing")
    return Movement(
        user_id=required(body, "userId"),
        transaction_id=required(body, "txId", TRANSACTION_ID),
        direction=Direction.WITHDRAWAL if signed.units < 0 else Direction.DEPOSIT,
        money=abs(signed),
        name=required(body, "txName", NAME),
        fee=_fee(body, currency),
        fee_mode=text_of(body.get("feeMode")),
    )


def method_of(tx_name: str) -> str:
    """Name the payment method: `CreditcardDeposit` and `CreditcardWithdrawal` are `creditcard`."""
    return _METHOD_SUFFIX.sub("", tx_name).lower()[:40] or tx_name.lower()[:40]


def instrument_of(body: Mapping[str, Any]) -> InstrumentFacts | None:
    """Return the account or card behind the payment, if the call names it; never a whole card number."""
    token = text_of(body.get("accountId"))
    if not token:
        return None
    holder = text_of(body.get("accountHolder"))[:160]
    return InstrumentFacts(
        token=masked(token)[:120], masked=masked(text_of(body.get("maskedAccount")))[:64], holder=holder
    )


def facts_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Whatever else staff may want to know of a call."""
    named = (
        "txName", "txTypeId", "provider", "pspService", "pspRefId", "pspStatusCode", "pspStatusMessage", "statusCode",
        "txRefId", "txPspAmount", "txPspAmountCy", "fee", "feeCy", "feeMode", "pspFee", "pspFeeCy",
    )  # fmt: skip
    found = {name: masked(text_of(body.get(name)))[:_LONGEST] for name in named}
    return {name: text for name, text in found.items() if text}


def masked(text: str) -> str:
    """Hide whatever could be a card number, whoever put it where."""
    return _CARD_NUMBER.sub(lambda found: f"…{found[0][-4:]}", text)


def required(body: Mapping[str, Any], name: str, shape: re.Pattern[str] | None = None) -> str:
    """
    Read a field as text, whether it came as number or string.

    :raises BadCall: if it is missing, too long or of another shape
    """
    text = text_of(body.get(name))
    if not text or len(text) > _LONGEST or "\x00" in text or (shape is not None and not shape.fullmatch(text)):
        raise BadCall(name)
    return text


def user_fields(player: CashierPlayer) -> dict[str, Any]:
    """Describe a player as verifyuser's reply does."""
    customer = player.customer
    fields = {
        "userId": customer.reference,
        "balance": _number(player.balance),
        "balanceCy": player.balance.currency,
        "userCat": player.category,
        "kycStatus": "Approved" if player.is_verified else "Pending",
        "firstName": customer.first_name,
        "lastName": customer.last_name,
        "street": customer.street,
        "city": customer.city,
        "zip": customer.postcode,
        "country": ALPHA_3.get(customer.country, ""),
        "email": customer.email,
        "dob": customer.birth_date,
        "mobile": customer.phone,
        "locale": _locale(customer.language, customer.country),
    }
    return {name: value for name, value in fields.items() if value != ""}


def reply(fields: Mapping[str, Any]) -> bytes:
    """Write a reply in bytes."""
    return _encoder.encode(fields)


def refusal(refused: Refusal, user_id: str) -> bytes:
    """Write a business refusal: HTTP 200, success false."""
    code, text = REFUSALS[refused]
    return reply({"userId": user_id, "success": False, "errCode": code, "errMsg": text})


def _number(money: Money) -> Decimal:
    return Decimal(money.format())


def _fee(body: Mapping[str, Any], currency: str) -> Money | None:
    """The cashier's fee, where it is in the account's currency; another one is only kept among the facts."""
    text = text_of(body.get("fee"))
    if text_of(body.get("feeCy")) != currency or not SIGNED_DECIMAL.fullmatch(text):
        return None
    try:
        return abs(Money.parse(text, currency, precision="ledger")) or None
    except MoneyError as error:
        raise BadCall(str(error)) from error


def _locale(language: str, country: str) -> str:
    return f"{language}_{country}" if len(language) == len("en") and country else language
