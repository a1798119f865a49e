"""Demo data: contracts with two game providers, and invoices of the months that were played, in several states."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User

from apps.core.money import Money
from apps.integrations.models import Integration
from apps.reporting.following import count_calls, follow_ledger
from apps.reporting.invoicing.agreement import approve_invoice, check_invoice, settle_invoice
from apps.reporting.invoicing.contract_versions import add_contract_version, contract_in_force
from apps.reporting.invoicing.drawing import first_cut_off
from apps.reporting.invoicing.exchange_rates import state_rate
from apps.reporting.invoicing.months import first_of_month, month_before
from apps.reporting.invoicing.schedule import draw_or_refuse
from apps.reporting.invoicing.vendor_figures import Stated, enter_vendor_figures
from apps.reporting.models import Invoice, ProviderContract

_TERMS: dict[str, dict[str, Any]] = {
    "hub88": {
        "supplier": "Hub88 (simulated)",
        "legal_entity": "Aurora Ltd",
        "basis": "ggr",
        "timezone": "Europe/Malta",
        "invoice_currency": "EUR",
        "fixed_currency": "EUR",
        "fixed": "25",
        "carries_negative": True,
        "jackpot_percent": "1",
        "deducts_jackpot": True,
        "vat_note": "reverse charge",
        "rates": [
            {"percent": "12"},
            {"from": "100", "percent": "11"},
            {"from": "1000", "percent": "9.5"},
            {"studio": "copper-fox", "percent": "13.5"},
        ],
    },
    "caleta": {
        "supplier": "Caleta (simulated)",
        "legal_entity": "Aurora Ltd",
        "basis": "ngr",
        "bonus_percent": "100",
        "timezone": "Europe/Malta",
        "fixed_currency": "EUR",
        "minimum": "15",
        "vat_percent": "18",
        "rates": [{"percent": "10"}],
    },
}
_RATES = {"SEK": "0.0874", "GBP": "1.1523", "CAD": "0.6241", "USD": "0.8612"}


def seed_invoices(*, now: datetime) -> None:
    """Enter contracts and rates, once, and draw up what has ended: the first month is paid, the second is a draft."""
    this_month = first_of_month(now.astimezone(UTC).date())
    months = [month_before(month_before(this_month)), month_before(this_month)]
    began = datetime(months[0].year, months[0].month, 1, 8, tzinfo=UTC)
    waiting = [slug for slug in _TERMS if not ProviderContract.objects.filter(integration__slug=slug).exists()]
    if not waiting:
        return
    for month in months:
        for base, rate in _RATES.items():
            state_rate(
                month=month, base=base, quote="EUR", rate=Decimal(rate), source="invented for the demo", actor=None,
                now=began,
            )  # fmt: skip
    follow_ledger()
    count_calls(now.date() - timedelta(days=70))
    for slug in waiting:
        integration = Integration.objects.get(slug=slug)
        add_contract_version(
            integration_id=integration.pk, terms=_TERMS[slug], valid_from=months[0], maker=None, checker=None, now=began
        )
        first = _drawn(integration, months[0], now)
        if first is not None:
            _pay(first)
        second = _drawn(integration, months[1], now)
        if second is not None:
            _compare(second)


def _drawn(integration: Integration, month: date, now: datetime) -> Invoice | None:
    contract = contract_in_force(integration.pk, month)
    cut_off = first_cut_off(contract, month) if contract else now
    # Early in a month the last one is not due yet: the schedule draws it up later.
    return draw_or_refuse(integration, month, actor=None, now=cut_off) if cut_off <= now else None


def _pay(invoice: Invoice) -> None:
    clerk, lead = (User.objects.get(username=name) for name in ("payments", "payments_lead"))
    at = invoice.cut_off + timedelta(hours=10)
    check_invoice(invoice_id=invoice.pk, actor=clerk, now=at)
    approve_invoice(invoice_id=invoice.pk, actor=lead, now=at + timedelta(hours=2))
    settle_invoice(invoice_id=invoice.pk, reference=f"SEPA {invoice.number}", actor=lead, now=at + timedelta(days=6))


def _compare(invoice: Invoice) -> None:
    """The vendor's own invoice has two euro and a half more on its first line."""
    clerk = User.objects.get(username="payments")
    lines = list(invoice.lines.all())
    stated = [Stated(line.key, Money(line.amount_units, line.currency)) for line in lines]
    if stated:
        more = Money.parse("2.50", stated[0].money.currency)
        stated[0] = Stated(stated[0].key, stated[0].money + more)
        at = invoice.cut_off + timedelta(hours=9)
        enter_vendor_figures(invoice_id=invoice.pk, stated=stated, actor=clerk, now=at)
