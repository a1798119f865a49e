"""What the pages of stored exports share, here and in reporting: whose they are, the download, state and hash."""

from typing import Any, TypeVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from apps.core.admin_base import brand_scope
from apps.core.admin_display import NOTHING, pill
from apps.reconciliation.base_page import ReconciliationPage, level
from apps.reconciliation.files import chunks_of
from apps.reconciliation.models.exports import StoredExport
from apps.reconciliation.progress import progress_of

Row = TypeVar("Row", bound=Model)


def within_brands(rows: QuerySet[Row], request: HttpRequest) -> QuerySet[Row]:
    """Only rows that hold no brand (`brand_ids`) which the person does not serve."""
    scope = brand_scope(request.user)
    return rows if scope is None else rows.filter(brand_ids__contained_by=sorted(scope.ids))


class ExportPage(ReconciliationPage):
    """A list of stored exports. Whoever may use its form may make them, and take them."""

    list_display_links = None
    list_filter = ("kind", "state")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Of the person's brands, with their files."""
        return within_brands(super().get_queryset(request).select_related("file"), request)

    def get_urls(self) -> list[URLPattern]:
        """Add the download."""
        site: Any = self.admin_site
        view = site.admin_view(self.download_view)
        return [path("<int:export_id>/download/", view, name=self._download_name), *super().get_urls()]

    @property
    def _download_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_download"

    def download_view(self, request: HttpRequest, export_id: int) -> HttpResponse | StreamingHttpResponse:
        """Hand the file out; the middleware notes who took it."""
        if not request.user.has_perm(self.list_form_permission):
            raise PermissionDenied
        export = self.get_queryset(request).filter(pk=export_id, state=StoredExport.State.READY).first()
        if export is None or export.file is None:
            raise Http404
        self.log_change(request, export, f"Downloaded {export.file.sha256}")
        answer = StreamingHttpResponse(chunks_of(export.file), content_type=export.file.media_type)
        answer["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
        answer["Content-Length"] = str(export.file.size)
        answer["X-Content-SHA256"] = export.file.sha256
        return answer

    @admin.display(description="state")
    def state_shown(self, export: StoredExport) -> str:
        """Where it stands, and how far it has come."""
        text = export.get_state_display()
        if export.state == StoredExport.State.RUNNING and (told := progress_of(export.progress_key)):
            text = f"{text}: {told['rows']:,} rows"
        return pill(export.state, text if not export.error else f"{text}: {export.error[:80]}", level(export.state))

    @admin.display(description="SHA-256")
    def hash_shown(self, export: StoredExport) -> str:
        """The first digits; all of them on hovering."""
        if export.file is None:
            return NOTHING
        return format_html('<span class="mono" title="{}">{}</span>', export.file.sha256, export.file.sha256[:12])

    @admin.display(description="file")
    def download(self, export: StoredExport) -> str:
        """The way to it."""
        if export.state != StoredExport.State.READY:
            return NOTHING
        url = reverse(f"admin:{self._download_name}", args=[export.pk])
        return format_html('<a class="staff-link" href="{}">Download</a>', url)
