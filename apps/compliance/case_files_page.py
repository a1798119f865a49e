"""The files of a case on the staff site: kept as evidence, given out one by one or as a whole."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path

from apps.compliance.case_forms import UploadForm
from apps.compliance.evidence import add_file, read_evidence
from apps.compliance.export import export_case
from apps.compliance.models import Case
from apps.compliance.queues import EXPORT, visible_cases
from apps.core.admin_actions import staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.clock import now
from apps.core.errors import DomainError


class CaseFiles(StaffAdmin):
    """What takes or gives files, for the page of cases."""

    def get_urls(self) -> list[URLPattern]:
        """Add what takes or gives files."""
        view = self.admin_site.admin_view
        return [
            path("<int:case_id>/evidence/", view(self.upload), name="compliance_case_upload"),
            path("<int:case_id>/export/", view(self.export), name="compliance_case_export"),
            path("evidence/<uuid:evidence_id>/", view(self.download), name="compliance_evidence_read"),
            *super().get_urls(),
        ]

    def upload(self, request: HttpRequest, case_id: int) -> HttpResponse:
        """Keep a file as evidence."""
        case = self._case(request, case_id)
        form = UploadForm(request.POST, request.FILES)
        back = HttpResponseRedirect(f"{self.page_of(case)}#evidence")
        if not form.is_valid():
            messages.error(request, "Choose a file, and say what it is.")
            return back
        file = form.cleaned_data["file"]
        try:
            add_file(
                case_id=case.pk, name=file.name, content_type=file.content_type or "", chunks=file.chunks(),
                title=form.cleaned_data["title"], actor=staff_of(request), now=now(),
                supersedes_id=form.cleaned_data["supersedes"],
            )  # fmt: skip
        except DomainError as refusal:
            messages.error(request, refusal.detail or refusal.title)
        else:
            messages.success(request, "Kept as evidence.")
        return back

    def export(self, request: HttpRequest, case_id: int) -> HttpResponse:
        """Give the whole case out."""
        case = self._case(request, case_id)
        if not request.user.has_perm(EXPORT):
            raise PermissionDenied
        purpose = request.POST.get("purpose", "").strip()
        if len(purpose) < 5:  # noqa: PLR2004 - as every reason on the staff site
            messages.error(request, "Say what the export is for, in at least five characters.")
            return HttpResponseRedirect(self.page_of(case))
        try:
            name, packed = export_case(case_id=case.pk, purpose=purpose[:300], actor=staff_of(request), now=now())
        except DomainError as refusal:
            messages.error(request, refusal.detail or refusal.title)
            return HttpResponseRedirect(self.page_of(case))
        return _file(packed, "application/zip", name)

    def download(self, request: HttpRequest, evidence_id: Any) -> HttpResponse:
        """Give one piece of evidence out; the look is recorded."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            piece, content = read_evidence(evidence_id=evidence_id, actor=staff_of(request), now=now())
        except DomainError as refusal:
            raise Http404(refusal.title) from refusal
        return _file(content, piece.content_type, piece.file_name or f"{piece.kind}-{piece.pk}.json")

    def _case(self, request: HttpRequest, case_id: int) -> Case:
        """The case, for a post by somebody who may see it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            raise PermissionDenied
        case = visible_cases(request.user).filter(pk=case_id).first()
        if case is None:
            raise Http404
        return case


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    """A download that no browser opens or runs."""
    reply = HttpResponse(content, content_type=content_type)
    safe = "".join(each if each.isascii() and (each.isalnum() or each in "._-") else "_" for each in name)
    reply["Content-Disposition"] = f'attachment; filename="{safe}"'
    reply["X-Content-Type-Options"] = "nosniff"
    reply["Content-Security-Policy"] = "sandbox"
    return reply
