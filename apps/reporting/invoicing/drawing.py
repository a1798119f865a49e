"""Drawing up a provider's invoice: figures as of the cut-off, proven, reckoned, corrected, written down and hashed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from apps.integrations.models import Integration
from apps.reporting.invoicing.access import DRAW_PERMISSION, AlreadyDrawn, InvoiceUnknown, UnableToDraw, require
from apps.reporting.invoicing.contract_versions import bounds_in, contract_in_force, month_after, values_of
from apps.reporting.invoicing.exchange_rates import rates_for
from apps.reporting.invoicing.figures import bring_up_to_date, figures_of, prove
from apps.reporting.invoicing.reckoning import Figures, Line, reckon, vat_lines
from apps.reporting.invoicing.terms import Terms
from apps.reporting.invoicing.true_up import carried_of, corrections
from apps.reporting.models import Invoice, InvoiceLine, InvoiceRefusal, ProviderContract

ROUNDING = "Each line is rounded once, half to even, at the decimals of its currency."


def draw_invoice(
    *, integration_id: int, month: date, actor: User | None, now: datetime, cut_off: datetime | None = None
) -> Invoice:
    """
    Draw up the invoice of a month that has ended, as far as it was known at the cut-off.

    :param month: its first day, in the contract's zone
    :param cut_off: midnight (UTC) after the month; the last one there was, unless given
    :param actor: None: the schedule
    :raises PermissionDenied: if the actor may not
    :raises InvoiceUnknown: if there is no such integration at a brand that the actor serves
    :raises UnableToDraw: without a contract, out of order, too early, or while the ledger says something else
    :raises NoRate: if a rate is missing
    """
    integration = Integration.objects.filter(pk=integration_id, kind=Integration.Kind.GAMES).first()
    if integration is None:
        raise InvoiceUnknown
    if actor is not None:
        require(actor, DRAW_PERMISSION, integration)
    bring_up_to_date()
    return _draw(integration, month, cut_off or last_midnight(now), actor, now)


def last_midnight(now: datetime) -> datetime:
    """The beginning of the day, UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def first_cut_off(contract: ProviderContract, month: date) -> datetime:
    """The midnight (UTC) at which a month is drawn up by schedule."""
    _, ends_at = bounds_in(contract, month)
    after = ends_at + timedelta(days=contract.cut_off_days)
    midnight = last_midnight(after)
    return midnight if midnight == after else midnight + timedelta(days=1)


def reproduced(invoice: Invoice) -> dict[str, Any]:
    """Reckon an invoice anew from the projections, as of its cut-off: the same document, unless something changed."""
    document = invoice.document
    terms = Terms.from_document(document["terms"])
    figures = figures_of(
        invoice.integration, starts_at=invoice.starts_at, ends_at=invoice.ends_at, cut_off=invoice.cut_off,
        known=document["figures"],
    )  # fmt: skip
    rates = {code: Fraction(text) for code, text in document["rates"].items()}
    found = corrections(invoice.integration, before=invoice.month, cut_off=invoice.cut_off)
    reckoned = reckon(terms, figures, carried_in=carried_of(document, "carried_in"), rates=rates)
    lines = [*reckoned.lines, *(line for _, line in found.lines)]
    lines += vat_lines(terms, lines)
    return {**document, **_reckoned_part(figures, lines, reckoned.carried_out)}


