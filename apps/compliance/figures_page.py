"""The page of the desk's figures."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from apps.compliance.cases.clock import span_text
from apps.compliance.desk_figures import desk_figures
from apps.compliance.queues import FIGURES, reading_desk
from apps.core.clock import now

_PERIODS = {"7": 7, "30": 30, "90": 90}
_WIDTH, _HEIGHT = 840, 150


@admin.site.admin_view
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """How the desk is doing."""
    user: Any = request.user
    if not user.has_perm(FIGURES):
        raise PermissionDenied
    desk = reading_desk(user)
    days = _PERIODS.get(request.GET.get("days", ""), 30)
    found = desk_figures(queues=desk.queues, brands=desk.brands, days=days, now=now())
    opened, closed = (sum(day[name] for day in found["by_day"]) for name in ("opened", "closed"))
    late = sum(row["late"] for row in found["speed"])
    judged = sum(row["closed"] for row in found["speed"])
    context = {
        "title": "Figures of the desk",
        "days": days,
        "periods": list(_PERIODS.values()),
        "opened": opened,
        "closed": closed,
        "late_share": f"{100 * late / judged:.1f} %" if judged else "–",
        "late": late,
        "backlog": sum(row["count"] for row in found["backlog"]),
        "chart": _pairs_of_bars(found["by_day"]),
        "ages": _ages(found["backlog"]),
        "speed": [{**row, "median": span_text(row["median"])} for row in found["speed"]],
        "rules": found["rules"],
        "pairs": found["pairs"],
        "quiet": found["quiet"],
        "approvals": found["approvals"],
        "approval_wait": span_text(found["approvals"]["wait"]) if found["approvals"]["wait"] else "–",
    }
    return TemplateResponse(request, "staff/compliance/figures.html", {**admin.site.each_context(request), **context})


def _pairs_of_bars(days: list[dict[str, Any]]) -> dict[str, Any]:
    """Opened beside closed, day by day."""
    most = max([1, *(max(day["opened"], day["closed"]) for day in days)])
    step = _WIDTH / len(days)
    labelled = max(1, len(days) // 8)
    bars = [
        {
            "x": round(number * step, 2),
            "second": round(number * step + step * 0.42, 2),
            "width": round(step * 0.38, 2),
            "opened": round(_HEIGHT * day["opened"] / most, 2),
            "opened_y": round(_HEIGHT - _HEIGHT * day["opened"] / most + 10, 2),
            "closed": round(_HEIGHT * day["closed"] / most, 2),
            "closed_y": round(_HEIGHT - _HEIGHT * day["closed"] / most + 10, 2),
            "words": f"{day['day']:%d %b}: {day['opened']} opened, {day['closed']} closed",
            "label": f"{day['day']:%d %b}" if number % labelled == 0 else "",
        }
        for number, day in enumerate(days)
    ]
    return {"bars": bars, "most": most}


def _ages(backlog: list[dict[str, Any]]) -> list[dict[str, Any]]:
    most = max([1, *(row["count"] for row in backlog)])
    return [{**row, "width": round(100 * row["count"] / most, 1)} for row in backlog]
