"""Lists and rates in use, kept in memory for seconds. Loading them is `loading`."""

import time
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from apps.core.currencies import CURRENCIES
from apps.monitoring.expressions.values import Unknown
from apps.monitoring.models import ReferenceList, ReferenceRate

_KEPT_SECONDS = 5.0


@dataclass
class _Kept:
    until: float = float("-inf")
    lists: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    rates: dict[str, list[tuple[date, Decimal]]] = field(default_factory=dict)


_kept = _Kept()


def forget() -> None:
    """Read lists and rates anew at the next question."""
    _kept.until = float("-inf")


def _fresh() -> _Kept:
    at = time.monotonic()
    if at >= _kept.until:
        newest = ReferenceList.objects.order_by("name", "-number").distinct("name")
        _kept.lists = {row.name: (row.number, tuple(row.entries)) for row in newest}
        rates: dict[str, list[tuple[date, Decimal]]] = {}
        for row in ReferenceRate.objects.order_by("currency", "-valid_from"):
            rates.setdefault(row.currency, []).append((row.valid_from, row.per_euro))
        _kept.rates = rates
        _kept.until = at + _KEPT_SECONDS
    return _kept


def list_named(name: str) -> tuple[int, tuple[str, ...]] | None:
    """The newest version of a list: its number and entries."""
    return _fresh().lists.get(name)


def all_lists() -> dict[str, tuple[str, ...]]:
    """Every list in use, by name."""
    return {name: entries for name, (_, entries) in _fresh().lists.items()}


def list_of_version(name: str, number: int) -> tuple[str, ...]:
    """The entries of one version, as a stored decision needs them."""
    known = _fresh().lists.get(name)
    if known is not None and known[0] == number:
        return known[1]
    entries: Any = ReferenceList.objects.values_list("entries", flat=True).get(name=name, number=number)
    return tuple(entries)


def per_euro(currency: str, on: date) -> Decimal | None:
    """Main units of a currency that one euro was on a day: the last rate before it, or the first known."""
    if currency == "EUR":
        return Decimal(1)
    known = _fresh().rates.get(currency, [])
    return next((rate for since, rate in known if since <= on), known[-1][1] if known else None)


def converted(units: int | Decimal, currency: str, wanted: str, on: date) -> Decimal | Unknown:
    """
    Express ledger units of one currency in main units of another. For thresholds only.

    Unknown where no rate is known: that is an outcome of its own, never a pass.
    """
    if currency not in CURRENCIES:
        return Unknown(f"currency {currency!r:.12}")
    amount = Decimal(units) / CURRENCIES[currency].ledger_scale
    if currency == wanted:
        return amount
    own, other = per_euro(currency, on), per_euro(wanted, on)
    if own is None or other is None:
        return Unknown(f"no rate of {currency if own is None else wanted}")
    return (amount / own * other).quantize(Decimal("0.00000001"))
