"""Reading the terms of a provider contract from JSON values, and writing them. What does not make sense is refused."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.brands.models import Currency
from apps.core.errors import DomainError
from apps.core.money import Money, MoneyError
from apps.providers.models import Game, Studio
from apps.reporting.invoicing.months import counts_half_hours
from apps.reporting.models import ProviderContract, ProviderRate

_TEXTS = {"supplier": 120, "legal_entity": 120, "vat_note": 120, "note": 500}
_FLAGS = {"deducts_free_rounds": True, "deducts_jackpot": False, "carries_negative": False}
_PERCENTS = ("bonus_percent", "jackpot_percent", "vat_percent")
_AMOUNTS = {"minimum": "minimum_units", "fixed": "fixed_units"}
_CURRENCIES = ("invoice_currency", "fixed_currency")
_KNOWN = {
    *_TEXTS, *_FLAGS, *_PERCENTS, *_AMOUNTS, *_CURRENCIES, "basis", "tier_mode", "timezone", "cut_off_days", "rates",
}  # fmt: skip
_KNOWN_RATE = {"studio", "category", "currency", "from", "percent"}
_MOST_DAYS = 60
_HUNDRED = Decimal(100)


class TermsNotSound(DomainError):
    """The terms of a contract can not be what was meant; the detail says which."""

    code = "provider-contract-not-sound"
    title = "These terms are not sound"
    status = 422


def read_terms(terms: Mapping[str, Any]) -> tuple[dict[str, Any], list[ProviderRate]]:
    """
    Read terms from JSON values; the same shape that `terms_of` writes. Amounts and shares are decimal texts.

    :return: fields of a contract, and its rates, not saved yet
    :raises TermsNotSound: with the name of what is wrong
    """
    _refuse_unknown(terms, _KNOWN)
    values: dict[str, Any] = {name: _text(terms, name, longest) for name, longest in _TEXTS.items()}
    if not values["supplier"]:
        raise TermsNotSound("supplier is missing.")
    values["basis"] = _word(terms, "basis", ProviderContract.Basis.values, None)
    values["tier_mode"] = _word(terms, "tier_mode", ProviderContract.TierMode.values, "marginal")
    values["timezone"] = _text(terms, "timezone", 40) or "UTC"
    if not counts_half_hours(values["timezone"]):
        raise TermsNotSound("timezone is an IANA zone whose offset is whole or half hours.")
    values["cut_off_days"] = _days(terms)
    values |= {name: _flag(terms, name, usual) for name, usual in _FLAGS.items()}
    values |= {name: _percent(terms, name) for name in _PERCENTS}
    values |= {name: _currency(terms, name) for name in _CURRENCIES}
    values |= {field: _units(terms, name, values["fixed_currency"]) for name, field in _AMOUNTS.items()}
    if values["invoice_currency"] and values["fixed_currency"] not in ("", values["invoice_currency"]):
        raise TermsNotSound("fixed_currency is another than invoice_currency.")
    return values, _rates(terms, values["invoice_currency"])


def terms_of(contract: ProviderContract) -> dict[str, Any]:
    """Write a version as JSON values: what a new version begins with, and what an approval is given to."""
    values: dict[str, Any] = {
        name: getattr(contract, name)
        for name in (*_TEXTS, *_FLAGS, *_CURRENCIES, "basis", "tier_mode", "timezone", "cut_off_days")
    }
    values |= {name: f"{getattr(contract, name).normalize():f}" for name in _PERCENTS}
    values |= {
        name: Money(getattr(contract, field), contract.fixed_currency).format() if contract.fixed_currency else "0"
        for name, field in _AMOUNTS.items()
    }
    currency = contract.invoice_currency
    values["rates"] = [
        {
            "studio": rate.studio.code if rate.studio else "",
            "category": rate.category,
            "currency": rate.currency,
            "from": Money(rate.from_units, rate.currency or currency).format() if rate.from_units else "0",
            "percent": f"{rate.percent.normalize():f}",
        }
        for rate in contract.rates.all()
    ]
    return values


def _rates(terms: Mapping[str, Any], invoice_currency: str) -> list[ProviderRate]:
    rows = terms.get("rates")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        raise TermsNotSound("rates is a list of one or more objects.")
    studios = {each.code: each for each in Studio.objects.all()}
    found, seen = [], set()
    for row in rows:
        rate = _rate(row, studios, invoice_currency)
        key = (rate.studio_id, rate.category, rate.currency, rate.from_units)
        if key in seen:
            raise TermsNotSound("rates: the same rate stands twice.")
        seen.add(key)
        found.append(rate)
    for scope in {key[:3] for key in seen}:
        if (*scope, 0) not in seen:
            raise TermsNotSound("rates: each group of games has a rate from 0 on.")
    if not any(not rate.studio_id and not rate.category for rate in found):
        raise TermsNotSound("rates: there has to be one for all games, for those that are in no other group.")
    return found


def _rate(row: Mapping[str, Any], studios: Mapping[str, Studio], invoice_currency: str) -> ProviderRate:
    _refuse_unknown(row, _KNOWN_RATE)
    studio, category = _text(row, "studio", 60), _text(row, "category", 16)
    if studio and studio not in studios:
        raise TermsNotSound(f"rates: there is no studio {studio}.")
    if category and (category not in Game.Category.values or studio):
        raise TermsNotSound(f"rates: there is no category {category}, or a studio is named too.")
    currency = _currency(row, "currency")
    if invoice_currency and currency not in ("", invoice_currency):
        raise TermsNotSound("rates: currency is another than invoice_currency.")
    if not currency and not invoice_currency and str(row.get("from") or "0") != "0":
        raise TermsNotSound("rates: an amount from which a rate counts needs a currency.")
    return ProviderRate(
        studio=studios.get(studio),
        category=category,
        currency=currency,
        from_units=_units(row, "from", currency or invoice_currency),
        percent=_percent(row, "percent"),
    )


def _refuse_unknown(node: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(map(str, set(node) - known))
    if unknown:
        raise TermsNotSound(f"Nobody knows {', '.join(unknown)}.")


def _text(node: Mapping[str, Any], name: str, longest: int) -> str:
    found = node.get(name) or ""
    if not isinstance(found, str) or len(found) > longest or "\x00" in found:
        raise TermsNotSound(f"{name} is a text of at most {longest} characters.")
    return found.strip()


def _word(node: Mapping[str, Any], name: str, known: list[str], usual: str | None) -> str:
    found = node.get(name, usual)
    if found not in known:
        raise TermsNotSound(f"{name} is one of {', '.join(known)}.")
    return str(found)


def _flag(node: Mapping[str, Any], name: str, usual: object) -> bool:
    found = node.get(name, usual)
    if not isinstance(found, bool):
        raise TermsNotSound(f"{name} is true or false.")
    return found


def _days(node: Mapping[str, Any]) -> int:
    found = node.get("cut_off_days", 3)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= _MOST_DAYS:
        raise TermsNotSound(f"cut_off_days is a whole number from 0 to {_MOST_DAYS}.")
    return found


def _percent(node: Mapping[str, Any], name: str) -> Decimal:
    try:
        found = Decimal(str(node.get(name) or "0"))
        exact = found == found.quantize(Decimal("0.0001"))
    except InvalidOperation as error:
        raise TermsNotSound(f"{name} is no number.") from error
    if not exact or not 0 <= found <= _HUNDRED:
        raise TermsNotSound(f"{name} lies between 0 and 100, with at most four decimals.")
    return found


def _currency(node: Mapping[str, Any], name: str) -> str:
    code = _text(node, name, 8)
    if code and not Currency.objects.filter(pk=code).exists():
        raise TermsNotSound(f"{name}: there is no currency {code}.")
    return code


def _units(node: Mapping[str, Any], name: str, currency: str) -> int:
    text = str(node.get(name) or "0")
    if not currency:
        if text != "0":
            raise TermsNotSound(f"{name}: an amount needs a currency.")
        return 0
    try:
        units = Money.parse(text, currency).units
    except MoneyError as error:
        raise TermsNotSound(f"{name}: {error}") from error
    if units < 0:
        raise TermsNotSound(f"{name} is below zero.")
    return units
