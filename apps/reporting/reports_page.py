"""Exports of games and providers: the form for GGR and NGR, and all files with their hashes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from apps.core.admin_actions import staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import NOTHING, pill
from apps.core.clock import now
from apps.reconciliation.base_page import ReconciliationPage, first_error, level
from apps.reconciliation.files import chunks_of
from apps.reconciliation.progress import progress_of
from apps.reporting.day_field import day_field
from apps.reporting.invoicing.months import first_of_month, next_month
from apps.reporting.models import ReportExport, ReportKind
from apps.reporting.report_exports import (
    REQUEST_PERMISSION,
    ReportNotSound,
    progress_key,
    request_report,
    require_days,
)


class RevenueForm(forms.Form):
    """Asks for months."""

    since = day_field("From the month of")
    until = day_field("To the month of")
    file_format = forms.ChoiceField(label="As", choices=ReportExport.Format.choices)


@admin.register(ReportExport)
class ReportExportAdmin(ReconciliationPage):
    """Files of games and providers."""

    change_list_template = "staff/reporting/reports.html"
    list_display = ("requested_at", "kind", "about", "format", "state_shown", "rows", "hash_shown", "download")
    list_display_links = None
    list_filter = ("kind", "state")
    empty_hint = "Nothing was exported yet: use the form above, or the buttons of performance, games and invoices."
    list_form_permission = REQUEST_PERMISSION

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReportExport]:
        """Only what holds no brand that the person does not serve."""
        rows: QuerySet[ReportExport] = super().get_queryset(request).select_related("file")
        scope = brand_scope(request.user)
        return rows if scope is None else rows.filter(brand_ids__contained_by=sorted(scope.ids))

    def get_urls(self) -> list[URLPattern]:
        """Add the download."""
        site: Any = self.admin_site
        view = site.admin_view(self.download_view)
        return [path("<int:export_id>/download/", view, name="reporting_reportexport_download"), *super().get_urls()]

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

    def download_view(self, request: HttpRequest, export_id: int) -> HttpResponse | StreamingHttpResponse:
        """Hand the file out; the middleware notes who took it."""
        if not request.user.has_perm(REQUEST_PERMISSION):
            raise PermissionDenied
        export = self.get_queryset(request).filter(pk=export_id, state=ReportExport.State.READY).first()
        if export is None or export.file is None:
            raise Http404
        self.log_change(request, export, f"Downloaded {export.file.sha256}")
        answer = StreamingHttpResponse(chunks_of(export.file), content_type=export.file.media_type)
        answer["Content-Disposition"] = f'attachment; filename="{export.kind}-{export.as_of}.{export.format}"'
        answer["Content-Length"] = str(export.file.size)
        answer["X-Content-SHA256"] = export.file.sha256
        return answer

    @admin.display(description="about")
    def about(self, export: ReportExport) -> str:
        """Its time or number."""
        terms = export.terms
        since = terms.get("since") or terms.get("first")
        until = terms.get("until") or terms.get("after")
        if since:
            return f"{since} – {until}" if "until" in terms else f"{since[:7]} up to before {until[:7]}"
        return NOTHING

    @admin.display(description="state")
    def state_shown(self, export: ReportExport) -> str:
        """Where it stands, and how far it has come."""
        text = export.get_state_display()
        if export.state == "running" and (told := progress_of(progress_key(export))):
            text = f"{text}: {told['rows']:,} rows"
        return pill(export.state, text if not export.error else f"{text}: {export.error[:80]}", level(export.state))

    @admin.display(description="SHA-256")
    def hash_shown(self, export: ReportExport) -> str:
        """The first digits; all of them on hovering."""
        if export.file is None:
            return NOTHING
        return format_html('<span class="mono" title="{}">{}</span>', export.file.sha256, export.file.sha256[:12])

    @admin.display(description="file")
    def download(self, export: ReportExport) -> str:
        """The way to it."""
        if export.state != "ready":
            return NOTHING
        url = reverse("admin:reporting_reportexport_download", args=[export.pk])
        return format_html('<a class="staff-link" href="{}">Download</a>', url)
