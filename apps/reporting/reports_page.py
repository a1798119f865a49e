"""Exports of games and providers: the form for GGR and NGR, and all files with their hashes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from apps.core.admin_actions import staff_of
from apps.core.admin_display import NOTHING
from apps.core.clock import now
from apps.reconciliation.base_page import first_error
from apps.reconciliation.export_page import ExportPage
from apps.reporting.day_field import day_field
from apps.reporting.invoicing.months import first_of_month, next_month
from apps.reporting.models import ReportExport, ReportKind
from apps.reporting.report_exports import REQUEST_PERMISSION, ReportNotSound, request_report, require_days


class RevenueForm(forms.Form):
    """Asks for months."""

    since = day_field("From the month of")
    until = day_field("To the month of")
    file_format = forms.ChoiceField(label="As", choices=ReportExport.Format.choices)


@admin.register(ReportExport)
class ReportExportAdmin(ExportPage):
    """Files of games and providers."""

    change_list_template = "staff/reporting/reports.html"
    list_display = ("requested_at", "kind", "about", "format", "state_shown", "rows", "hash_shown", "download")
    empty_hint = "Nothing was exported yet: use the form above, or the buttons of performance, games and invoices."
    list_form_permission = REQUEST_PERMISSION

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the form for GGR and NGR."""
        form = RevenueForm() if request.user.has_perm(REQUEST_PERMISSION) else None
        return super().changelist_view(request, dict[str, Any](extra_context or {}) | {"revenue_form": form})

    def list_form(self, request: HttpRequest) -> str:
        """Queue a report of GGR and NGR."""
        form = RevenueForm(request.POST)
        if not form.is_valid():
            raise ReportNotSound(first_error(form))
        data = form.cleaned_data
        first, after = first_of_month(data["since"]), next_month(first_of_month(data["until"]))
        require_days(first, after)
        terms = {"first": first.isoformat(), "after": after.isoformat()}
        made = request_report(
            kind=ReportKind.REVENUE, file_format=data["file_format"], terms=terms, actor=staff_of(request), now=now()
        )
        return f"Being written: {made}."

    @admin.display(description="about")
    def about(self, export: ReportExport) -> str:
        """Its time or number."""
        terms = export.terms
        since = terms.get("since") or terms.get("first")
        until = terms.get("until") or terms.get("after")
        if since:
            return f"{since} – {until}" if "until" in terms else f"{since[:7]} up to before {until[:7]}"
        return str(terms.get("number") or NOTHING)
