"""The terms with payment providers: read from JSON values, and written as such. Each payment names its version."""

from collections.abc import Collection, Mapping
from datetime import datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.brands.models import Currency
from apps.core.money import Money
from apps.integrations.contracts import reading
from apps.integrations.contracts.reading import Node, TermsNotSound
from apps.integrations.contracts.versions import ContractKind, Period, add_version
from apps.integrations.models import Integration
from apps.payments.models import ContractFee, PaymentMethod, PspContract, ReserveTerm, SettlementTerm

PROPOSE_PERMISSION = "payments.propose_pspcontract"

_TEXTS = {
    "legal_entity": 120, "merchant_of_record": 120, "acquirer": 120, "merchant_id": 60, "category_code": 4,
    "descriptor": 40, "note": 500,
}  # fmt: skip
_LISTS = ("methods", "currencies", "countries")
_FLAGS = ("shifts_liability",)
_DAYS = ("defense_days", "refund_days")
_MOST_DAYS = 1000
_KNOWN = {*_TEXTS, *_LISTS, *_FLAGS, *_DAYS, "liability", "settlement", "reserve", "fees"}
_KNOWN_PARTS = {
    "settlement": {
        "currency", "lag_days", "calendar", "cut_off", "timezone", "is_gross", "minimum", "pays_out_of_balance",
    },
    "reserve": {"currency", "percent", "days", "cap"},
    "fees": {"kind", "method", "currency", "percent", "fixed"},
}  # fmt: skip
_Part = SettlementTerm | ReserveTerm | ContractFee


def read_terms(terms: Mapping[str, Any]) -> tuple[dict[str, Any], list[_Part]]:
    """
    Read terms from JSON values; the same shape that `terms_of` writes.

    :return: fields of a contract, and its parts, not saved yet
    :raises TermsNotSound: with the name of what is wrong
    """
    reading.refuse_unknown(terms, _KNOWN)
    values: dict[str, Any] = {name: reading.text(terms, name, longest) for name, longest in _TEXTS.items()}
    if not values["merchant_of_record"]:
        raise TermsNotSound("merchant_of_record is missing.")
    values |= {name: _words(terms, name) for name in _LISTS}
    values |= {name: reading.flag(terms, name, usual=False) for name in _FLAGS}
    values |= {name: _number(terms, name) for name in _DAYS if name in terms}
    values["liability"] = reading.word(terms, "liability", PspContract.Liability.values, PspContract.Liability.MERCHANT)
    known = Currency.objects.in_bulk()
    settlement, reserve, fees = _settlement(terms, known), _reserve(terms, known), _fees(terms, known)
    for name, parts in (("settlement", settlement), ("reserve", reserve)):
        if len({each.currency for each in parts}) != len(parts):
            raise TermsNotSound(f"A currency stands twice in {name}.")
    if len({(each.kind, each.method_id, each.currency) for each in fees}) != len(fees):
        raise TermsNotSound("A fee stands twice.")
    return values, [*settlement, *reserve, *fees]


def terms_of(contract: PspContract) -> dict[str, Any]:
    """Write the terms of a version as JSON values: what a new version begins with, and what an approval is given to."""
    values: dict[str, Any] = {
        name: getattr(contract, name) for name in (*_TEXTS, *_LISTS, *_FLAGS, *_DAYS, "liability")
    }
    values["settlement"] = [
        {
            "currency": each.currency, "lag_days": each.lag_days, "calendar": each.calendar,
            "cut_off": each.cut_off.strftime("%H:%M"), "timezone": each.timezone, "is_gross": each.is_gross,
            "minimum": Money(each.minimum_units, each.currency).format(),
            "pays_out_of_balance": each.pays_out_of_balance,
        }
        for each in contract.settlement_terms.all()
    ]  # fmt: skip
    values["reserve"] = [
        {
            "currency": each.currency, "percent": f"{each.percent:f}", "days": each.days,
            "cap": Money(each.cap_units, each.currency).format() if each.cap_units else None,
        }
        for each in contract.reserve_terms.all()
    ]  # fmt: skip
    values["fees"] = [
        {
            "kind": each.kind, "method": each.method_id, "currency": each.currency, "percent": f"{each.percent:f}",
            "fixed": Money(each.fixed_units, each.currency).format(),
        }
        for each in contract.fees.all()
    ]  # fmt: skip
    return values


