"""New versions of the terms with a provider. An old version is never altered: payments name the one they ran under."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import Currency, StaffScope
from apps.core.errors import DomainError
from apps.core.money import Money, MoneyError
from apps.integrations.models import Integration
from apps.payments.models import ContractFee, PaymentMethod, PspContract, ReserveTerm, SettlementTerm
from apps.payments.operations.steps import PaymentUnknown

PROPOSE_PERMISSION = "payments.propose_pspcontract"
APPROVE_PERMISSION = "payments.approve_pspcontract"

_TEXTS = {
    "legal_entity": 120, "merchant_of_record": 120, "acquirer": 120, "merchant_id": 60, "category_code": 4,
    "descriptor": 40, "note": 500,
}  # fmt: skip
_LISTS = ("methods", "currencies", "countries")
_FLAGS = ("shifts_liability",)
_DAYS = ("defense_days", "refund_days")
_MOST_DAYS = 1000
_KNOWN = {*_TEXTS, *_LISTS, *_FLAGS, *_DAYS, "liability", "settlement", "reserve", "fees"}
_HUNDRED = Decimal(100)


class TermsNotSound(DomainError):
    """The terms of a contract can not be what was meant; the detail says which."""

    code = "contract-terms-not-sound"
    title = "These terms are not sound"
    status = 422


class ContractSecondPerson(DomainError):
    """Whoever proposes terms does not approve them."""

    code = "contract-second-person"
    title = "A second person has to approve the terms"
    status = 403


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms that were read and found sound, as rows that are not saved yet."""

    contract: dict[str, Any]
    settlement: list[SettlementTerm]
    reserve: list[ReserveTerm]
    fees: list[ContractFee]


@transaction.atomic
def add_contract_version(
    *,
    integration_id: int,
    terms: Mapping[str, Any],
    valid_from: datetime,
    valid_to: datetime | None = None,
    maker: User | None,
    checker: User | None,
    now: datetime,
) -> PspContract:
    """
    Put new terms in force from an instant on; what began before it keeps its own.

    :param terms: JSON values, see `read_terms`; amounts are decimal strings in main units
    :param maker: who proposed them; with `checker` None only by the platform's own set-up
    :raises PermissionDenied: if one of them may not
    :raises ContractSecondPerson: if they are the same person
    :raises TermsNotSound: if the terms are not, or begin before the last version or in the past
    """
    integration = Integration.objects.select_for_update().filter(pk=integration_id).first()
    if integration is None or integration.kind != Integration.Kind.PAYMENTS:
        raise TermsNotSound("There is no such payment integration.")
    if maker is not None:
        _require(maker, PROPOSE_PERMISSION, integration)
        if checker is None or checker.pk == maker.pk:
            raise ContractSecondPerson
        _require(checker, APPROVE_PERMISSION, integration)
    last = PspContract.objects.filter(integration=integration).order_by("-valid_from").first()
    if last is not None and valid_from <= last.valid_from:
        raise TermsNotSound(f"They begin before version {last.version} does.")
    if last is not None and valid_from < now:
        raise TermsNotSound("They begin in the past: payments have run under other terms since.")
    if valid_to is not None and valid_to <= valid_from:
        raise TermsNotSound("They end before they begin.")
    read = read_terms(terms)
    contract = PspContract.objects.create(
        integration=integration,
        version=last.version + 1 if last is not None else 1,
        valid_from=valid_from,
        valid_to=valid_to,
        added_at=now,
        added_by=maker,
        approved_by=checker,
        **read.contract,
    )
    for rows in (read.settlement, read.reserve, read.fees):
        for row in rows:
            row.contract = contract
            row.save()
    return contract


def read_terms(terms: Mapping[str, Any]) -> Terms:
    """
    Read terms from JSON values; the same shape that `terms_of` writes.

    :raises TermsNotSound: with the name of what is wrong
    """
    unknown = sorted(set(terms) - _KNOWN)
    if unknown:
        raise TermsNotSound(f"Nobody knows {', '.join(map(str, unknown))}.")
    values: dict[str, Any] = {name: _text(terms, name, longest) for name, longest in _TEXTS.items()}
    if not values["merchant_of_record"]:
        raise TermsNotSound("merchant_of_record is missing.")
    values |= {name: _words(terms, name) for name in _LISTS}
    values |= {name: terms.get(name, False) is True for name in _FLAGS}
    values |= {name: _number(terms, name) for name in _DAYS if name in terms}
    values["liability"] = terms.get("liability", PspContract.Liability.MERCHANT)
    if values["liability"] not in PspContract.Liability.values:
        raise TermsNotSound("liability is none of merchant, psp, shared.")
    rows = (_settlement(terms), _reserve(terms), _fees(terms))
    for name, currencies in (("settlement", [e.currency for e in rows[0]]), ("reserve", [e.currency for e in rows[1]])):
        if len(set(currencies)) != len(currencies):
            raise TermsNotSound(f"A currency stands twice in {name}.")
    if len({(each.kind, each.method_id, each.currency) for each in rows[2]}) != len(rows[2]):
        raise TermsNotSound("A fee stands twice.")
    return Terms(values, *rows)


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