def hash_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document in its canonical form, in hex."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@transaction.atomic
def _draw(integration: Integration, month: date, cut_off: datetime, actor: User | None, now: datetime) -> Invoice:
    Integration.objects.select_for_update(no_key=True).get(pk=integration.pk)
    contract = contract_in_force(integration.pk, month)
    if contract is None:
        raise UnableToDraw(f"There is no contract with {integration.slug} for {month:%B %Y}.")
    starts_at, ends_at = bounds_in(contract, month)
    _require_in_time(month, starts_at, ends_at, cut_off, now)
    _require_in_order(integration, month)
    proven = prove(integration, starts_at=starts_at, cut_off=cut_off)
    terms = values_of(contract)
    figures = figures_of(integration, starts_at=starts_at, ends_at=ends_at, cut_off=cut_off)
    found = corrections(integration, before=month, cut_off=cut_off)
    rates = rates_for(month, terms, figures)
    reckoned = reckon(terms, figures, carried_in=found.carried_out, rates=rates)
    corrects = {line.key: invoice for invoice, line in found.lines}
    lines = [*reckoned.lines, *(line for _, line in found.lines)]
    lines += vat_lines(terms, lines)
    number = _number(integration, month)
    document = {
        "number": number,
        "integration": integration.slug,
        "brand": integration.brand_code,
        "supplier": contract.supplier,
        "contract_version": contract.version,
        "month": month.isoformat(),
        "timezone": contract.timezone,
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "cut_off": cut_off.isoformat(),
        "rounding": ROUNDING,
        "terms": terms.as_document(),
        "rates": {code: str(rate) for code, rate in sorted(rates.items())},
        "carried_in": {key: str(units) for key, units in sorted(found.carried_out.items())},
        "proven": proven,
        **_reckoned_part(figures, lines, reckoned.carried_out),
    }
    made = Invoice.objects.create(
        number=number,
        integration=integration,
        contract=contract,
        month=month,
        starts_at=starts_at,
        ends_at=ends_at,
        cut_off=cut_off,
        document=document,
        sha256=hash_of(document),
        drawn_at=now,
        drawn_by=actor,
    )
    _write_lines(made, lines, corrects)
    InvoiceRefusal.objects.filter(integration=integration, month__lte=month).delete()
    return made


def _reckoned_part(
    figures: Sequence[Figures], lines: Sequence[Line], carried_out: Mapping[str, Fraction]
) -> dict[str, Any]:
    return {
        "figures": [each.as_document() for each in figures],
        "carried_out": {key: str(units) for key, units in sorted(carried_out.items())},
        "lines": [
            {"key": line.key, "words": line.words, "currency": line.currency, "units": line.units, **line.reckoning}
            for line in lines
        ],
    }


def _write_lines(invoice: Invoice, lines: Sequence[Line], corrects: Mapping[str, Invoice]) -> None:
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            place=place,
            key=line.key,
            kind=line.kind,
            words=line.words[:300],
            currency=line.currency,
            amount_units=line.units,
            corrects=corrects.get(line.key),
            reckoning=line.reckoning,
        )
        for place, line in enumerate(lines, start=1)
    )


def _require_in_time(month: date, starts_at: datetime, ends_at: datetime, cut_off: datetime, now: datetime) -> None:
    if month.day != 1:
        raise UnableToDraw("A month is named by its first day.")
    if ends_at > cut_off or cut_off > now:
        raise UnableToDraw(
            f"{month:%B %Y} lasts from {starts_at:%Y-%m-%d %H:%M} to {ends_at:%Y-%m-%d %H:%M} UTC;"
            " it is drawn up as of a midnight (UTC) after that."
        )
    if cut_off != last_midnight(cut_off):
        raise UnableToDraw("The cut-off is a midnight (UTC).")


def _require_in_order(integration: Integration, month: date) -> None:
    """Corrections and bases below zero go from month to month: none may be left out, or drawn up twice."""
    live = Invoice.objects.filter(integration=integration).exclude(state=Invoice.State.WITHDRAWN)
    last = live.order_by("-month").first()
    if last is None or month == month_after(integration.pk, last.month):
        return
    if live.filter(month=month).exists():
        raise AlreadyDrawn(f"{month:%B %Y} has been drawn up already.")
    raise UnableToDraw(f"The next month to be drawn up is {month_after(integration.pk, last.month):%B %Y}.")


def _number(integration: Integration, month: date) -> str:
    earlier = Invoice.objects.filter(integration=integration, month=month).count()
    return f"{integration.slug}-{month:%Y-%m}" + (f"-{earlier + 1}" if earlier else "")