def _settlement(terms: Node, known: Collection[str]) -> list[SettlementTerm]:
    found = []
    for row in _parts(terms, "settlement"):
        currency = reading.currency(row, "currency", known, is_needed=True)
        zone = reading.text(row, "timezone", 40) or "UTC"
        calendar = row.get("calendar", SettlementTerm.Calendar.TARGET)
        try:
            ZoneInfo(zone)
            cut_off = time.fromisoformat(str(row.get("cut_off", "00:00")))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise TermsNotSound(f"settlement: {error}") from error
        if calendar not in SettlementTerm.Calendar.values:
            raise TermsNotSound(f"settlement: there is no calendar {calendar}.")
        found.append(
            SettlementTerm(
                currency=currency,
                lag_days=_number(row, "lag_days"),
                calendar=calendar,
                cut_off=cut_off,
                timezone=zone,
                is_gross=reading.flag(row, "is_gross", usual=False),
                minimum_units=_units(row, "minimum", currency),
                pays_out_of_balance=reading.flag(row, "pays_out_of_balance", usual=False),
            )
        )
    return found


def _reserve(terms: Node, known: Collection[str]) -> list[ReserveTerm]:
    found = []
    for row in _parts(terms, "reserve"):
        currency = reading.currency(row, "currency", known, is_needed=True)
        percent, days = reading.percent(row, "percent"), _number(row, "days")
        if not percent or not days:
            raise TermsNotSound("reserve: percent and days are above zero, or the reserve is left out.")
        cap = _units(row, "cap", currency)
        found.append(ReserveTerm(currency=currency, percent=percent, days=days, cap_units=cap or None))
    return found


def _fees(terms: Node, known: Collection[str]) -> list[ContractFee]:
    found = []
    methods = set(PaymentMethod.objects.values_list("code", flat=True))
    for row in _parts(terms, "fees"):
        kind, method = reading.text(row, "kind", 40), reading.text(row, "method", 40)
        if kind not in ContractFee.Kind.values or (method and method not in methods):
            raise TermsNotSound(f"fees: there is no fee for {kind} by {method or 'any method'}.")
        currency = reading.currency(row, "currency", known, is_needed=True)
        found.append(
            ContractFee(
                kind=kind,
                method_id=method or None,
                currency=currency,
                fixed_units=_units(row, "fixed", currency),
                percent=reading.percent(row, "percent"),
            )
        )
    return found


def _parts(terms: Node, name: str) -> list[Node]:
    found = reading.rows(terms, name)
    for row in found:
        reading.refuse_unknown(row, _KNOWN_PARTS[name])
    return found


def _words(node: Node, name: str) -> list[str]:
    found = node.get(name) or []
    longest = {"countries": 2, "currencies": 8, "methods": 40}[name]
    if not isinstance(found, list) or not all(isinstance(each, str) and 0 < len(each) <= longest for each in found):
        raise TermsNotSound(f"{name} is a list of codes.")
    return sorted(set(found))


def _number(node: Node, name: str) -> int:
    return reading.whole_number(node, name, usual=0, most=_MOST_DAYS)


def _units(node: Node, name: str, currency: str) -> int:
    # A fee of one payment may be finer than a coin.
    return reading.units(node, name, currency, precision="ledger")


def _require_future(period: Period[PspContract], now: datetime) -> None:
    """Payments have run under the last version until now; the first one may tell what held all along."""
    if period.last is not None and period.valid_from < now:
        raise TermsNotSound("They begin in the past: payments have run under other terms since.")


PSP_CONTRACTS = ContractKind(
    model=PspContract,
    vendors=Integration.Kind.PAYMENTS,
    command="payments.add_contract_version",
    propose_permission=PROPOSE_PERMISSION,
    approve_permission="payments.approve_pspcontract",
    read=read_terms,
    write=terms_of,
    moment=datetime.fromisoformat,
    require_period=_require_future,
)
add_contract_version = partial(add_version, PSP_CONTRACTS)
"""Put new terms with a payment provider in force from an instant on; see `add_version`."""
