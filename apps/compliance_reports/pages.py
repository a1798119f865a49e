"""The pages behind the wall. Whoever may not be here gets the answer of a page that does not exist."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.compliance.grants import is_granted
from apps.compliance.models import Case, Evidence
from apps.compliance.queues import may_work, visible_cases
from apps.compliance_reports import operations
from apps.compliance_reports.duties import cases_to_file
from apps.compliance_reports.goaml import missing_parts
from apps.compliance_reports.models import AuthorityProfile, Report
from apps.compliance_reports.wall import APPROVE, require_behind_the_wall
from apps.core.admin_display import pill
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.core.ids import row_id

_SHOWN = 200
_LEVEL = {
    "draft": "plain", "internal_review": "warning", "approved": "info", "submitted": "info", "accepted": "good",
    "rejected": "bad", "corrected": "plain", "not_reported": "good",
}  # fmt: skip


def behind_the_wall(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let only those in who were given the permission; everybody else is told that there is no such page."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        require_behind_the_wall(request)
        reply = view(request, *args, **kwargs)
        reply["Cache-Control"] = "no-store"
        return reply

    guarded.__name__, guarded.__doc__ = view.__name__, view.__doc__
    return admin.site.admin_view(guarded)


def _shown_to(user: Any) -> Any:
    """Reports about cases that the person works on."""
    return Report.objects.filter(case__in=visible_cases(user).only("pk")).select_related(
        "case", "player", "profile", "drafted_by"
    )


@behind_the_wall
def listed(request: HttpRequest) -> HttpResponse:
    """Every report and every decision not to."""
    rows = _shown_to(request.user)
    chosen = request.GET.get("state", "")
    if chosen in Report.State.values:
        rows = rows.filter(state=chosen)
    found = list(rows[:_SHOWN])
    to_file = cases_to_file(request.user)
    context = {
        "title": "Filings",
        "to_file": to_file[:_SHOWN],
        "to_file_count": to_file.count(),
        "now": now(),
        "rows": [(each, _pill(each)) for each in found],
        "states": Report.State.choices,
        "chosen": chosen,
        "profiles": AuthorityProfile.objects.order_by("code", "-version").distinct("code"),
    }
    return _page(request, "staff/compliance_reports/list.html", context)


@behind_the_wall
def of_case(request: HttpRequest, case_id: int) -> HttpResponse:
    """What was filed about a case, and a new one."""
    case = Case.objects.select_related("player").filter(pk=case_id).first()
    if case is None or not may_work(request.user, case):
        raise Http404
    if request.method == "POST":
        code = request.POST.get("profile", "")
        return _done(
            request,
            lambda: operations.draft(case_id=case_id, profile_code=code, actor=_user(request), now=now()),
            reverse("filings:of-case", args=[case_id]),
        )
    context = {
        "title": f"Filings about {case.reference}",
        "case": case,
        "rows": [(each, _pill(each)) for each in _shown_to(request.user).filter(case=case)],
        "profiles": AuthorityProfile.objects.order_by("code", "-version").distinct("code"),
    }
    return _page(request, "staff/compliance_reports/of_case.html", context)


@behind_the_wall
def one(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One report: its words, what it cites, what is missing, and what comes next."""
    report = _report(request, public_id)
    cited = {item.evidence_id: item for item in report.items.all()}
    pinned = Evidence.objects.filter(case=report.case_id, kind=Evidence.Kind.TRANSACTION)
    is_report = report.kind == Report.Kind.REPORT
    context = {
        "title": report.get_kind_display(),
        "report": report,
        "state": _pill(report),
        "terms": report.profile.terms if report.profile else {},
        "pinned": [(piece, cited.get(piece.pk)) for piece in pinned],
        "missing": missing_parts(report, at=now()) if is_report and not report.document else [],
        "events": list(report.events.select_related("actor")),
        "is_draft": report.state == Report.State.DRAFT,
        "may_review": is_granted(request.user, APPROVE) and report.maker_id != _user(request).pk,
    }
    return _page(request, "staff/compliance_reports/one.html", context)


