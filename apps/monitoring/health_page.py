"""The page that says how monitoring is doing."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from apps.core.clock import now
from apps.monitoring import health
from apps.monitoring.models import DeadLetter, RuleVersion
from apps.monitoring.shadow import rule_figures

_SHOWN = 20
_SLOWEST = 10


@admin.site.admin_view
@require_safe
def health_page(request: HttpRequest) -> HttpResponse:
    """Lag, work, slow rules and dead letters."""
    user: Any = request.user
    if not user.has_perm("monitoring.view_deadletter"):
        raise PermissionDenied
    at = now()
    figures = rule_figures(7, now=at)
    names = {each.pk: str(each) for each in RuleVersion.objects.filter(pk__in=figures)}
    slowest = sorted(
        (
            (names[pk], row["us"] // row["evaluated"], row["evaluated"])
            for pk, row in figures.items()
            if row["evaluated"]
        ),
        key=lambda each: -each[1],
    )[:_SLOWEST]
    context = {
        **admin.site.each_context(request),
        "title": "Monitoring",
        "ledger": health.ledger_lag(),
        "facts_seconds": health.facts_lag(),
        "alarm_seconds": health.ALARM_SECONDS,
        "by_day": health.microseconds_a_day(now=at)[::-1],
        "slowest": slowest,
        "dead": list(DeadLetter.objects.filter(settled_at__isnull=True).select_related("version")[:_SHOWN]),
        "dead_count": health.open_dead_letters(),
        "running": RuleVersion.objects.filter(state="live").count(),
        "shadows": RuleVersion.objects.filter(state="shadow").count(),
    }
    return TemplateResponse(request, "staff/monitoring/health.html", context)
