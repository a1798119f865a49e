"""A month of the catalogue: releases, withdrawals, games that vendors have announced, certificates that end."""

import calendar
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from apps.core.clock import now
from apps.providers.catalogue_calendar import Entry, entries_between

_SHOWN_A_DAY = 4
_YEARS = range(2000, 2101)


@admin.site.admin_view
@require_safe
def calendar_page(request: HttpRequest) -> HttpResponse:
    """Show one month, `?month=2026-11`; by default this one."""
    if not request.user.has_perm("providers.view_game"):
        raise PermissionDenied
    today = now().date()
    first = _month(request.GET.get("month", ""), today)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    by_day: dict[date, list[Entry]] = {}
    for entry in entries_between(weeks[0][0], weeks[-1][-1]):
        by_day.setdefault(entry.day, []).append(entry)
    context = {
        **admin.site.each_context(request),
        "title": f"{first:%B %Y}",
        "weeks": [[_cell(day, by_day.get(day, []), first, today) for day in week] for week in weeks],
        "days": list(calendar.day_abbr),
        "before": f"{first - timedelta(days=1):%Y-%m}",
        "after": f"{first + timedelta(days=31):%Y-%m}",
        "is_this_month": (first.year, first.month) == (today.year, today.month),
        "is_empty": not any(day.month == first.month for day in by_day),
    }
    return TemplateResponse(request, "staff/catalogue/calendar.html", context)


def _month(text: str, today: date) -> date:
    """The first of the month asked for; of this month where that is none."""
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return asked if asked.year in _YEARS else today.replace(day=1)


def _cell(day: date, entries: list[Entry], first: date, today: date) -> dict[str, Any]:
    return {
        "day": day,
        "is_other": day.month != first.month,
        "is_today": day == today,
        "shown": entries[:_SHOWN_A_DAY],
        "more": entries[_SHOWN_A_DAY:],
    }
