"""CryptoProcessing's callback as it stands in JSON, and what its words mean."""

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from types import MappingProxyType
from typing import Any

from apps.core.currencies import UnknownCurrency, currency_spec
from apps.core.money import Money, MoneyError
from apps.payments.adapters.exact_json import text_of
from apps.payments.adapters.pattern import CURRENCY, DECIMAL, DIGITS, OUR_REFERENCE
from apps.payments.contract import EventKind, InstrumentFacts, PaymentEvent

_DEPOSIT: Mapping[str, EventKind] = MappingProxyType(
    {
        "not_confirmed": EventKind.DEPOSIT_PENDING,
        "confirmed": EventKind.DEPOSIT_SETTLED,
        "cancelled": EventKind.DEPOSIT_FAILED,
    }
)
_WITHDRAWAL: Mapping[str, EventKind] = MappingProxyType(
    {
        "pending": EventKind.PAYOUT_PENDING,
        "processing": EventKind.PAYOUT_PENDING,
        "confirmed": EventKind.PAYOUT_PAID,
        "declined": EventKind.PAYOUT_FAILED,
        "failed": EventKind.PAYOUT_FAILED,
        "cancelled": EventKind.PAYOUT_FAILED,
    }
)
MEANINGS: Mapping[str, Mapping[str, EventKind]] = MappingProxyType(
    {
        "deposit": _DEPOSIT,
        "deposit_exchange": _DEPOSIT,
        "withdrawal": _WITHDRAWAL,
        "withdrawal_exchange": _WITHDRAWAL,
    }
)

_LONGEST_ID = 120
_LONGEST_STATUS = 40


class BadCallback(ValueError):
    """It is signed, but not a callback that we can act on."""


def event_of(callback: Mapping[str, Any]) -> PaymentEvent:
    """
    Translate a verified callback.

    The same transaction comes as not_confirmed and as confirmed, so the status is part of the event's id.

    :raises BadCallback: if a field that it needs is missing or does not look as it should
    """
    operation, status = text_of(callback.get("id")), text_of(callback.get("status"))[:_LONGEST_STATUS]
    if not DIGITS.fullmatch(operation) or not status:
        raise BadCallback("id, status")
    kind = MEANINGS.get(text_of(callback.get("type")), {}).get(status, EventKind.UNKNOWN)
    transactions = _transactions(callback)
    ids = sorted({text_of(each.get("id")) for each in transactions} - {""})
    event_id = f"tx {'+'.join(ids)[:_LONGEST_ID]}:{status}" if ids else f"op {operation}:{status}"
    word = f"{text_of(callback.get('type'))} {status}"[:64]
    if kind == EventKind.UNKNOWN:
        return PaymentEvent(kind=kind, event_id=event_id, word=word, psp_reference=operation)
    is_deposit = kind.value.startswith("deposit")
    amount, dust = _amount(callback)
    if kind == EventKind.DEPOSIT_SETTLED and amount is None:
        raise BadCallback("a confirmed deposit without an amount")
    return PaymentEvent(
        kind=kind,
        event_id=event_id,
        word=word,
        reference=_reference(callback, is_deposit=is_deposit),
        psp_reference=operation,
        # What is sent to the chain may include its fee; a payout's own amount is the order's.
        amount=amount if is_deposit else None,
        fee=_fee(callback, amount) if amount else None,
        reason=text_of(callback.get("error"))[:200],
        instrument=_instrument(callback) if is_deposit else None,
        facts=_facts(transactions) | ({"below_ledger_unit": dust} if dust else {}),
    )


def _reference(callback: Mapping[str, Any], *, is_deposit: bool) -> str:
    node: object = callback.get("crypto_address") if is_deposit else callback
    found = text_of(node.get("foreign_id")) if isinstance(node, Mapping) else ""
    if not OUR_REFERENCE.fullmatch(found):
        raise BadCallback("foreign_id")
    return found


def _amount(callback: Mapping[str, Any]) -> tuple[Money | None, str]:
    """Return what was received, in ledger units, and the rest below one unit, which nobody can hold."""
    for name in ("currency_received", "currency_sent"):
        node = callback.get(name)
        if isinstance(node, Mapping):
            return _floored(text_of(node.get("amount")), text_of(node.get("currency")))
    parts = [
        _floored(text_of(each.get("amount")), text_of(each.get("currency")))[0] for each in _transactions(callback)
    ]
    found = [part for part in parts if part is not None]
    return (sum(found[1:], found[0]) if found else None), ""


def _floored(text: str, currency: str) -> tuple[Money | None, str]:
    if not DECIMAL.fullmatch(text) or not CURRENCY.fullmatch(currency):
        raise BadCallback("amount")
    try:
        step = Decimal(1).scaleb(-currency_spec(currency).ledger_exponent)
        # Chains count in up to 18 decimals; the ledger's eight never round up.
        exact = Decimal(text)
        whole = exact.quantize(step, rounding=ROUND_FLOOR)
        dust = exact - whole
        return Money.from_decimal(whole, currency) or None, f"{dust:f}" if dust else ""
    except (MoneyError, UnknownCurrency, ArithmeticError) as error:
        raise BadCallback(str(error)) from error


def _fee(callback: Mapping[str, Any], amount: Money) -> Money | None:
    """What the provider keeps, where it is told in the currency of the amount."""
    received = callback.get("currency_received")
    after = text_of(received.get("amount_minus_fee")) if isinstance(received, Mapping) else ""
    if not DECIMAL.fullmatch(after):
        return None
    left, _ = _floored(after, amount.currency)
    fee = amount - (left or Money.zero(amount.currency))
    return fee if fee > Money.zero(amount.currency) else None


def _instrument(callback: Mapping[str, Any]) -> InstrumentFacts | None:
    """The chain does not tell whose the sending address is; what it came in on is ours."""
    for each in _transactions(callback):
        sender = text_of(each.get("sender_address"))
        if sender:
            return InstrumentFacts(token=sender[:200], masked=f"{sender[:6]}…{sender[-4:]}")
    return None


def _facts(transactions: list[Mapping[str, Any]]) -> dict[str, Any]:
    named = ("txid", "riskscore", "confirmations", "address")
    found = [{name: text_of(each.get(name)) for name in named if text_of(each.get(name))} for each in transactions]
    return {"transactions": found} if found else {}


def _transactions(callback: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = callback.get("transactions")
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
