"""Files of providers and banks: what came, what was read, what could not be; and the column mappings of their CSV."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin_actions import ActionForm, ReasonForm, staff_action, staff_of
from apps.core.admin_display import amount_text, pill
from apps.core.clock import now
from apps.integrations.models import Integration
from apps.reconciliation.base_page import ReconciliationPage, first_error, integrations_of, level
from apps.reconciliation.models import ColumnMapping, Import
from apps.reconciliation.models.files import ImportFormat
from apps.reconciliation.operations import imports
from apps.reconciliation.progress import progress_of

_ISSUES_SHOWN = 500


class UploadForm(forms.Form):
    """One file and what it is."""

    file = forms.FileField(label="File")
    file_format = forms.ChoiceField(label="Format", choices=ImportFormat.choices)
    integration = forms.ModelChoiceField(label="Of", queryset=Integration.objects.none())
    mapping = forms.ModelChoiceField(label="Column mapping", queryset=ColumnMapping.objects.none(), required=False)
    business_date = forms.DateField(
        label="Counts from",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: the day of its last line",
    )

    def __init__(self, integrations: QuerySet[Integration], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["integration"].queryset = integrations  # type: ignore[attr-defined]
        self.fields["mapping"].queryset = ColumnMapping.objects.filter(integration__in=integrations)  # type: ignore[attr-defined]


@admin.register(Import)
class ImportAdmin(ReconciliationPage):
    """Files of providers and banks: what came, what was read, what could not be."""

    brand_code_lookup = "integration__brand_code"
    staff_actions = ("read_again", "discard")
    change_list_template = "staff/reconciliation/imports.html"
    change_form_template = "staff/reconciliation/import.html"
    list_display = ("received_at", "file", "format", "integration", "state_shown", "rows", "business_date", "error")
    list_display_links = ("received_at",)
    list_filter = ("state", "format", "integration")
    list_select_related = ("file", "integration")
    fields = ()
    empty_hint = "No file has come in yet. Drop one into the field above, or configure a feed of the provider."
    list_form_permission = imports.UPLOAD_PERMISSION

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        """With the names, in one query."""
        rows: QuerySet[Import] = super().get_queryset(request)
        return rows.select_related("file", "integration", "mapping", "uploaded_by", "discarded_by")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the form to upload."""
        form = UploadForm(self._choices(request)) if request.user.has_perm(imports.UPLOAD_PERMISSION) else None
        return super().changelist_view(request, dict[str, Any](extra_context or {}) | {"upload_form": form})

    def list_form(self, request: HttpRequest) -> str:
        """Take a file in."""
        form = UploadForm(self._choices(request), request.POST, request.FILES)
        if not form.is_valid():
            raise imports.ImportNotSound(first_error(form))
        data = form.cleaned_data
        imports.receive_file(
            name=data["file"].name,
            content=data["file"],
            media_type=data["file"].content_type or "",
            file_format=data["file_format"],
            integration=data["integration"],
            mapping=data["mapping"],
            business_date=data["business_date"],
            actor=staff_of(request),
            now=now(),
        )
        return f"“{data['file'].name}” is being read."

    def _choices(self, request: HttpRequest) -> QuerySet[Integration]:
        return integrations_of(request, Integration.Kind.PAYMENTS, Integration.Kind.GAMES)

    def page_context(self, request: HttpRequest, obj: Import) -> dict[str, Any]:
        """What came of it; errors by line."""
        return {
            "imported": obj,
            "state": self.state_shown(obj),
            "issues": list(obj.issues.all()[:_ISSUES_SHOWN]),
            "progress": progress_of(f"import-{obj.pk}") if obj.state in ("received", "reading") else None,
            "batches": [
                {
                    "batch": each,
                    "bank": amount_text(each.bank, each.currency),
                    "fees": amount_text(each.fees, each.currency),
                    "off": amount_text(each.net - each.net_expected, each.currency)
                    if each.net != each.net_expected
                    else "",
                }
                for each in obj.batches.all()[:50]
            ],
        }

    @admin.display(description="state")
    def state_shown(self, imported: Import) -> str:
        """Where it stands."""
        return pill(imported.state, Import.State(imported.state).label, level(imported.state))

    @staff_action(
        title="Read again",
        permission=imports.UPLOAD_PERMISSION,
        form=ActionForm,
        description="After its column mapping was put right.",
        icon="refresh",
        applies=lambda imported: imported.state == "failed",
    )
    def read_again(self, request: HttpRequest, obj: Import, data: dict[str, Any]) -> str:
        """Queue it once more."""
        imports.read_again(import_id=obj.pk, actor=staff_of(request))
        return "It is being read again."

    @staff_action(
        title="Discard",
        permission=imports.DISCARD_PERMISSION,
        form=ReasonForm,
        description="Its rows stop counting, and its days are compared again. For a file that a new one replaces.",
        danger=True,
        icon="delete_sweep",
        applies=lambda imported: imported.state == "loaded",
    )
    def discard(self, request: HttpRequest, obj: Import, data: dict[str, Any]) -> str:
        """Let it count no more."""
        imports.discard_import(import_id=obj.pk, reason=data["reason"], actor=staff_of(request), now=now())
        return "Discarded; the days it concerned are compared again."


@admin.register(ColumnMapping)
class ColumnMappingAdmin(ReconciliationPage):
    """Which column of a provider's own CSV means what."""

    brand_code_lookup = "integration__brand_code"
    list_display = ("integration", "name", "delimiter", "time_zone")
    list_select_related = ("integration",)
    fields = ("integration", "name", ("delimiter", "time_zone"), "columns", "types")
    empty_hint = "None: needed only for providers whose files are neither Adyen's nor Trustly's."

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever uploads files."""
        return request.user.has_perm(imports.UPLOAD_PERMISSION)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Likewise."""
        return request.user.has_perm(imports.UPLOAD_PERMISSION)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Payment providers of the person's brands."""
        kwargs["queryset"] = integrations_of(request, Integration.Kind.PAYMENTS)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
