"""Small pictures of how much came a day: one grouped query each, drawn on the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify

from apps.backoffice.figures import remembered

_DAYS = 14
_SECONDS = 60
_WIDTH, _HEIGHT, _GAP = 280, 44, 2


@dataclass(frozen=True, slots=True)
class Trend:
    """So much a day, as a picture and in words."""

    title: str
    picture: SafeString
    today: int
    usual: float
    """A day's mean of the days before."""


def trend(title: str, rows: QuerySet[Any], field: str, *, key: str, now: datetime, days: int = _DAYS) -> Trend:
    """
    Count rows by the day of `field`, today included; one query over these days only, remembered for a minute.

    :param key: what tells these rows from others of the same title: the brands they are of
    """
    counts = remembered(f"trend:{slugify(title)}:{key}:{days}", _SECONDS, lambda: _counts(rows, field, now, days))
    *before, today = counts.values()
    return Trend(title, _bars(counts, title), today, sum(before) / len(before))


def _counts(rows: QuerySet[Any], field: str, now: datetime, days: int) -> dict[date, int]:
    first = (now - timedelta(days=days - 1)).astimezone(UTC).date()
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    found = dict(
        rows.filter(**{f"{field}__gte": since})
        .order_by()
        .annotate(day_of_trend=TruncDate(field, tzinfo=UTC))
        .values_list("day_of_trend")
        .annotate(rows_of_day=Count("pk"))
    )
    return {first + timedelta(days=each): found.get(first + timedelta(days=each), 0) for each in range(days)}


def _bars(counts: Mapping[date, int], title: str) -> SafeString:
    top = max(*counts.values(), 1)
    step = _WIDTH / len(counts)
    bars = [
        (
            f"{place * step:.1f}",
            f"{_HEIGHT - max(_HEIGHT * count / top, 1):.1f}",
            f"{step - _GAP:.1f}",
            f"{max(_HEIGHT * count / top, 1):.1f}",
            f"{day:%d %b}",
            count,
        )
        for place, (day, count) in enumerate(counts.items())
    ]
    drawn = format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>', bars)
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        _WIDTH, _HEIGHT, title, drawn,
    )  # fmt: skip
