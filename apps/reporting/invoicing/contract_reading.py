"""Reading the terms of a provider contract from JSON values, and writing them. What does not make sense is refused."""

from collections.abc import Collection, Mapping
from typing import Any

from apps.brands.models import Currency
from apps.core.money import Money
from apps.integrations.contracts import reading
from apps.integrations.contracts.reading import Node, TermsNotSound
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


def read_terms(terms: Mapping[str, Any]) -> tuple[dict[str, Any], list[ProviderRate]]:
    """
    Read terms from JSON values; the same shape that `terms_of` writes. Amounts and shares are decimal texts.

    :return: fields of a contract, and its rates, not saved yet
    :raises TermsNotSound: with the name of what is wrong
    """
    reading.refuse_unknown(terms, _KNOWN)
    values: dict[str, Any] = {name: reading.text(terms, name, longest) for name, longest in _TEXTS.items()}
    if not values["supplier"]:
        raise TermsNotSound("supplier is missing.")
    values["basis"] = reading.word(terms, "basis", ProviderContract.Basis.values)
    values["tier_mode"] = reading.word(terms, "tier_mode", ProviderContract.TierMode.values, "marginal")
    values["timezone"] = reading.text(terms, "timezone", 40) or "UTC"
    if not counts_half_hours(values["timezone"]):
        raise TermsNotSound("timezone is an IANA zone whose offset is whole or half hours.")
    values["cut_off_days"] = reading.whole_number(terms, "cut_off_days", usual=3, most=_MOST_DAYS)
    values |= {name: reading.flag(terms, name, usual=usual) for name, usual in _FLAGS.items()}
    values |= {name: reading.percent(terms, name) for name in _PERCENTS}
    known = Currency.objects.in_bulk()
    values |= {name: reading.currency(terms, name, known) for name in _CURRENCIES}
    values |= {field: reading.units(terms, name, values["fixed_currency"]) for name, field in _AMOUNTS.items()}
    if values["invoice_currency"] and values["fixed_currency"] not in ("", values["invoice_currency"]):
        raise TermsNotSound("fixed_currency is another than invoice_currency.")
    return values, _rates(terms, values["invoice_currency"], known)


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


def _rates(terms: Node, invoice_currency: str, known: Collection[str]) -> list[ProviderRate]:
    rows = reading.rows(terms, "rates")
    if not rows:
        raise TermsNotSound("rates is a list of one or more objects.")
    studios = {each.code: each for each in Studio.objects.all()}
    found, seen = [], set()
    for row in rows:
        rate = _rate(row, studios, invoice_currency, known)
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


def _rate(row: Node, studios: Mapping[str, Studio], invoice_currency: str, known: Collection[str]) -> ProviderRate:
    reading.refuse_unknown(row, _KNOWN_RATE)
    studio, category = reading.text(row, "studio", 60), reading.text(row, "category", 16)
    if studio and studio not in studios:
        raise TermsNotSound(f"rates: there is no studio {studio}.")
    if category and (category not in Game.Category.values or studio):
        raise TermsNotSound(f"rates: there is no category {category}, or a studio is named too.")
    currency = reading.currency(row, "currency", known)
    if invoice_currency and currency not in ("", invoice_currency):
        raise TermsNotSound("rates: currency is another than invoice_currency.")
    if not currency and not invoice_currency and str(row.get("from") or "0") != "0":
        raise TermsNotSound("rates: an amount from which a rate counts needs a currency.")
    return ProviderRate(
        studio=studios.get(studio),
        category=category,
        currency=currency,
        from_units=reading.units(row, "from", currency or invoice_currency),
        percent=reading.percent(row, "percent"),
    )
