"""Personal data on the case page: masked, and shown with a purpose, so that nobody leaves the case to look."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.backoffice.personal_data import FIELDS, PERMISSION, personal_facts, unmask, unmasked_fields
from apps.backoffice.purpose_form import PurposeForm
from apps.compliance.case_view import Panel, register_panel
from apps.compliance.models import Case
from apps.compliance.queues import visible_cases
from apps.core.clock import now
from apps.core.errors import DomainError


def register() -> None:
    """Add the card; called once the apps are loaded."""
    register_panel(Panel("personal", "staff/case_personal.html", PERMISSION, _card))


def _card(request: HttpRequest, case: Case, now: datetime) -> Mapping[str, Any]:
    unmasked = unmasked_fields(request, case.player, now=now)
    return {
        "facts": personal_facts(case.player, unmasked=unmasked),
        "is_partly_shown": bool(unmasked),
        "form": PurposeForm(auto_id="personal_%s"),
        "url": reverse("backoffice:show-in-case", args=[case.pk]),
    }


@admin.site.admin_view
@require_POST
def show_in_case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Unmask the player of a case that the person may see, with a record that names the case."""
    case = visible_cases(request.user).select_related("player").filter(pk=case_id).first()
    if case is None:
        raise Http404
    form = PurposeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose what you need to see, and say what for in five characters or more.")
    else:
        chosen = form.cleaned_data["fields_wanted"]
        try:
            unmask(
                request, case.player, fields=chosen, purpose=form.cleaned_data["purpose"], now=now(), case_id=case.pk
            )
        except DomainError as refusal:
            messages.error(request, refusal.detail or refusal.title)
        else:
            shown = ", ".join(FIELDS[name] for name in chosen)
            messages.success(request, f"{shown}: shown for ten minutes. Your look is on record.")
    return HttpResponseRedirect(f"{reverse('admin:compliance_case_change', args=[case.pk])}#personal")
