"""Corrections: what rounds of invoiced months have brought since, reckoned anew under the terms of then."""

from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from apps.integrations.models import Integration
from apps.reporting.invoicing.exchange_rates import rates_for
from apps.reporting.invoicing.figures import figures_of
from apps.reporting.invoicing.reckoning import Line, Reckoned, reckon
from apps.reporting.invoicing.terms import Terms
from apps.reporting.models import Invoice, InvoiceLine

MONTHS_LOOKED_BACK = 24
_OWN_KINDS = (InvoiceLine.Kind.SHARE, InvoiceLine.Kind.JACKPOT, InvoiceLine.Kind.MINIMUM, InvoiceLine.Kind.FIXED)


@dataclass(slots=True)
class Corrections:
    """Lines that correct earlier invoices, and the bases below zero that their last month hands on."""

    lines: list[tuple[Invoice, Line]] = field(default_factory=list)
    carried_out: dict[str, Fraction] = field(default_factory=dict)


def corrections(integration: Integration, *, before: date, cut_off: datetime) -> Corrections:
    """
    Reckon earlier months anew as known at the cut-off, and state what they come to more or less than was invoiced.

    :param before: only invoices of months before this one, and corrections that these made
    :raises NoRate: if a late round was played in a currency without a rate
    """
    found = Corrections()
    earlier = Invoice.objects.filter(integration=integration, month__lt=before).exclude(state=Invoice.State.WITHDRAWN)
    recent = list(earlier.order_by("-month").prefetch_related("lines")[:MONTHS_LOOKED_BACK])[::-1]
    corrected = _corrected_before(recent, before)
    carried: dict[str, Fraction] | None = None
    for invoice in recent:
        reckoned = _anew(invoice, integration, cut_off, carried)
        carried = reckoned.carried_out
        stated = _stated(invoice, corrected)
        anew = reckoned.nets()
        for currency in sorted({*stated, *anew}):
            difference = anew.get(currency, 0) - stated.get(currency, 0)
            if difference:
                found.lines.append((invoice, _line(invoice, currency, difference, reckoned, stated)))
    found.carried_out = carried or {}
    return found


def carried_of(document: dict[str, Any], name: str) -> dict[str, Fraction]:
    """Bases below zero as a document has them."""
    return {key: Fraction(amount) for key, amount in document[name].items()}


def _anew(
    invoice: Invoice, integration: Integration, cut_off: datetime, carried: dict[str, Fraction] | None
) -> Reckoned:
    document = invoice.document
    terms = Terms.from_document(document["terms"])
    figures = figures_of(
        integration,
        starts_at=invoice.starts_at,
        ends_at=invoice.ends_at,
        cut_off=cut_off,
        known=document["figures"],
    )
    rates = rates_for(invoice.month, terms, figures, kept=document["rates"])
    carried_in = carried_of(document, "carried_in") if carried is None else carried
    return reckon(terms, figures, carried_in=carried_in, rates=rates)


def _stated(invoice: Invoice, corrected: dict[tuple[int, str], int]) -> dict[str, int]:
    """What the invoice and the corrections of it came to so far, by currency."""
    sums: dict[str, int] = {}
    for line in invoice.lines.all():
        if line.kind in _OWN_KINDS:
            sums[line.currency] = sums.get(line.currency, 0) + line.amount_units
    for (invoice_id, currency), units in corrected.items():
        if invoice_id == invoice.pk:
            sums[currency] = sums.get(currency, 0) + units
    return sums


def _corrected_before(invoices: list[Invoice], before: date) -> dict[tuple[int, str], int]:
    sums: dict[tuple[int, str], int] = {}
    rows = InvoiceLine.objects.filter(corrects__in=invoices, invoice__month__lt=before)
    for line in rows.exclude(invoice__state=Invoice.State.WITHDRAWN):
        key = (line.corrects_id or 0, line.currency)
        sums[key] = sums.get(key, 0) + line.amount_units
    return sums


def _line(invoice: Invoice, currency: str, difference: int, reckoned: Reckoned, stated: dict[str, int]) -> Line:
    was = {line.key: line.amount_units for line in invoice.lines.all() if line.kind in _OWN_KINDS}
    anew = {line.key: line.units for line in reckoned.lines}
    changed = {
        key: [was.get(key, 0), anew.get(key, 0)] for key in sorted({*was, *anew}) if was.get(key, 0) != anew.get(key, 0)
    }
    words = f"Correction of {invoice.number}: rounds of {invoice.month:%B %Y} that came or changed after its cut-off"
    reckoning = {
        "invoice": invoice.number,
        "stated": stated.get(currency, 0),
        "anew": stated.get(currency, 0) + difference,
        "lines": changed,
    }
    return Line(f"true-up/{invoice.number}/{currency}", "true_up", words, currency, difference, reckoning)
