"""Periods: calendar, fixed and rolling; days of 23 and 25 hours, months of 28 to 31 days, by the zone's clock."""

from datetime import UTC, datetime

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def window(
    period: str, style: str, zone: str, now: str, anchor: str = "2026-01-01T00:00:00Z"
) -> tuple[str, str | None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM safer_play_window(%s, %s, %s, %s, %s)", [period, style, anchor, zone, now])
        begins, ends = cursor.fetchone()
    return _text(begins), _text(ends) if ends else None


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("period", "zone", "now", "begins", "ends", "hours"),
    [
        ("day", "Europe/Stockholm", "2026-11-25T12:00:00Z", "2026-11-24 23:00", "2026-11-25 23:00", 24),
        # Clocks go forward at 02:00 and the day has 23 hours; back at 03:00 and it has 25.
        ("day", "Europe/Stockholm", "2026-03-29T12:00:00Z", "2026-03-28 23:00", "2026-03-29 22:00", 23),
        ("day", "Europe/Stockholm", "2026-10-25T12:00:00Z", "2026-10-24 22:00", "2026-10-25 23:00", 25),
        ("day", "America/Toronto", "2026-03-08T12:00:00Z", "2026-03-08 05:00", "2026-03-09 04:00", 23),
        # The day there is not the day here.
        ("day", "America/Toronto", "2026-11-25T03:00:00Z", "2026-11-24 05:00", "2026-11-25 05:00", 24),
        ("week", "Europe/Malta", "2026-11-25T12:00:00Z", "2026-11-22 23:00", "2026-11-29 23:00", 7 * 24),
        ("week", "Europe/Malta", "2026-10-21T12:00:00Z", "2026-10-18 22:00", "2026-10-25 23:00", 7 * 24 + 1),
        ("month", "Europe/Malta", "2026-02-10T12:00:00Z", "2026-01-31 23:00", "2026-02-28 23:00", 28 * 24),
        ("month", "Europe/Malta", "2028-02-10T12:00:00Z", "2028-01-31 23:00", "2028-02-29 23:00", 29 * 24),
        ("month", "Europe/Malta", "2026-03-10T12:00:00Z", "2026-02-28 23:00", "2026-03-31 22:00", 31 * 24 - 1),
        ("month", "Europe/Malta", "2026-11-10T12:00:00Z", "2026-10-31 23:00", "2026-11-30 23:00", 30 * 24),
    ],
)
def test_a_calendar_period_is_what_the_calendar_of_the_jurisdiction_says(
    period: str, zone: str, now: str, begins: str, ends: str, hours: int
) -> None:
    found = window(period, "calendar", zone, now)
    assert found == (begins, ends)
    assert (_parsed(ends) - _parsed(begins)).total_seconds() == hours * 3600


def test_a_period_ends_where_the_next_begins() -> None:
    assert window("day", "calendar", "Europe/Malta", "2026-11-25T22:59:59.999Z")[1] == "2026-11-25 23:00"
    assert window("day", "calendar", "Europe/Malta", "2026-11-25T23:00:00Z")[0] == "2026-11-25 23:00"


@pytest.mark.parametrize(
    ("period", "anchor", "now", "begins", "ends"),
    [
        ("day", "2026-11-20T15:30:00Z", "2026-11-25T12:00:00Z", "2026-11-24 15:30", "2026-11-25 15:30"),
        ("day", "2026-11-20T15:30:00Z", "2026-11-20T15:30:00Z", "2026-11-20 15:30", "2026-11-21 15:30"),
        # At the same time of day by the wall clock, whatever the hours between.
        ("day", "2026-10-24T10:00:00Z", "2026-10-25T10:30:00Z", "2026-10-24 10:00", "2026-10-25 11:00"),
        ("week", "2026-11-04T08:00:00Z", "2026-11-25T07:59:00Z", "2026-11-18 08:00", "2026-11-25 08:00"),
        ("week", "2026-11-04T08:00:00Z", "2026-11-25T08:00:00Z", "2026-11-25 08:00", "2026-12-02 08:00"),
        # From the 31st: the last day of shorter months, and the 31st again after them.
        ("month", "2026-01-31T12:00:00Z", "2026-02-28T11:59:00Z", "2026-01-31 12:00", "2026-02-28 12:00"),
        ("month", "2026-01-31T12:00:00Z", "2026-03-01T00:00:00Z", "2026-02-28 12:00", "2026-03-31 11:00"),
        ("month", "2026-01-31T12:00:00Z", "2027-01-31T12:00:00Z", "2027-01-31 12:00", "2027-02-28 12:00"),
    ],
)
def test_a_fixed_period_follows_the_one_before(period: str, anchor: str, now: str, begins: str, ends: str) -> None:
    assert window(period, "fixed", "Europe/Malta", now, anchor) == (begins, ends)


@pytest.mark.parametrize(
    ("period", "begins"), [("day", "2026-11-24 12:34"), ("week", "2026-11-18 12:34"), ("month", "2026-10-26 12:34")]
)
def test_a_rolling_period_moves_on_by_the_minute(period: str, begins: str) -> None:
    assert window(period, "rolling", "Europe/Malta", "2026-11-25T12:34:56Z") == (begins, None)


def _parsed(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
