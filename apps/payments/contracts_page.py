"""The terms with providers, version by version. They are read here; new ones go through two people."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.compliance.asking import ask_colleague
from apps.core.admin_actions import ActionForm, reason_field, staff_action
from apps.core.admin_display import NOTHING, amount_text, pill
from apps.core.clock import now
from apps.payments.base_page import PaymentPage
from apps.payments.commands import ADD_CONTRACT
from apps.payments.contracts import expected_settlement
from apps.payments.models import PspContract
from apps.payments.operations.contract_versions import PROPOSE_PERMISSION, TermsNotSound, read_terms, terms_of


class ProposeForm(ActionForm):
    """Asks for the terms of the next version: those of this one to begin with."""

    valid_from = forms.DateTimeField(
        label="In force from (UTC)",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "2027-01-01 00:00"}),
    )
    terms = forms.JSONField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 24, "spellcheck": "false", "class": "mono"}),
        help_text="As JSON: amounts and shares are decimal texts. What is not named is left out of the new terms.",
    )
    reason = reason_field(300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, PspContract):
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


@admin.register(PspContract)
class PspContractAdmin(PaymentPage):
    """One version of the terms with a provider."""

    brand_code_lookup = "integration__brand_code"
    big_table = False
    staff_actions = ("propose",)
    change_form_template = "staff/payments/contract.html"
    list_display = (
        "integration",
        "version_shown",
        "valid_from",
        "in_force",
        "merchant_of_record",
        "liability",
        "reserve",
    )
    list_display_links = ("integration", "version_shown")
    list_filter = ("integration", "liability")
    fields = ()
    empty_hint = "No terms were entered: payments run, but fees, settlement and reserves are not known."

    def get_queryset(self, request: HttpRequest) -> QuerySet[PspContract]:
        """With the provider and the next version, in one query; the reserve in one more."""
        rows: QuerySet[PspContract] = super().get_queryset(request)
        newer = PspContract.objects.filter(integration=OuterRef("integration"), valid_from__gt=OuterRef("valid_from"))
        return (
            rows.select_related("integration", "added_by", "approved_by")
            .prefetch_related("reserve_terms")
            .annotate(replaced_at=Subquery(newer.order_by("valid_from").values("valid_from")[:1]))
        )

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Provider by provider, newest first."""
        return ("integration__slug", "-valid_from")

    def page_context(self, request: HttpRequest, obj: PspContract) -> dict[str, Any]:
        """The terms in words, with what they mean today."""
        at = now()
        return {
            "contract": obj,
            "state": self.in_force(obj),
            "settlement": [(each, expected_settlement(each, at)) for each in obj.settlement_terms.all()],
            "reserve": list(obj.reserve_terms.all()),
            "fees": list(obj.fees.select_related("method")),
            "versions": list(
                PspContract.objects.filter(integration_id=obj.integration_id).order_by("-valid_from").exclude(pk=obj.pk)
            ),
        }

    @admin.display(description="version")
    def version_shown(self, contract: PspContract) -> str:
        """Its number."""
        return f"version {contract.version}"

    @admin.display(description="in force")
    def in_force(self, contract: PspContract) -> str:
        """Whether payments run under it now."""
        at = now()
        if contract.valid_from > at:
            return pill("later", "from then on", "info")
        if contract.valid_to is not None and contract.valid_to <= at:
            return pill("over", "ran out", "bad")
        replaced_at = getattr(contract, "replaced_at", None)
        is_replaced = replaced_at is not None and replaced_at <= at
        return pill("replaced", "replaced") if is_replaced else pill("active", "in force", "good")

    @admin.display(description="reserve")
    def reserve(self, contract: PspContract) -> str:
        """What it keeps back."""
        terms = [
            f"{each.currency} {each.percent.normalize():f} % {each.days} d"
            + (f", at most {amount_text(each.cap_units, each.currency)}" if each.cap_units else "")
            for each in contract.reserve_terms.all()
        ]
        return "; ".join(terms) or NOTHING

    @staff_action(
        title="Propose new terms",
        permission=PROPOSE_PERMISSION,
        form=ProposeForm,
        description="A colleague has to approve them. Payments begun before keep the terms they ran under.",
        icon="edit_document",
    )
    def propose(self, request: HttpRequest, obj: PspContract, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        payload = {
            "integration": obj.integration_id,
            "terms": data["terms"],
            "valid_from": data["valid_from"].isoformat(),
            "valid_to": None,
        }
        return ask_colleague(request, ADD_CONTRACT, payload, reason=data["reason"])
