"""Adyen's notification items and transfer webhooks as they stand in JSON, and what their words mean."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from apps.core.currencies import UnknownCurrency, currency_spec
from apps.core.money import Money, MoneyError
from apps.payments.adapters.exact_json import text_of
from apps.payments.adapters.pattern import CURRENCY, instant
from apps.payments.contract import EventKind, InstrumentFacts, PaymentEvent, is_refund
from apps.payments.dispute_contract import DisputeStage, DisputeStatus

_EXPONENTS: Mapping[str, int] = MappingProxyType({"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2})
"""Where Adyen's minor units are not those of ISO 4217."""

MEANINGS: Mapping[str, tuple[EventKind, EventKind]] = MappingProxyType(
    {
        # For each eventCode, what it means with success, then without.
        "AUTHORISATION": (EventKind.DEPOSIT_SETTLED, EventKind.DEPOSIT_FAILED),
        "CAPTURE": (EventKind.INFORMATION, EventKind.UNKNOWN),
        "CAPTURE_FAILED": (EventKind.DEPOSIT_REVERSED, EventKind.UNKNOWN),
        "CANCELLATION": (EventKind.DEPOSIT_REVERSED, EventKind.INFORMATION),
        "TECHNICAL_CANCEL": (EventKind.DEPOSIT_REVERSED, EventKind.INFORMATION),
        "REFUND": (EventKind.DEPOSIT_REVERSED, EventKind.INFORMATION),
        "RECURRING_CONTRACT": (EventKind.INSTRUMENT_KNOWN, EventKind.INFORMATION),
        "PAYOUT_THIRDPARTY": (EventKind.PAYOUT_PAID, EventKind.PAYOUT_FAILED),
        "PAYOUT_DECLINE": (EventKind.PAYOUT_FAILED, EventKind.INFORMATION),
        "PAYOUT_EXPIRE": (EventKind.PAYOUT_FAILED, EventKind.INFORMATION),
        "PAIDOUT_REVERSED": (EventKind.PAYOUT_RETURNED, EventKind.INFORMATION),
        "REPORT_AVAILABLE": (EventKind.INFORMATION, EventKind.INFORMATION),
        "NOTIFICATION_OF_FRAUD": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "REQUEST_FOR_INFORMATION": (EventKind.DISPUTE_OPENED, EventKind.INFORMATION),
        "NOTIFICATION_OF_CHARGEBACK": (EventKind.DISPUTE_OPENED, EventKind.INFORMATION),
        "CHARGEBACK": (EventKind.CHARGEBACK, EventKind.UNKNOWN),
        "CHARGEBACK_REVERSED": (EventKind.CHARGEBACK_REVERSED, EventKind.UNKNOWN),
        "SECOND_CHARGEBACK": (EventKind.SECOND_CHARGEBACK, EventKind.UNKNOWN),
        "INFORMATION_SUPPLIED": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "PREARBITRATION_OPEN": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "PREARBITRATION_ACCEPTED": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "PREARBITRATION_DECLINED": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "PREARBITRATION_ISSUER_WITHDRAWN": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "PREARBITRATION_WON": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "PREARBITRATION_LOST": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "SCHEME_ARBITRATION": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "SCHEME_ARBITRATION_WON": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "SCHEME_ARBITRATION_LOST": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "DISPUTE_DEFENSE_PERIOD_ENDED": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
        "ISSUER_COMMENTS": (EventKind.DISPUTE_UPDATED, EventKind.DISPUTE_UPDATED),
    }
)
"""Codes that are not here (REFUND_FAILED of a refund made at the portal, whatever comes new) are for people."""

TRANSFER_STATES: Mapping[str, EventKind] = MappingProxyType(
    {
        "received": EventKind.PAYOUT_PENDING,
        "authorised": EventKind.PAYOUT_PENDING,
        "pendingApproval": EventKind.PAYOUT_PENDING,
        "booked": EventKind.PAYOUT_PAID,
        "refused": EventKind.PAYOUT_FAILED,
        "failed": EventKind.PAYOUT_FAILED,
        "returned": EventKind.PAYOUT_RETURNED,
    }
)
TRANSFER_EVENTS = frozenset({"balancePlatform.transfer.created", "balancePlatform.transfer.updated"})

