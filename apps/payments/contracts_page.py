"""The terms with providers, version by version. They are read here; new ones go through two people."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.compliance.asking import ask_colleague
from apps.core.admin_actions import staff_action
from apps.core.admin_display import NOTHING, amount_text
from apps.core.clock import now
from apps.integrations.contracts.page import ContractPage, TermsForm, payload_of
from apps.payments.base_page import PaymentPage
from apps.payments.contracts import expected_settlement
from apps.payments.models import PspContract
from apps.payments.operations.contract_versions import PROPOSE_PERMISSION, PSP_CONTRACTS


class ProposeForm(TermsForm):
    """New terms with a payment provider."""

    kind = PSP_CONTRACTS

    valid_from = forms.DateTimeField(
        label="In force from (UTC)",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "2027-01-01 00:00"}),
    )


@admin.register(PspContract)
class PspContractAdmin(ContractPage, PaymentPage):  # type: ignore[misc] # Unfold's bases disagree among themselves
    """One version of the terms with a payment provider."""

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
    list_filter = ("integration", "liability")
    empty_hint = "No terms were entered: payments run, but fees, settlement and reserves are not known."

    def moment_of(self, contract: PspContract) -> datetime:
        """Now."""
        return now()

    def get_queryset(self, request: HttpRequest) -> QuerySet[PspContract]:
        """The reserve in one query more."""
        return super().get_queryset(request).prefetch_related("reserve_terms")

    def page_context(self, request: HttpRequest, obj: PspContract) -> dict[str, Any]:
        """The terms in words, with what they mean today."""
        at = now()
        return {
            **super().page_context(request, obj),
            "settlement": [(each, expected_settlement(each, at)) for each in obj.settlement_terms.all()],
            "reserve": list(obj.reserve_terms.all()),
            "fees": list(obj.fees.select_related("method")),
        }

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
        payload = payload_of(obj.integration_id, data)
        return ask_colleague(request, PSP_CONTRACTS.command, payload, reason=data["reason"])
