"""Working calendars: how much working time lies between two instants, and when so much will have passed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

# Nobody promises an answer in more than this; a calendar without working days would never end.
_MOST_DAYS = 400


def working_seconds(calendar: Mapping[str, Any], start: datetime, end: datetime) -> int:
    """
    Whole seconds of working time between two instants; 0 if `end` is not later.

    :param calendar: empty for day and night; else ``timezone``, ``days`` (0 is Monday), ``from`` and ``to``
    """
    if end <= start:
        return 0
    if not calendar:
        return int((end - start).total_seconds())
    spans = ((max(opens, start), min(closes, end)) for opens, closes in _spans(calendar, start) if opens < end)
    return int(sum(max((closes - opens).total_seconds(), 0) for opens, closes in _until(spans, end)))


def add_working(calendar: Mapping[str, Any], start: datetime, seconds: int) -> datetime:
    """Return the instant at which `seconds` of working time after `start` have passed."""
    if not calendar or seconds <= 0:
        return start + timedelta(seconds=max(seconds, 0))
    left = timedelta(seconds=seconds)
    for opens, closes in _spans(calendar, start):
        begins = max(opens, start)
        if closes <= begins:
            continue
        if left <= closes - begins:
            return begins + left
        left -= closes - begins
    raise ValueError("the calendar has too few working days")


def _spans(calendar: Mapping[str, Any], start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Opening times from the day of `start` on, in UTC: a day of 23 or 25 hours is what it is."""
    zone = ZoneInfo(calendar["timezone"])
    opens, closes = time.fromisoformat(calendar["from"]), time.fromisoformat(calendar["to"])
    first = start.astimezone(zone).date()
    for number in range(_MOST_DAYS):
        day = first + timedelta(days=number)
        if day.weekday() in calendar["days"]:
            yield (
                datetime.combine(day, opens, zone).astimezone(UTC),
                datetime.combine(day, closes, zone).astimezone(UTC),
            )


def _until(spans: Iterator[tuple[datetime, datetime]], end: datetime) -> Iterator[tuple[datetime, datetime]]:
    for opens, closes in spans:
        yield opens, closes
        if closes >= end:
            return
