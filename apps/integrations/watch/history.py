"""How an integration fared over the last day, half hour by half hour, from the counted minutes."""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from apps.integrations.health import CLASSES

STEP = timedelta(minutes=30)
SPAN = timedelta(hours=24)

_COUNTS = """
SELECT date_bin('30 minutes', minute, 'epoch'), outcome_class, sum(exchanges),
       coalesce(sum(exchanges) FILTER (WHERE outcome = 'replayed'), 0),
       coalesce(sum(exchanges) FILTER (WHERE verb ILIKE '%%rollback%%' OR verb IN ('cancel', 'refund')), 0)
  FROM integrations_healthminute
 WHERE integration_id = %s AND minute >= %s AND minute < %s
 GROUP BY 1, 2
"""
_LATENCIES = """
SELECT date_bin('30 minutes', minute, 'epoch'), place, sum(n)
  FROM integrations_healthminute, unnest(histogram) WITH ORDINALITY AS b (n, place)
 WHERE integration_id = %s AND direction = 'in' AND minute >= %s AND minute < %s AND n > 0
 GROUP BY 1, 2
"""


@dataclass(slots=True)
class Stretch:
    """Half an hour of one integration, both directions; latency of what it asked of us."""

    start: datetime
    by_class: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    replayed: int = 0
    rolled_back: int = 0
    buckets: dict[int, int] = field(default_factory=dict)
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(self.by_class.values())


def last_day(integration_id: int, *, now: datetime) -> list[Stretch]:
    """The last 24 hours in order, empty stretches included."""
    end = datetime.fromtimestamp(
        math.ceil(now.timestamp() / STEP.total_seconds()) * STEP.total_seconds(), tz=now.tzinfo
    )
    start = end - SPAN
    stretches = {start + STEP * number: Stretch(start + STEP * number) for number in range(SPAN // STEP)}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [integration_id, start, end])
        for at, outcome_class, count, replayed, rolled_back in cursor.fetchall():
            stretch = stretches[at]
            stretch.by_class[outcome_class] = int(count)
            stretch.replayed += int(replayed)
            stretch.rolled_back += int(rolled_back)
        cursor.execute("SELECT integrations_latency_bounds()")
        (bounds,) = cursor.fetchone()
        cursor.execute(_LATENCIES, [integration_id, start, end])
        buckets: defaultdict[datetime, dict[int, int]] = defaultdict(dict)
        for at, place, count in cursor.fetchall():
            buckets[at][place] = int(count)
    for at, counts in buckets.items():
        one = stretches[at]
        one.p50_ms, one.p95_ms, one.p99_ms = (_percentile_ms(counts, bounds, percent) for percent in (50, 95, 99))
    return list(stretches.values())


def _percentile_ms(counts: dict[int, int], bounds: list[int], percent: int) -> float:
    """The upper bound of the bucket that holds the rank; good to a factor of 1.5."""
    rank, before = math.ceil(percent * sum(counts.values()) / 100), 0
    for place in sorted(counts):
        before += counts[place]
        if before >= rank:
            return bounds[min(place, len(bounds)) - 1] / 1000
    return bounds[-1] / 1000


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of the allowed failures of 30 days is used up."""

    calls: int
    failed: int
    allowed: float

    @property
    def used(self) -> float | None:
        """Share of the budget, 1.0 when it is gone; None without calls."""
        return self.failed / self.allowed if self.allowed else None


def error_budget(integration_id: int, *, success_percent: float, now: datetime) -> Budget:
    """Failures of the last 30 days against what the target allows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(exchanges), 0),"
            " coalesce(sum(exchanges) FILTER (WHERE outcome_class NOT IN ('success', 'refusal')), 0)"
            " FROM integrations_healthminute WHERE integration_id = %s AND minute >= %s",
            [integration_id, now - timedelta(days=30)],
        )
        calls, failed = cursor.fetchone()
    return Budget(int(calls), int(failed), int(calls) * (1 - success_percent / 100))
