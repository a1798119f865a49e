"""The terms with game providers, version by version, and the rates of months. New terms go through two people."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.brands.models import Currency
from apps.compliance.asking import ask_colleague
from apps.core.admin_actions import ActionForm, reason_field, staff_action, staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import NOTHING, amount_text, pill
from apps.core.clock import now
from apps.integrations.models import Integration
from apps.reconciliation.base_page import ReconciliationPage, first_error
from apps.reporting.commands import ADD_CONTRACT
from apps.reporting.day_field import day_field
from apps.reporting.invoicing.access import RATE_PERMISSION, InvoiceNotSound
from apps.reporting.invoicing.contract_reading import TermsNotSound, read_terms, terms_of
from apps.reporting.invoicing.contract_versions import PROPOSE_PERMISSION, current_month
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


class ProposeForm(ActionForm):
    """Asks for the terms of the next version: those of this one to begin with."""

    valid_from = day_field(
        "In force from",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "2027-01-01", "type": "date"}),
        help_text="The first day of a month that has not been invoiced.",
    )
    terms = forms.JSONField(
        label="Terms",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 24, "spellcheck": "false", "class": "mono"}),
        help_text="As JSON: amounts and shares are decimal texts. What is not named is left out of the new terms.",
    )
    reason = reason_field(300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, ProviderContract):
            self.initial["terms"] = terms_of(self.target)

    def clean_terms(self) -> Any:
        """Only what makes sense is asked for."""
        terms = self.cleaned_data["terms"]
        if not isinstance(terms, dict):
            raise forms.ValidationError("The terms are a JSON object.")
        try:
            read_terms(terms)
        except TermsNotSound as refusal:
            raise forms.ValidationError(refusal.detail or refusal.title) from refusal
        return terms


class FirstForm(ProposeForm):
    """Asks for the first terms with a provider that has none."""

    integration = forms.ModelChoiceField(label="With", queryset=Integration.objects.none())

    field_order = ("integration", "valid_from", "terms", "reason")

    def __init__(self, integrations: QuerySet[Integration], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["integration"].queryset = integrations  # type: ignore[attr-defined]
        self.initial["terms"] = FIRST_TERMS


@admin.register(ProviderContract)
class ProviderContractAdmin(ReconciliationPage):
    """One version of the terms with a game provider."""

    brand_code_lookup = "integration__brand_code"
    big_table = False
    staff_actions = ("propose",)
    change_list_template = "staff/reporting/contracts.html"
    change_form_template = "staff/reporting/contract.html"
    list_display = ("integration", "version_shown", "supplier", "valid_from", "in_force", "basis", "rates_shown")
    list_display_links = ("integration", "version_shown")
    list_filter = ("integration", "basis")
    fields = ()
    empty_hint = "No terms were entered: what providers are owed is not known. Propose the first ones above."
    list_form_permission = PROPOSE_PERMISSION

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderContract]:
        """With the provider and the next version, in one query; the rates in two more."""
        rows: QuerySet[ProviderContract] = super().get_queryset(request)
        newer = ProviderContract.objects.filter(
            integration=OuterRef("integration"), valid_from__gt=OuterRef("valid_from")
        )
        return (
            rows.select_related("integration", "added_by", "approved_by")
            .prefetch_related("rates__studio")
            .annotate(replaced_on=Subquery(newer.order_by("valid_from").values("valid_from")[:1]))
        )

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Provider by provider, newest first."""
        return ("integration__slug", "-valid_from")

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
        others = ProviderContract.objects.filter(integration_id=obj.integration_id).exclude(pk=obj.pk)
        return {
            "contract": obj,
            "state": self.in_force(obj),
            "rates": [
                (scope_words(rate), from_words(rate, obj), percent_words(rate.percent)) for rate in obj.rates.all()
            ],
            "percents": {name: percent_words(getattr(obj, f"{name}_percent")) for name in ("bonus", "jackpot", "vat")},
            "versions": list(others.order_by("-valid_from")),
        }

    @admin.display(description="version")
    def version_shown(self, contract: ProviderContract) -> str:
        """Its number."""
        return f"version {contract.version}"

    @admin.display(description="in force")
    def in_force(self, contract: ProviderContract) -> str:
        """Whether the running month is reckoned under it."""
        month = current_month(contract, now())
        if contract.valid_from > month:
            return pill("later", "from then on", "info")
        if contract.valid_to is not None and contract.valid_to <= month:
            return pill("over", "ran out", "bad")
        replaced_on = getattr(contract, "replaced_on", None)
        is_replaced = replaced_on is not None and replaced_on <= month
        return pill("replaced", "replaced") if is_replaced else pill("active", "in force", "good")

    @admin.display(description="rates")
    def rates_shown(self, contract: ProviderContract) -> str:
        """All of them, short."""
        return (
            "; ".join(f"{scope_words(rate)} {percent_words(rate.percent)}" for rate in contract.rates.all()) or NOTHING
        )

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
    payload = {
        "integration": integration_id,
        "terms": data["terms"],
        "valid_from": data["valid_from"].isoformat(),
        "valid_to": None,
    }
    return ask_colleague(request, ADD_CONTRACT, payload, reason=data["reason"])


def scope_words(rate: ProviderRate) -> str:
    """Of which games a rate is."""
    return rate.studio.name if rate.studio else rate.get_category_display() if rate.category else "All games"


def from_words(rate: ProviderRate, contract: ProviderContract) -> str:
    """From which base on it counts."""
    currency = rate.currency or contract.invoice_currency
    return amount_text(rate.from_units, currency) if currency else "0, any currency"


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
