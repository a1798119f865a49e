"""Reading the terms with providers: which version is in force, what a payment costs, when it is settled."""

from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q

from apps.core.money import Money
from apps.payments.models import ContractFee, PspContract, SettlementTerm

_SATURDAY = 5


def contract_of(integration_id: int, *, now: datetime) -> PspContract | None:
    """Return the version in force: the one that began last, unless it has run out; None where none was entered."""
    begun = PspContract.objects.filter(integration_id=integration_id, valid_from__lte=now)
    found = begun.order_by("-valid_from").first()
    return found if found is None or found.valid_to is None or found.valid_to > now else None


def covers(contract: PspContract, *, method: str, currency: str, country: str) -> bool:
    """Whether a contract is about such a payment; an empty list means everything."""
    asked = ((contract.methods, method), (contract.currencies, currency), (contract.countries, country))
    return all(not listed or value in listed for listed, value in asked)


def fee_of(contract: PspContract | None, kind: str, *, method: str, money: Money) -> int | None:
    """
    Return what a payment costs by contract, in ledger units, rounded half up; None where nothing was agreed.

    :param kind: a `ContractFee.Kind`; a line for the method goes before one for any other
    """
    if contract is None:
        return None
    lines = contract.fees.filter(Q(method_id=method) | Q(method=None), kind=kind, currency=money.currency)
    line = min(lines, key=lambda each: each.method_id is None, default=None)
    return None if line is None else line.fixed_units + share(money.units, line.percent, rounding=ROUND_HALF_UP)


def share(units: int, percent: Decimal, *, rounding: str = ROUND_FLOOR) -> int:
    """So many per cent of an amount in ledger units, as a whole number of units."""
    return int((Decimal(units) * percent / 100).quantize(Decimal(1), rounding=rounding))


def chargeback_fee(contract: PspContract | None, *, method: str, money: Money) -> int:
    """What a chargeback costs by contract, beside the money itself."""
    return fee_of(contract, ContractFee.Kind.CHARGEBACK, method=method, money=money) or 0


def settlement_term(contract: PspContract | None, currency: str) -> SettlementTerm | None:
    """Return the terms of settlement in a currency."""
    return contract.settlement_terms.filter(currency=currency).first() if contract is not None else None


def expected_settlement(term: SettlementTerm, at: datetime) -> date:
    """
    Return the local day on which the provider pays out what came at `at`.

    What comes after the cut-off, or on a day that does not count, belongs to the next day that counts.
    """
    local = at.astimezone(ZoneInfo(term.timezone))
    day = local.date() if local.time() < term.cut_off else local.date() + timedelta(days=1)
    day = _on_or_after(day, term.calendar)
    for _ in range(term.lag_days):
        day = _on_or_after(day + timedelta(days=1), term.calendar)
    return day


def _on_or_after(day: date, calendar: str) -> date:
    while not counts(day, calendar):
        day += timedelta(days=1)
    return day


def counts(day: date, calendar: str) -> bool:
    """Whether a calendar counts a day."""
    if calendar == SettlementTerm.Calendar.EVERY_DAY:
        return True
    if day.weekday() >= _SATURDAY:
        return False
    return calendar != SettlementTerm.Calendar.TARGET or day not in target_holidays(day.year)


def target_holidays(year: int) -> frozenset[date]:
    """The closing days of TARGET besides weekends: New Year, Good Friday, Easter Monday, 1 May, 25 and 26 December."""
    easter = _easter(year)
    return frozenset(
        {
            date(year, 1, 1),
            easter - timedelta(days=2),
            easter + timedelta(days=1),
            date(year, 5, 1),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


def _easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar, by the anonymous algorithm of 1876."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    leap_centuries, century_rest = divmod(century, 4)
    moon = (19 * golden + century - leap_centuries - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    leap_years, year_rest = divmod(of_century, 4)
    weekday = (32 + 2 * century_rest + 2 * leap_years - moon - year_rest) % 7
    correction = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)