_DISPUTE_KINDS = frozenset(
    {
        EventKind.CHARGEBACK,
        EventKind.CHARGEBACK_REVERSED,
        EventKind.SECOND_CHARGEBACK,
        EventKind.DISPUTE_OPENED,
        EventKind.DISPUTE_UPDATED,
    }
)
REFUND_MEANINGS: Mapping[str, tuple[EventKind, EventKind]] = MappingProxyType(
    {
        "REFUND": (EventKind.REFUND_DONE, EventKind.REFUND_FAILED),
        "REFUND_FAILED": (EventKind.REFUND_FAILED, EventKind.INFORMATION),
        "REFUNDED_REVERSED": (EventKind.REFUND_RETURNED, EventKind.INFORMATION),
    }
)
"""Where an item is about a refund that we asked for: it carries the refund's reference."""

_PRE, _DISPUTE, _PREARB, _ARB = (
    DisputeStage.PRE_DISPUTE, DisputeStage.DISPUTE, DisputeStage.PRE_ARBITRATION, DisputeStage.ARBITRATION,
)  # fmt: skip
DISPUTE_PLACES: Mapping[str, tuple[DisputeStage, DisputeStatus]] = MappingProxyType(
    {
        "REQUEST_FOR_INFORMATION": (_PRE, DisputeStatus.OPENED),
        "NOTIFICATION_OF_CHARGEBACK": (_DISPUTE, DisputeStatus.OPENED),
        "CHARGEBACK": (_DISPUTE, DisputeStatus.OPENED),
        "INFORMATION_SUPPLIED": (_DISPUTE, DisputeStatus.CHALLENGED),
        # The money is back for the time being; the issuer may still answer.
        "CHARGEBACK_REVERSED": (_DISPUTE, DisputeStatus.CHALLENGED),
        "DISPUTE_DEFENSE_PERIOD_ENDED": (_DISPUTE, DisputeStatus.EXPIRED),
        "SECOND_CHARGEBACK": (_DISPUTE, DisputeStatus.LOST),
        "PREARBITRATION_OPEN": (_PREARB, DisputeStatus.OPENED),
        "PREARBITRATION_DECLINED": (_PREARB, DisputeStatus.CHALLENGED),
        "PREARBITRATION_ACCEPTED": (_PREARB, DisputeStatus.ACCEPTED),
        "PREARBITRATION_ISSUER_WITHDRAWN": (_PREARB, DisputeStatus.CANCELLED),
        "PREARBITRATION_WON": (_PREARB, DisputeStatus.WON),
        "PREARBITRATION_LOST": (_PREARB, DisputeStatus.LOST),
        "SCHEME_ARBITRATION": (_ARB, DisputeStatus.CHALLENGED),
        "SCHEME_ARBITRATION_WON": (_ARB, DisputeStatus.WON),
        "SCHEME_ARBITRATION_LOST": (_ARB, DisputeStatus.LOST),
    }
)
"""
Where a dispute stands after an event, from its signed code alone; `disputeStatus` is not covered by the signature.

What is not here says nothing of it (ISSUER_COMMENTS, NOTIFICATION_OF_FRAUD, ISSUER_RESPONSE_TIMEFRAME_EXPIRED).
"""
# No colon in any of them, so that the signed text, joined by colons, reads one way only.
_PSP_REFERENCE = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)
_CODE = re.compile(r"[A-Z_]{1,64}", re.ASCII)
_MINOR_UNITS = re.compile(r"[0-9]{1,18}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class BadItem(ValueError):
    """Signed or not, it is not an item that we can act on."""


def exponent_of(currency: str) -> int:
    """
    Return how many decimals Adyen counts in.

    :raises UnknownCurrency: for a code nobody can hold
    """
    return _EXPONENTS.get(currency, currency_spec(currency).exponent)


def wire_amount(money: Money) -> dict[str, Any]:
    """Write an amount in Adyen's minor units. :raises AmountNotExact: if it is finer than those."""
    return {"value": money.to_scaled(exponent_of(money.currency)), "currency": money.currency}


def money_of(amount: object) -> Money | None:
    """
    Read an amount; None for nothing at all.

    :raises BadItem: if it is no amount
    """
    if not isinstance(amount, Mapping):
        return None
    value, currency = text_of(amount.get("value")), text_of(amount.get("currency"))
    if not _MINOR_UNITS.fullmatch(value) or not CURRENCY.fullmatch(currency):
        raise BadItem("amount")
    try:
        return Money.from_scaled(int(value), exponent_of(currency), currency) or None
    except (MoneyError, UnknownCurrency) as error:
        raise BadItem(str(error)) from error


def event_of_item(item: Mapping[str, Any], merchant_account: str) -> PaymentEvent:
    """
    Translate a verified item. Only signed fields become facts; the rest is kept under `unsigned`.

    :raises BadItem: if it is for another merchant, or a signed field does not look as it should
    """
    if text_of(item.get("merchantAccountCode")) != merchant_account:
        raise BadItem("merchantAccountCode")
    code, success = _field(item, "eventCode", _CODE), text_of(item.get("success"))
    if success not in {"true", "false"}:
        raise BadItem("success")
    psp_reference = _field(item, "pspReference", _PSP_REFERENCE)
    original = text_of(item.get("originalReference"))
    if original and not _PSP_REFERENCE.fullmatch(original):
        raise BadItem("originalReference")
    reference = text_of(item.get("merchantReference"))[:200]
    known = {**MEANINGS, **(REFUND_MEANINGS if is_refund(reference) else {})}
    kind = known.get(code, (EventKind.UNKNOWN, EventKind.UNKNOWN))[success == "false"]
    if kind == EventKind.INFORMATION:
        return PaymentEvent(kind=kind, event_id=f"{code}:{psp_reference}:{success}", word=code)
    return PaymentEvent(
        kind=kind,
        event_id=f"{code}:{psp_reference}:{success}{_paid_by(kind, original or reference)}",
        word=code,
        reference=reference,
        # An event about an earlier payment names that; its own reference is the dispute's or the refund's.
        psp_reference=original or psp_reference,
        amount=money_of(item.get("amount")),
        facts={"success": success, "own_reference": psp_reference, "unsigned": _unsigned(item)},
        **_dispute_part(item, code, kind, psp_reference),
        **_instrument_part(kind, psp_reference),
    )


def _dispute_part(item: Mapping[str, Any], code: str, kind: EventKind, psp_reference: str) -> dict[str, Any]:
    if kind not in _DISPUTE_KINDS:
        return {}
    stage, status = DISPUTE_PLACES.get(code, ("", ""))
    additional = item.get("additionalData")
    told = additional if isinstance(additional, Mapping) else {}
    return {
        "dispute_reference": psp_reference,
        "dispute_stage": str(stage),
        "dispute_status": str(status),
        "dispute_reason_code": text_of(told.get("chargebackReasonCode"))[:40],
        # Not signed: it can only make the deadline earlier, see `dispute_outcomes`.
        "respond_by": instant(text_of(told.get("defensePeriodEndsAt"))),
    }


def _paid_by(kind: EventKind, payment: str) -> str:
    """A card's token is told anew with each payment by it: its own reference is the same each time."""
    return f":{payment[:100]}" if kind == EventKind.INSTRUMENT_KNOWN and payment else ""


def _instrument_part(kind: EventKind, psp_reference: str) -> dict[str, Any]:
    """RECURRING_CONTRACT carries the token as its own, signed reference; whose and what it is has to be asked."""
    if kind != EventKind.INSTRUMENT_KNOWN:
        return {}
    return {"instrument": InstrumentFacts(token=psp_reference), "needs_fetch": True}


def event_of_transfer(message: Mapping[str, Any]) -> PaymentEvent:
    """
    Translate a balance-platform webhook, whose signature covers all of it.

    :raises BadItem: if it lacks the transfer's id or status
    """
    word = _field(message, "type", _WORD)
    data = message.get("data")
    data = data if isinstance(data, Mapping) else {}
    if word not in TRANSFER_EVENTS:
        transfer = text_of(data.get("id")) or text_of(message.get("createdAt"))
        return PaymentEvent(kind=EventKind.UNKNOWN, event_id=f"{word}:{transfer}"[:200], word=word)
    transfer, status = _field(data, "id", _PSP_REFERENCE), _field(data, "status", _WORD)
    return PaymentEvent(
        kind=TRANSFER_STATES.get(status, EventKind.UNKNOWN),
        event_id=f"transfer:{transfer}:{status}",
        word=status,
        reference=text_of(data.get("reference"))[:200],
        psp_reference=transfer,
        amount=money_of(data.get("amount")),
        occurred_at=instant(text_of(message.get("timestamp"))),
        reason=text_of(data.get("reason"))[:200],
    )


def _unsigned(item: Mapping[str, Any]) -> dict[str, str]:
    """What staff may read and nothing may act on."""
    additional = item.get("additionalData")
    additional = additional if isinstance(additional, Mapping) else {}
    named = ("chargebackReasonCode", "disputeStatus", "defensePeriodEndsAt", "defendable", "autoDefended")
    found = {name: text_of(additional.get(name))[:200] for name in named}
    found |= {name: text_of(item.get(name))[:200] for name in ("reason", "eventDate", "paymentMethod")}
    return {name: text for name, text in found.items() if text}


def _field(node: Mapping[str, Any], name: str, shape: re.Pattern[str]) -> str:
    text = text_of(node.get(name))
    if not shape.fullmatch(text):
        raise BadItem(name)
    return text
