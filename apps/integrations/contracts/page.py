"""The staff page of contracts with vendors: which version is in force, and the form for the next."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget

from apps.core.admin_actions import ActionForm, reason_field
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import pill
from apps.integrations.contracts.models import VendorContract
from apps.integrations.contracts.reading import TermsNotSound
from apps.integrations.contracts.versions import ContractKind


class TermsForm(ActionForm):
    """Asks for the terms of the next version: those of this one to begin with. Each kind adds its `valid_from`."""

    kind: ClassVar[ContractKind[Any]]

    terms = forms.JSONField(
        label="Terms",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 24, "spellcheck": "false", "class": "mono"}),
        help_text="As JSON: amounts and shares are decimal texts. What is not named is left out of the new terms.",
    )
    reason = reason_field(300)

    field_order: tuple[str, ...] = ("valid_from", "terms", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, self.kind.model):
            self.initial["terms"] = self.kind.write(self.target)

    def clean_terms(self) -> Any:
        """Only what makes sense is asked for."""
        terms = self.cleaned_data["terms"]
        if not isinstance(terms, dict):
            raise forms.ValidationError("The terms are a JSON object.")
        try:
            self.kind.read(terms)
        except TermsNotSound as refusal:
            raise forms.ValidationError(refusal.detail or refusal.title) from refusal
        return terms


class ContractPage(StaffAdmin):
    """One version of the terms with a vendor; mixed into the base page of its app."""

    brand_code_lookup = "integration__brand_code"
    big_table = False
    staff_actions = ("propose",)
    list_display_links = ("integration", "version_shown")
    fields = ()

    def moment_of(self, contract: Any) -> date:
        """What counts as now for a contract: a day or an instant, as it keeps them."""
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the vendor and the next version, in one query."""
        newer = self._versions(OuterRef("integration")).filter(valid_from__gt=OuterRef("valid_from"))
        rows: QuerySet[Any] = super().get_queryset(request)
        rows = rows.select_related("integration", "added_by", "approved_by")
        found: QuerySet[Any] = rows.annotate(
            replaced_from=Subquery(newer.order_by("valid_from").values("valid_from")[:1])
        )
        return found

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:  # noqa: ARG002 - Django's signature
        """Vendor by vendor, newest first."""
        return ("integration__slug", "-valid_from")

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:  # noqa: ARG002 - likewise
        """The version, whether it is in force, and the others."""
        return {
            "contract": obj,
            "state": self.in_force(obj),
            "versions": list(self._versions(obj.integration_id).exclude(pk=obj.pk).order_by("-valid_from")),
        }

    def _versions(self, integration: Any) -> QuerySet[Any]:
        contracts: Any = self.model._default_manager  # noqa: SLF001 - any contract's
        found: QuerySet[Any] = contracts.filter(integration=integration)
        return found

    @admin.display(description="version")
    def version_shown(self, contract: VendorContract) -> str:
        """Its number."""
        return f"version {contract.version}"

    @admin.display(description="in force")
    def in_force(self, contract: VendorContract) -> str:
        """Whether it counts now."""
        at = self.moment_of(contract)
        if contract.valid_from > at:
            return pill("later", "from then on", "info")
        if contract.valid_to is not None and contract.valid_to <= at:
            return pill("over", "ran out", "bad")
        replaced_from = getattr(contract, "replaced_from", None)
        is_replaced = replaced_from is not None and replaced_from <= at
        return pill("replaced", "replaced") if is_replaced else pill("active", "in force", "good")


def payload_of(integration_id: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a colleague is asked to agree to, from what a `TermsForm` gave."""
    return {
        "integration": integration_id,
        "terms": data["terms"],
        "valid_from": data["valid_from"].isoformat(),
        "valid_to": None,
    }
