"""For the auditor: who looks at personal data how often, what is unusual about it, and whether the log is whole."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from apps.backoffice.models import ChainCheck, WalledDownload
from apps.backoffice.read_log import CHAINS
from apps.backoffice.unusual_looks import DAYS, by_day, findings, looks_since
from apps.core.admin_base import brand_scope
from apps.core.charts import Column, stacked_bars
from apps.core.clock import now

_COLOURS = {"with a case held": "var(--color-primary-600)", "without a case": "var(--warning)"}
PERMISSION = "backoffice.view_personaldataread"


@admin.site.admin_view
@require_safe
def looks_page(request: HttpRequest) -> HttpResponse:
    """Show it."""
    user = cast("Any", request.user)
    if not user.has_perm(PERMISSION):
        raise PermissionDenied
    at = now()
    scope = brand_scope(user)
    looks = looks_since(at - timedelta(days=DAYS), brands=None if scope is None else scope.ids)
    columns = [
        Column(f"{day:%d %b}", {"with a case held": with_case, "without a case": without})
        for day, with_case, without in by_day(looks, now=at)
    ]
    context = {
        **admin.site.each_context(request),
        "title": "Unusual looks at personal data",
        "findings": findings(looks, now=at),
        "looks": len(looks),
        "people": len({look.user for look in looks}),
        "players": len({look.player_id for look in looks}),
        "days": DAYS,
        "chart": stacked_bars(columns, _COLOURS, title=f"Looks a day, last {DAYS} days"),
        "checks": _checks(),
    }
    return TemplateResponse(request, "staff/looks.html", context)


def _checks() -> list[tuple[str, ChainCheck | None]]:
    """The last check of each chain that is no secret."""
    titles = {model._meta.db_table: title for title, model in CHAINS.items() if model is not WalledDownload}
    last = {
        each.table: each
        for each in ChainCheck.objects.filter(table__in=titles).order_by("table", "-pk").distinct("table")
    }
    return [(title, last.get(table)) for table, title in titles.items()]
