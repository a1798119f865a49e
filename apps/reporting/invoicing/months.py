"""Months of the calendar in a time zone. No database."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HALF_HOUR_SECONDS = 1800
_DECEMBER = 12


def first_of_month(day: date) -> date:
    """The first day of the month of a day."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + 1, 1, 1) if month.month == _DECEMBER else date(month.year, month.month + 1, 1)


def month_before(month: date) -> date:
    """The first day of the month before."""
    return date(month.year - 1, _DECEMBER, 1) if month.month == 1 else date(month.year, month.month - 1, 1)


def month_bounds(month: date, timezone: str) -> tuple[datetime, datetime]:
    """When a month begins and ends in a zone, in UTC."""
    zone = ZoneInfo(timezone)
    begins, ends = (datetime(day.year, day.month, 1, tzinfo=zone).astimezone(UTC) for day in (month, next_month(month)))
    return begins, ends


def counts_half_hours(timezone: str) -> bool:
    """Whether a zone exists and its months begin at full or half hours of UTC: what the projection can tell apart."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    offsets = (datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7))
    return all(offset is not None and offset.total_seconds() % _HALF_HOUR_SECONDS == 0 for offset in offsets)
