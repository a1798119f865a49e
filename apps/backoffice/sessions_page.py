"""Where one is logged in, and the button that ends a log-in that is not one's own doing."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from apps.backoffice.staff_sessions import end_log_ins, is_this_one, log_ins_of, own_id
from apps.core.admin_actions import staff_of
from apps.core.ids import row_id


@admin.site.admin_view
@require_safe
def sessions_page(request: HttpRequest) -> HttpResponse:
    """One's own log-ins, the newest first."""
    found = log_ins_of(staff_of(request), now=timezone.now())
    context = {
        **admin.site.each_context(request),
        "title": "Your log-ins",
        "rows": [(each, alive, is_this_one(request, each)) for each, alive in found],
        "others": any(alive and not is_this_one(request, each) for each, alive in found),
    }
    return TemplateResponse(request, "staff/sessions.html", context)


@admin.site.admin_view
@require_POST
def end_page(request: HttpRequest) -> HttpResponse:
    """End one of them, or all but this one."""
    chosen = request.POST.get("log_in", "")
    only = row_id(chosen)
    if chosen and only is None:
        messages.error(request, "There is no such log-in.")
    else:
        ended = end_log_ins(staff_of(request), now=timezone.now(), only=only, but=own_id(request))
        messages.success(request, f"{ended} log-in{'' if ended == 1 else 's'} ended.")
    return HttpResponseRedirect(reverse("backoffice:sessions"))
