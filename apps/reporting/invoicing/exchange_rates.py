"""Exchange rates of a month, as staff state them with their source. Nothing is fetched, guessed or averaged."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import Currency
from apps.reporting.invoicing.access import RATE_PERMISSION, InvoiceNotSound
from apps.reporting.invoicing.reckoning import Figures
from apps.reporting.invoicing.terms import Terms
from apps.reporting.models import MonthRate

_SHORTEST_SOURCE = 5


@transaction.atomic
def state_rate(
    *, month: date, base: str, quote: str, rate: Decimal, source: str, actor: User | None, now: datetime
) -> MonthRate:
    """
    State what one unit of a currency was worth in a month; a later statement counts instead of an earlier one.

    :param actor: None only for the platform's own set-up
    :raises PermissionDenied: if the actor may not
    :raises InvoiceNotSound: if a currency is unknown, the rate not above zero, or no source is named
    """
    if actor is not None and not actor.has_perm(RATE_PERMISSION):
        raise PermissionDenied
    if base == quote or Currency.objects.filter(pk__in=(base, quote)).count() != 2:  # noqa: PLR2004 - the two
        raise InvoiceNotSound("Two currencies of the installation are needed.")
    if rate <= 0 or month.day != 1 or len(source.strip()) < _SHORTEST_SOURCE:
        raise InvoiceNotSound("A rate is above zero, of the first day of a month, and names where it was published.")
    return MonthRate.objects.create(
        month=month, base=base, quote=quote, rate=rate, source=source.strip()[:200], entered_by=actor, entered_at=now
    )


def rates_for(
    month: date, terms: Terms, figures: Iterable[Figures], *, kept: Mapping[str, str] | None = None
) -> dict[str, Fraction]:
    """
    What the currencies of the figures were worth in the invoice's; those that nobody stated are left out.

    :param kept: rates of an earlier look, which stay
    """
    if not terms.invoice_currency:
        return {}
    found = {code: Fraction(text) for code, text in (kept or {}).items()}
    wanted = {each.currency for each in figures} - {terms.invoice_currency, *found}
    rows = MonthRate.objects.filter(month=month, quote=terms.invoice_currency, base__in=wanted).order_by("id")
    return found | {row.base: Fraction(row.rate) for row in rows}