@behind_the_wall
def document(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The XML as it was handed in."""
    report = _report(request, public_id)
    if not report.document:
        raise Http404
    reply = HttpResponse(report.document, content_type="application/xml")
    reply["Content-Disposition"] = f'attachment; filename="{report.entity_reference}.xml"'
    reply["X-Content-Type-Options"] = "nosniff"
    return reply


@behind_the_wall
def press(request: HttpRequest, public_id: UUID, step: str) -> HttpResponse:
    """Do one thing with a report."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if step not in _STEPS:
        raise Http404
    report = _report(request, public_id)
    back = reverse("filings:one", args=[report.public_id])
    return _done(request, lambda: _STEPS[step](request, report.public_id), back)


def _edit(request: HttpRequest, public_id: UUID) -> Report:
    given = request.POST
    changes = {name: given.get(name, "").strip() for name in ("report_code", "reason", "action")}
    return operations.edit(
        public_id=public_id,
        changes={**changes, "indicators": [each[:20] for each in given.getlist("indicators")[:50]]},
        actor=_user(request),
        now=now(),
    )


def _cite(request: HttpRequest, public_id: UUID) -> Report:
    chosen = [pk for pk in map(row_id, request.POST.getlist("evidence")) if pk is not None]
    rates: dict[int, Decimal] = {}
    for key in chosen:
        try:
            rate = Decimal(request.POST.get(f"rate-{key}", "").strip() or "0")
        except InvalidOperation:
            raise operations.NotNow("A rate is a number, such as 1.0842.") from None
        if rate.is_finite() and 0 < rate < 10**9:
            rates[key] = rate
    return operations.cite(public_id=public_id, evidence_ids=chosen, rates=rates, actor=_user(request), now=now())


def _to_review(request: HttpRequest, public_id: UUID) -> Report:
    return operations.send_to_review(public_id=public_id, actor=_user(request), now=now())


def _review(request: HttpRequest, public_id: UUID) -> Report:
    return operations.review(
        public_id=public_id,
        approve=request.POST.get("approve") == "1",
        note=request.POST.get("note", "").strip()[:2000],
        actor=_user(request),
        now=now(),
    )


def _submit(request: HttpRequest, public_id: UUID) -> Report:
    return operations.submit(public_id=public_id, actor=_user(request), now=now())


def _answer(request: HttpRequest, public_id: UUID) -> Report:
    words = request.POST.get("words", "").strip()
    if not words:
        raise operations.NotNow("Give the authority's reference, or why it does not take it.")
    return operations.note_answer(
        public_id=public_id, accepted=request.POST.get("accepted") == "1", words=words[:2000], actor=_user(request),
        now=now(),
    )  # fmt: skip


def _correct(request: HttpRequest, public_id: UUID) -> Report:
    return operations.correct(public_id=public_id, actor=_user(request), now=now())


_STEPS: dict[str, Callable[[HttpRequest, UUID], Report]] = {
    "edit": _edit, "cite": _cite, "to-review": _to_review, "review": _review, "submit": _submit, "answer": _answer,
    "correct": _correct,
}  # fmt: skip


def _user(request: HttpRequest) -> Any:
    return request.user


def _report(request: HttpRequest, public_id: UUID) -> Report:
    found: Report | None = _shown_to(request.user).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def _done(request: HttpRequest, work: Callable[[], Report], back: str) -> HttpResponse:
    try:
        report = work()
    except DomainError as refusal:
        messages.error(request, refusal.detail or refusal.title)
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(reverse("filings:one", args=[report.public_id]))


def _pill(report: Report) -> Any:
    return pill(report.state, report.get_state_display(), _LEVEL[report.state])


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    reply = TemplateResponse(request, template, {**admin.site.each_context(request), **context})
    return reply.render()
