"""The desk: my cases, the next one, what is at risk, what colleagues ask of me; kept views; giving out many at once."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from apps.compliance.approvals import decide_approval
from apps.compliance.case_forms import colleagues_for
from apps.compliance.case_view import SEVERITY_LEVEL, URGENCY_LEVEL
from apps.compliance.cases.claims import MOST_AT_ONCE, assign_cases, claim_next
from apps.compliance.cases.clock import time_left_text
from apps.compliance.decisions import case_commands
from apps.compliance.models import ApprovalRequest, Blueprint, Case, CaseNotice, SavedView
from apps.compliance.queues import ASSIGN, check_permission, desk_of, reading_desk, visible_cases
from apps.core.admin_actions import staff_of
from apps.core.admin_display import pill
from apps.core.clock import now
from apps.core.errors import DomainError

_MINE, _RISKY, _NOTICES = 40, 15, 12
_VIEWS_AT_MOST = 30


def _staff(request: HttpRequest) -> User:
    user = staff_of(request)
    if not user.has_perm("compliance.view_case"):
        raise PermissionDenied
    return user


@admin.site.admin_view
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Where a day begins."""
    user = _staff(request)
    at = now()
    visible = visible_cases(user)
    unresolved = visible.exclude(state=Case.State.RESOLVED)
    mine = list(unresolved.filter(holder=user).select_related("player")[:_MINE])
    risky = unresolved.filter(state=Case.State.OPEN, urgency__gte=Case.Urgency.AT_RISK).exclude(holder=user)
    context = {
        "title": "Compliance desk",
        "queues": _queues(user, at),
        "mine": [row_of(case, at) for case in mine],
        "risky": [row_of(case, at) for case in risky.select_related("player", "holder")[:_RISKY]],
        "notices": list(CaseNotice.objects.filter(user=user, read_at=None).select_related("case")[:_NOTICES]),
        "approvals": _approvals(user),
        "may_assign": user.has_perm(ASSIGN),
        "views": list(SavedView.objects.filter(user=user)[:_VIEWS_AT_MOST]),
        "list_url": reverse("admin:compliance_case_changelist"),
    }
    return TemplateResponse(request, "staff/compliance/desk.html", {**admin.site.each_context(request), **context})


def _queues(user: Any, at: Any) -> list[dict[str, Any]]:
    """Each queue of the person with what waits in it; one query."""
    is_free = Q(state=Case.State.OPEN, holder=None) & (Q(snoozed_until=None) | Q(snoozed_until__lte=at))
    counts = {
        row["blueprint_code"]: row
        for row in visible_cases(user)
        .exclude(state=Case.State.RESOLVED)
        .order_by()
        .values("blueprint_code")
        .annotate(
            all=Count("pk"),
            free=Count("pk", filter=is_free),
            late=Count("pk", filter=Q(urgency=Case.Urgency.BREACHED)),
            risk=Count("pk", filter=Q(urgency=Case.Urgency.AT_RISK)),
            waiting=Count("pk", filter=Q(state=Case.State.AWAITING_PLAYER)),
        )
    }
    empty = {"all": 0, "free": 0, "late": 0, "risk": 0, "waiting": 0}
    works = set(desk_of(user).queues)
    return [
        {"code": code, "title": Blueprint.Code(code).label, "works": code in works, **counts.get(code, empty)}
        for code in reading_desk(user).queues
    ]


def row_of(case: Case, at: Any) -> dict[str, Any]:
    """One line of a list."""
    level = URGENCY_LEVEL[case.urgency]
    return {
        "case": case,
        "severity": pill(case.severity, case.get_severity_display(), SEVERITY_LEVEL[case.severity]),
        "left": pill("due", time_left_text(case, now=at), level if level != "good" else "plain"),
    }


def _approvals(user: Any) -> list[ApprovalRequest]:
    """What this person could decide: of visible cases, asked for by others."""
    checks = [code for code in desk_of(user).queues if user.has_perm(check_permission(code))]
    if not checks:
        return []
    waiting = ApprovalRequest.objects.filter(
        state=ApprovalRequest.State.WAITING, command__in=case_commands(checks), expires_at__gt=now()
    )
    found = list(waiting.exclude(maker=user).select_related("maker").order_by("expires_at")[:50])
    seen = set(
        visible_cases(user).filter(pk__in=[each.payload.get("case") for each in found]).values_list("pk", flat=True)
    )
    return [each for each in found if each.payload.get("case") in seen]


@admin.site.admin_view
@require_POST
def next_case(request: HttpRequest) -> HttpResponse:
    """Give the next case, and open it."""
    user = _staff(request)
    queue = request.POST.get("queue", "")
    case_id = claim_next(actor=user, queues=[queue] if queue else None, now=now())
    if case_id is None:
        messages.info(request, "Nothing is free for you: the queue is empty, or your hands are full.")
        return HttpResponseRedirect(reverse("compliance:desk"))
    return HttpResponseRedirect(reverse("admin:compliance_case_change", args=[case_id]))


