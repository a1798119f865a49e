"""Trustly's notifications as they stand in JSON-RPC, its calls and answers, and what its words mean."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from apps.core.currencies import UnknownCurrency
from apps.core.money import Money, MoneyError
from apps.payments.adapters.exact_json import BadJson, read_object, text_of
from apps.payments.adapters.pattern import CURRENCY, DECIMAL, DIGITS, OUR_REFERENCE, instant
from apps.payments.contract import Direction, EventKind, InstrumentFacts, PaymentEvent, direction_of

VERSION = "1.1"

MEANINGS: Mapping[str, tuple[EventKind, EventKind]] = MappingProxyType(
    {
        # For each word, what it means for a deposit, then for a payout.
        "account": (EventKind.INSTRUMENT_KNOWN, EventKind.INFORMATION),
        "pending": (EventKind.DEPOSIT_PENDING, EventKind.PAYOUT_PENDING),
        "credit": (EventKind.DEPOSIT_SETTLED, EventKind.PAYOUT_RETURNED),
        "debit": (EventKind.DEPOSIT_REVERSED, EventKind.PAYOUT_PENDING),
        "cancel": (EventKind.DEPOSIT_FAILED, EventKind.PAYOUT_RETURNED),
        "payoutconfirmation": (EventKind.PAYOUT_PAID, EventKind.PAYOUT_PAID),
        "payoutfailed": (EventKind.PAYOUT_FAILED, EventKind.PAYOUT_FAILED),
    }
)
MOVES_MONEY = frozenset({"credit", "debit"})

PAID_STATES = frozenset({"CONFIRMED"})
RETURNED_STATES = frozenset({"RETURNED", "BOUNCED"})
"""Transfer states that prove something. New ones appear at any time: every other one means "under way"."""

CERTAINLY_REFUSED = frozenset(
    {
        "ERROR_ACCOUNT_NOT_FOUND",
        "ERROR_BANK_NOT_FOUND",
        "ERROR_DISABLED_USER",
        "ERROR_ENDUSER_NOT_FOUND",
        "ERROR_FUNCTION_ACCESS_DENIED",
        "ERROR_HOST_ACCESS_DENIED",
        "ERROR_INSUFFICIENT_FUNDS",
        "ERROR_INVALID_AMOUNT",
        "ERROR_INVALID_CREDENTIALS",
        "ERROR_INVALID_CURRENCY",
        "ERROR_INVALID_PARAMETERS",
        "ERROR_LIMIT_EXCEEDED",
    }
)
"""Signed errors after which nothing has happened; of any other (a repeated MessageID too) we do not know."""

_METHOD = re.compile(r"[a-z]{1,40}", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
# The signed text has no separators. With keys of lower-case letters and values of these shapes it reads one way only.
_KEY = re.compile(r"[a-z_]{1,40}", re.ASCII)


class BadNotification(ValueError):
    """It is signed or not, but not a notification that we can act on."""


@dataclass(frozen=True, slots=True)
class Call:
    """One JSON-RPC request of the vendor's."""

    method: str
    uuid: str
    signature: str
    data: Mapping[str, Any]


def read_call(body: bytes) -> Call:
    """
    Read a notification far enough to verify its signature.

    :raises BadNotification: if it is no JSON-RPC request of version 1.1 with a method, uuid, signature and data
    """
    try:
        message = read_object(body)
    except BadJson as error:
        raise BadNotification(str(error)) from error
    params = message.get("params")
    if not isinstance(params, dict) or text_of(message.get("version")) != VERSION:
        raise BadNotification("no JSON-RPC 1.1 request")
    method, uuid, data = message.get("method"), params.get("uuid"), params.get("data")
    signature = params.get("signature")
    if not isinstance(method, str) or not _METHOD.fullmatch(method):
        raise BadNotification("method")
    if not isinstance(uuid, str) or not _UUID.fullmatch(uuid):
        raise BadNotification("uuid")
    if not isinstance(data, dict) or not isinstance(signature, str):
        raise BadNotification("data or signature")
    return Call(method, uuid, signature, data)


def event_of(call: Call) -> PaymentEvent:
    """
    Translate a verified notification.

    :raises BadNotification: if a field that it needs is missing or does not look as it should
    """
    data = call.data
    if not all(_KEY.fullmatch(key) for key in data):
        raise BadNotification("a key that the protocol does not have")
    notification = _field(data, "notificationid", DIGITS)
    order = _field(data, "orderid", DIGITS)
    meanings = MEANINGS.get(call.method)
    if meanings is None:
        return PaymentEvent(kind=EventKind.UNKNOWN, event_id=notification, word=call.method, psp_reference=order)
    reference = _field(data, "messageid", OUR_REFERENCE)
    return PaymentEvent(
        kind=meanings[direction_of(reference) == Direction.WITHDRAWAL],
        event_id=notification,
        word=call.method,
        reference=reference,
        psp_reference=order,
        amount=_amount(data, needed=call.method in MOVES_MONEY),
        occurred_at=occurred_at(data),
        instrument=_instrument(data) if call.method == "account" else None,
        facts={"enduserid": text_of(data.get("enduserid"))},
    )


def occurred_at(data: Mapping[str, Any]) -> datetime | None:
    """When the vendor says it was; not every notification says so."""
    text = text_of(data.get("timestamp"))
    if not text:
        return None
    at = instant(text)
    if at is None:
        raise BadNotification("timestamp")
    return at


def money_text(money: Money) -> str:
    """An amount as the vendor writes it: `902.50`, JPY `100`."""
    return money.format()


def message(parts: Mapping[str, Any]) -> bytes:
    """One JSON-RPC message in bytes."""
    return json.dumps({**parts, "version": VERSION}, ensure_ascii=False, separators=(",", ":")).encode()


def _amount(data: Mapping[str, Any], *, needed: bool) -> Money | None:
    if not needed and not text_of(data.get("amount")):
        return None
    text, currency = _field(data, "amount", DECIMAL), _field(data, "currency", CURRENCY)
    try:
        money = Money.parse(text, currency, precision="ledger")
    except (MoneyError, UnknownCurrency) as error:
        raise BadNotification(str(error)) from error
    if needed and not money:
        raise BadNotification("an amount of nothing")
    return money


def _instrument(data: Mapping[str, Any]) -> InstrumentFacts | None:
    account = text_of(data.get("accountid"))
    if not DIGITS.fullmatch(account):
        return None
    attributes = data.get("attributes")
    found = attributes if isinstance(attributes, Mapping) else {}
    digits = text_of(found.get("lastdigits"))
    masked = f"{text_of(found.get('bank'))} …{digits}" if digits else text_of(found.get("descriptor"))
    return InstrumentFacts(
        token=account,
        masked=masked[:64],
        holder=text_of(found.get("name"))[:160],
        is_verified=text_of(data.get("verified")) in {"1", "true"},
    )


def _field(data: Mapping[str, Any], name: str, shape: re.Pattern[str]) -> str:
    text = text_of(data.get(name))
    if not shape.fullmatch(text):
        raise BadNotification(name)
    return text
