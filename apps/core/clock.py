"""The business clock: real time, moved forward by the sandbox only. No timers and no durations."""

import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

from apps.core.models import ClockOffset

# How long a process may believe an offset another process has changed since.
CACHE_SECONDS = 0.25
# A century in all: far beyond any limit or retention, and well inside what datetime can hold.
MAX_OFFSET = timedelta(days=36_525)

_cached_offset = timedelta(0)
_cached_until = float("-inf")


class ClockNotMovable(RuntimeError):
    """The clock may be moved in the sandbox only, forward only, and a century at most."""


def now() -> datetime:
    """The business time, aware, in UTC. Without the sandbox this is real time and costs no query."""
    real = real_now()
    if not getattr(settings, "SANDBOX", False):
        return real
    return real + _offset()


def real_now() -> datetime:
    """The time it really is, which ids of rows follow and the business clock runs ahead of."""
    return datetime.now(UTC)


def advance(seconds: float) -> datetime:
    """
    Move the business clock forward for every process and return the new time.

    :raises ClockNotMovable: outside the sandbox, backwards, or beyond a century in all
    """
    if not getattr(settings, "SANDBOX", False):
        raise ClockNotMovable("the clock moves in the sandbox only")
    if not 0 <= seconds <= MAX_OFFSET.total_seconds():
        raise ClockNotMovable("the clock moves forward only, and a century at most")
    # One statement, so that two callers at once add up instead of overwriting each other.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_clockoffset AS c (id, clock_offset) VALUES (1, %(step)s::interval)"
            " ON CONFLICT (id) DO UPDATE SET clock_offset = c.clock_offset + excluded.clock_offset"
            " WHERE c.clock_offset + excluded.clock_offset <= %(max)s::interval",
            {"step": f"{seconds:.6f} seconds", "max": f"{MAX_OFFSET.total_seconds():.0f} seconds"},
        )
        if cursor.rowcount != 1:
            raise ClockNotMovable("the clock has been moved a century already")
    forget_cached_offset()
    return now()


def forget_cached_offset() -> None:
    """Read the offset anew at the next call; tests use this between databases."""
    global _cached_until  # noqa: PLW0603 - a per-process cache
    _cached_until = float("-inf")


def _offset() -> timedelta:
    global _cached_offset, _cached_until  # noqa: PLW0603 - a per-process cache
    at = time.monotonic()
    if at >= _cached_until:
        stored = ClockOffset.objects.filter(pk=1).values_list("clock_offset", flat=True).first()
        _cached_offset = stored or timedelta(0)
        _cached_until = at + CACHE_SECONDS
    return _cached_offset
