"""Times that staff ask for by name. Days are those of UTC, as in the projections."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, timedelta

Span = tuple[date, date]

PRESETS: Mapping[str, tuple[str, Callable[[date], Span]]] = {
    "7d": ("Last 7 days", lambda today: (today - timedelta(days=6), today)),
    "today": ("Today", lambda today: (today, today)),
    "yesterday": ("Yesterday", lambda today: (today - timedelta(days=1), today - timedelta(days=1))),
    "30d": ("Last 30 days", lambda today: (today - timedelta(days=29), today)),
    "month": ("This month", lambda today: (today.replace(day=1), today)),
    "last-month": ("Last month", lambda today: _month_of(today.replace(day=1) - timedelta(days=1))),
    "year": ("This year", lambda today: (today.replace(month=1, day=1), today)),
    "365d": ("Last 365 days", lambda today: (today - timedelta(days=364), today)),
}
"""Name in addresses → words, and first and last day seen from a day."""
OWN = "own"


def _month_of(day: date) -> Span:
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def span_of(name: str, today: date) -> Span:
    """First and last day of a preset; the last seven days for a name that there is not."""
    return PRESETS.get(name, PRESETS["7d"])[1](today)