@admin.site.admin_view
@require_POST
def read_notices(request: HttpRequest) -> HttpResponse:
    """Put away what has been read."""
    CaseNotice.objects.filter(user=_staff(request), read_at=None).update(read_at=now())
    return HttpResponseRedirect(reverse("compliance:desk"))


@admin.site.admin_view
@require_POST
def keep_view(request: HttpRequest) -> HttpResponse:
    """Keep the filters of the list under a name."""
    user = _staff(request)
    name, query = request.POST.get("name", "").strip()[:60], request.POST.get("query", "")[:500]
    if not name:
        raise Http404
    if SavedView.objects.filter(user=user).count() >= _VIEWS_AT_MOST:
        messages.error(request, f"You keep {_VIEWS_AT_MOST} views already; forget one first.")
    else:
        try:
            with transaction.atomic():
                SavedView.objects.create(user=user, name=name, query=query)
        except IntegrityError:
            messages.error(request, "You have a view of that name already.")
    return HttpResponseRedirect(f"{reverse('admin:compliance_case_changelist')}?{query}")


@admin.site.admin_view
@require_POST
def forget_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Forget a view of one's own."""
    SavedView.objects.filter(pk=view_id, user=_staff(request)).delete()
    return HttpResponseRedirect(reverse("admin:compliance_case_changelist"))


class HandOutForm(forms.Form):
    """Which cases, to whom, and why."""

    cases = forms.TypedMultipleChoiceField(coerce=int)
    to = forms.ModelChoiceField(User.objects.none())
    reason = forms.CharField(min_length=5, max_length=300)


@admin.site.admin_view
def hand_out(request: HttpRequest) -> HttpResponse:
    """Give many cases of one queue to a colleague."""
    user = _staff(request)
    if not user.has_perm(ASSIGN):
        raise PermissionDenied
    mine = desk_of(user).queues
    queue = request.POST.get("queue") or request.GET.get("queue") or (mine[0] if mine else "")
    if queue not in mine:
        raise Http404
    rows = visible_cases(user).filter(blueprint_code=queue).exclude(state=Case.State.RESOLVED)
    shown = list(rows.select_related("player", "holder")[:MOST_AT_ONCE])
    colleagues = list(colleagues_for(queue))
    if request.method == "POST":
        form = HandOutForm(request.POST)
        fields: dict[str, Any] = form.fields
        fields["cases"].choices = [(case.pk, case.reference) for case in shown]
        fields["to"].queryset = User.objects.filter(pk__in=[each.pk for each in colleagues])
        if form.is_valid():
            _assign(request, form.cleaned_data, user)
            return HttpResponseRedirect(f"{reverse('compliance:hand-out')}?queue={queue}")
        messages.error(request, "Choose cases and a colleague, and say why.")
    held = dict(
        Case.objects.filter(holder__in=colleagues, blueprint_code=queue)
        .exclude(state=Case.State.RESOLVED).order_by().values_list("holder").annotate(n=Count("pk"))
    )  # fmt: skip
    at = now()
    context = {
        "title": "Hand out cases",
        "queue": queue,
        "queues": [(code, Blueprint.Code(code).label) for code in mine],
        "rows": [row_of(case, at) for case in shown],
        "colleagues": [(each, held.get(each.pk, 0)) for each in colleagues],
    }
    return TemplateResponse(request, "staff/compliance/hand_out.html", {**admin.site.each_context(request), **context})


def _assign(request: HttpRequest, data: dict[str, Any], user: User) -> None:
    try:
        given, refused = assign_cases(
            case_ids=data["cases"], to=data["to"], reason=data["reason"], actor=user, now=now()
        )
    except DomainError as refusal:
        messages.error(request, refusal.detail or refusal.title)
        return
    messages.success(request, f"{given} cases given to {data['to']}.")
    for line in refused[:5]:
        messages.warning(request, line)


@admin.site.admin_view
@require_POST
def second_person(request: HttpRequest, request_id: int) -> HttpResponse:
    """Agree to what a colleague asks about a case, or refuse."""
    user = _staff(request)
    agrees = bool(request.POST.get("approve"))
    reason = request.POST.get("reason", "").strip()
    try:
        decide_approval(request_id=request_id, checker=user, approve=agrees, reason=reason, now=now())
    except DomainError as refusal:
        messages.error(request, refusal.detail or refusal.title)
    else:
        messages.success(request, "Agreed, and carried out." if agrees else "Refused.")
    return HttpResponseRedirect(reverse("compliance:desk"))
