"""The terms with game providers, version by version, and the rates of months. New terms go through two people."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.brands.models import Currency
from apps.compliance.asking import ask_colleague
from apps.core.admin_actions import staff_action, staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import amount_text
from apps.core.clock import now
from apps.integrations.contracts.page import ContractPage, TermsForm, payload_of
from apps.integrations.contracts.reading import TermsNotSound
from apps.integrations.models import Integration
from apps.reconciliation.base_page import ReconciliationPage, first_error
from apps.reporting.day_field import day_field
from apps.reporting.invoicing.access import RATE_PERMISSION, InvoiceNotSound
from apps.reporting.invoicing.contract_versions import PROPOSE_PERMISSION, PROVIDER_CONTRACTS, current_month
from apps.reporting.invoicing.exchange_rates import state_rate
from apps.reporting.invoicing.months import first_of_month
from apps.reporting.models import MonthRate, ProviderContract, ProviderRate

FIRST_TERMS: dict[str, Any] = {
    "supplier": "",
    "basis": "ggr",
    "tier_mode": "marginal",
    "timezone": "Europe/Malta",
    "invoice_currency": "",
    "rates": [{"studio": "", "category": "", "currency": "", "from": "0", "percent": "10"}],
}
"""What the first terms with a provider begin with."""


class ProposeForm(TermsForm):
    """New terms with a game provider."""

    kind = PROVIDER_CONTRACTS

    valid_from = day_field(
        "In force from",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "2027-01-01", "type": "date"}),
        help_text="The first day of a month that has not been invoiced.",
    )


class FirstForm(ProposeForm):
    """Asks for the first terms with a provider that has none."""

    integration = forms.ModelChoiceField(label="With", queryset=Integration.objects.none())

    field_order = ("integration", "valid_from", "terms", "reason")

    def __init__(self, integrations: QuerySet[Integration], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["integration"].queryset = integrations  # type: ignore[attr-defined]
        self.initial["terms"] = FIRST_TERMS


@admin.register(ProviderContract)
class ProviderContractAdmin(ContractPage, ReconciliationPage):  # type: ignore[misc] # Unfold's bases disagree among themselves
    """One version of the terms with a game provider."""

    change_list_template = "staff/reporting/contracts.html"
    change_form_template = "staff/reporting/contract.html"
    list_display = ("integration", "version_shown", "supplier", "valid_from", "in_force", "basis", "rates_shown")
    list_filter = ("integration", "basis")
    empty_hint = "No terms were entered: what providers are owed is not known. Propose the first ones above."
    list_form_permission = PROPOSE_PERMISSION

    def moment_of(self, contract: ProviderContract) -> date:
        """The month that runs."""
        return current_month(contract, now())

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderContract]:
        """The rates in two queries more."""
        return super().get_queryset(request).prefetch_related("rates__studio")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the form for providers without terms."""
        waiting = self._without_terms(request)
        form = FirstForm(waiting) if request.user.has_perm(PROPOSE_PERMISSION) and waiting.exists() else None
        return super().changelist_view(request, dict[str, Any](extra_context or {}) | {"first_form": form})

    def list_form(self, request: HttpRequest) -> str:
        """Ask a colleague for the first terms with a provider."""
        form = FirstForm(self._without_terms(request), request.POST)
        if not form.is_valid():
            raise TermsNotSound(first_error(form))
        return _ask(request, form.cleaned_data["integration"].pk, form.cleaned_data)

    def _without_terms(self, request: HttpRequest) -> QuerySet[Integration]:
        rows = Integration.objects.filter(kind=Integration.Kind.GAMES, provider_contracts=None).order_by("slug")
        scope = brand_scope(request.user)
        return rows if scope is None else rows.filter(brand_code__in=scope.codes)

    def page_context(self, request: HttpRequest, obj: ProviderContract) -> dict[str, Any]:
        """The terms in words."""
        return {
            **super().page_context(request, obj),
            "rates": [
                (scope_words(rate), from_words(rate, obj), percent_words(rate.percent)) for rate in obj.rates.all()
            ],
            "percents": {name: percent_words(getattr(obj, f"{name}_percent")) for name in ("bonus", "jackpot", "vat")},
        }

    @admin.display(description="rates")
    def rates_shown(self, contract: ProviderContract) -> str:
        """All of them, short; of several tiers from which amount on each counts."""
        rates = contract.rates.all()
        return "; ".join(f"{scope_words(each)} {percent_words(each.percent)}{_tier(each, contract)}" for each in rates)

    @staff_action(
        title="Propose new terms",
        permission=PROPOSE_PERMISSION,
        form=ProposeForm,
        description="A colleague has to approve them. Months that were invoiced keep the terms they ran under.",
        icon="edit_document",
    )
    def propose(self, request: HttpRequest, obj: ProviderContract, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        return _ask(request, obj.integration_id, data)


def _ask(request: HttpRequest, integration_id: int, data: dict[str, Any]) -> str:
    payload = payload_of(integration_id, data)
    return ask_colleague(request, PROVIDER_CONTRACTS.command, payload, reason=data["reason"])


def scope_words(rate: ProviderRate) -> str:
    """Of which games a rate is."""
    return rate.studio.name if rate.studio else rate.get_category_display() if rate.category else "All games"


def from_words(rate: ProviderRate, contract: ProviderContract) -> str:
    """From which base on it counts."""
    currency = rate.currency or contract.invoice_currency
    return amount_text(rate.from_units, currency) if currency else "0, any currency"


def _tier(rate: ProviderRate, contract: ProviderContract) -> str:
    return f" from {from_words(rate, contract)} on" if rate.from_units else ""


def percent_words(percent: Any) -> str:
    """A share in per cent, without needless zeros."""
    return f"{percent.normalize():f} %"


class RateForm(forms.Form):
    """Asks for the rate of a month and where it was published."""

    month = day_field("Month (any day of it)")
    base = forms.ModelChoiceField(label="One", queryset=Currency.objects.all())
    rate = forms.DecimalField(label="was worth", max_digits=24, decimal_places=12)
    quote = forms.ModelChoiceField(label="of", queryset=Currency.objects.all())
    source = forms.CharField(label="Published where", min_length=5, max_length=200)


@admin.register(MonthRate)
class MonthRateAdmin(ReconciliationPage):
    """What currencies were worth for the invoices of a month."""

    brand_code_lookup = ""
    change_list_template = "staff/reporting/rates.html"
    list_display = ("month_shown", "base", "quote", "rate_shown", "source", "entered_by", "entered_at")
    list_display_links = None
    list_filter = ("base", "quote")
    list_select_related = ("entered_by",)
    empty_hint = "No rate was stated. Contracts with an invoice currency need one for each other currency and month."
    list_form_permission = RATE_PERMISSION

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the form that states one."""
        form = RateForm() if request.user.has_perm(RATE_PERMISSION) else None
        return super().changelist_view(request, dict[str, Any](extra_context or {}) | {"rate_form": form})

    def list_form(self, request: HttpRequest) -> str:
        """State one."""
        form = RateForm(request.POST)
        if not form.is_valid():
            raise InvoiceNotSound(first_error(form))
        data = form.cleaned_data
        made = state_rate(
            month=first_of_month(data["month"]), base=data["base"].pk, quote=data["quote"].pk, rate=data["rate"],
            source=data["source"], actor=staff_of(request), now=now(),
        )  # fmt: skip
        return f"Stated: {made}."

    @admin.display(description="month")
    def month_shown(self, rate: MonthRate) -> str:
        """By name."""
        return f"{rate.month:%B %Y}"

    @admin.display(description="rate")
    def rate_shown(self, rate: MonthRate) -> str:
        """Without needless zeros."""
        return f"{rate.rate.normalize():f}"