def _settlement(terms: Mapping[str, Any]) -> list[SettlementTerm]:
    found = []
    for row in _rows(terms, "settlement"):
        currency, zone = _currency(row), _text(row, "timezone", 40) or "UTC"
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
                is_gross=row.get("is_gross", False) is True,
                minimum_units=_units(row, "minimum", currency),
                pays_out_of_balance=row.get("pays_out_of_balance", False) is True,
            )
        )
    return found


def _reserve(terms: Mapping[str, Any]) -> list[ReserveTerm]:
    found = []
    for row in _rows(terms, "reserve"):
        currency, percent, days = _currency(row), _percent(row), _number(row, "days")
        if not percent or not days:
            raise TermsNotSound("reserve: percent and days are above zero, or the reserve is left out.")
        cap = _units(row, "cap", currency)
        found.append(ReserveTerm(currency=currency, percent=percent, days=days, cap_units=cap or None))
    return found


def _fees(terms: Mapping[str, Any]) -> list[ContractFee]:
    found = []
    methods = set(PaymentMethod.objects.values_list("code", flat=True))
    for row in _rows(terms, "fees"):
        kind, method, currency = row.get("kind"), row.get("method") or None, _currency(row)
        if kind not in ContractFee.Kind.values or (method is not None and method not in methods):
            raise TermsNotSound(f"fees: there is no fee for {kind} by {method}.")
        found.append(
            ContractFee(
                kind=kind,
                method_id=method,
                currency=currency,
                fixed_units=_units(row, "fixed", currency),
                percent=_percent(row),
            )
        )
    return found


def _rows(terms: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = terms.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise TermsNotSound(f"{name} is a list of objects.")
    return rows


def _text(node: Mapping[str, Any], name: str, longest: int) -> str:
    found = node.get(name) or ""
    if not isinstance(found, str) or len(found) > longest or "\x00" in found:
        raise TermsNotSound(f"{name} is a text of at most {longest} characters.")
    return found.strip()


def _words(node: Mapping[str, Any], name: str) -> list[str]:
    found = node.get(name) or []
    longest = {"countries": 2, "currencies": 8, "methods": 40}[name]
    if not isinstance(found, list) or not all(isinstance(each, str) and 0 < len(each) <= longest for each in found):
        raise TermsNotSound(f"{name} is a list of codes.")
    return sorted(set(found))


def _number(node: Mapping[str, Any], name: str) -> int:
    found = node.get(name, 0)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= _MOST_DAYS:
        raise TermsNotSound(f"{name} is a whole number from 0 to {_MOST_DAYS}.")
    return found


def _percent(node: Mapping[str, Any]) -> Decimal:
    try:
        found = Decimal(str(node.get("percent") or "0"))
        exact = found == found.quantize(Decimal("0.0001"))
    except InvalidOperation as error:
        raise TermsNotSound("percent is no number.") from error
    if not exact or not 0 <= found <= _HUNDRED:
        raise TermsNotSound("percent lies between 0 and 100, with at most four decimals.")
    return found


def _currency(node: Mapping[str, Any]) -> str:
    code = node.get("currency")
    if not isinstance(code, str) or not Currency.objects.filter(pk=code).exists():
        raise TermsNotSound(f"There is no currency {code}.")
    return code


def _units(node: Mapping[str, Any], name: str, currency: str) -> int:
    try:
        units = Money.parse(str(node.get(name) or "0"), currency, precision="ledger").units
    except MoneyError as error:
        raise TermsNotSound(f"{name}: {error}") from error
    if units < 0:
        raise TermsNotSound(f"{name} is below zero.")
    return units


def _require(user: User, permission: str, integration: Integration) -> None:
    if not user.has_perm(permission):
        raise PermissionDenied
    scoped = StaffScope.objects.filter(user=user, brand__code=integration.brand_code)
    if not (user.is_superuser or scoped.exists()):
        raise PaymentUnknown
