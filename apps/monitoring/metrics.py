"""Reads windows of counters for many points at once: one statement for each metric and window, whoever asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import fmean, pstdev
from typing import Any

from django.conf import settings
from django.db import connection

from apps.core import clock
from apps.core.ids import uuid7_floor
from apps.monitoring.expressions.registry import METRICS
from apps.monitoring.expressions.values import Unknown, Value
from apps.monitoring.points import Point
from apps.monitoring.reference import converted

DAY, HOUR, SLOT = timedelta(days=1), timedelta(hours=1), timedelta(minutes=5)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SLOT_MINUTES = 5
_MARGIN = timedelta(days=1)

_WINDOWS = """
SELECT p.n, c.currency, sum(c.total), sum(c.times), max(c.largest), count(DISTINCT c.day)
  FROM unnest(%(n)s::int[], %(player)s::bigint[], %(h0)s::timestamptz[], %(d0)s::timestamptz[], %(d1)s::timestamptz[],
              %(h1)s::timestamptz[]) AS p (n, player, h0, d0, d1, h1)
 CROSS JOIN LATERAL (
    SELECT currency, total, times, largest, bucket_start AS day FROM monitoring_counter
     WHERE player_id = p.player AND metric = %(metric)s AND span = 'd' AND bucket_start >= p.d0 AND bucket_start < p.d1
    UNION ALL
    SELECT currency, total, times, largest, date_bin('1 day', bucket_start, '2000-01-01 00:00:00+00')
      FROM monitoring_counter
     WHERE player_id = p.player AND metric = %(metric)s AND span = 'h' AND bucket_start >= p.h0 AND bucket_start < p.d0
    UNION ALL
    SELECT currency, total, times, largest, date_bin('1 day', bucket_start, '2000-01-01 00:00:00+00')
      FROM monitoring_counter
     WHERE player_id = p.player AND metric = %(metric)s AND span = 'h' AND bucket_start >= p.d1 AND bucket_start < p.h1
 ) c GROUP BY p.n, c.currency
"""
_SLOTS = """
SELECT p.n, c.currency, sum(c.total), sum(c.times), max(c.largest), count(DISTINCT c.bucket_start), max(c.times)
  FROM unnest(%(n)s::int[], %(player)s::bigint[], %(start)s::timestamptz[], %(end)s::timestamptz[])
       AS p (n, player, start, ends)
  JOIN monitoring_counter c ON c.player_id = p.player AND c.metric = %(metric)s AND c.span = 's'
   AND c.bucket_start >= p.start AND c.bucket_start <= p.ends
 WHERE c.times > 0
 GROUP BY p.n, c.currency
"""
_DAYS = """
SELECT p.n, c.currency, c.bucket_start, c.total, c.times
  FROM unnest(%(n)s::int[], %(player)s::bigint[], %(start)s::timestamptz[], %(end)s::timestamptz[])
       AS p (n, player, start, ends)
  JOIN monitoring_counter c ON c.player_id = p.player AND c.metric = %(metric)s AND c.span = 'd'
   AND c.bucket_start >= p.start AND c.bucket_start < p.ends
"""
_EDGES = """
SELECT p.n, e.currency, e.total, e.times, e.largest
  FROM unnest(%(n)s::int[], %(player)s::bigint[], %(start)s::timestamptz[], %(end)s::timestamptz[], %(floor)s::uuid[])
       AS p (n, player, start, ends, floor)
 CROSS JOIN LATERAL monitoring_entries_of(p.player, %(metric)s, p.start, p.ends, p.floor) e
"""


@dataclass(frozen=True, slots=True)
class Spec:
    """One question: which metric, how, over which window. Amounts come in main units of `currency`."""

    metric: str
    of: str
    window: str
    """`days`, `hours`, `minutes`, `local_day`, `local_month`."""
    length: float
    ago_days: float
    baseline_days: float
    is_exact: bool
    currency: str


def spec_of(options: Any, currency: str) -> Spec:
    """The question that a metric node asks, its parameters filled in."""
    window = options.get("window") or next(word for word in ("days", "hours", "minutes") if word in options)
    return Spec(
        metric=options["metric"],
        of=options["of"],
        window=window,
        length=float(options.get(window, 0)) if window not in ("local_day", "local_month") else 0.0,
        ago_days=float(options.get("ago_days", 0)),
        baseline_days=float(options.get("baseline_days", 0)),
        is_exact=options["exact"],
        currency=currency,
    )


def span_of(spec: Spec, point: Point) -> tuple[datetime, datetime]:
    """Where a window begins and ends, in event time of the player's jurisdiction."""
    end = point.at - timedelta(days=spec.ago_days)
    if spec.window in ("local_day", "local_month"):
        local = end.astimezone(point.person.zone)
        start = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if spec.window == "local_month":
            start = start.replace(day=1)
        return start.astimezone(UTC), end
    return end - timedelta(**{spec.window: spec.length}), end


def floored(at: datetime, step: timedelta) -> datetime:
    """The beginning of the bucket that an instant lies in."""
    return at - (at - _EPOCH) % step


def ceiled(at: datetime, step: timedelta) -> datetime:
    """The beginning of the first bucket that begins at an instant or later."""
    below = floored(at, step)
    return below if below == at else below + step


@dataclass(slots=True)
class Sums:
    """What a window holds in one currency."""

    total: int = 0
    times: int = 0
    largest: int = 0
    buckets: int = 0
    busiest: int = 0

    def add(self, total: Any, times: Any, largest: Any, buckets: Any = 0) -> None:
        """More of the same window."""
        self.total += int(total)
        self.times += int(times)
        self.largest = max(self.largest, int(largest))
        self.buckets += int(buckets)


_Found = dict[int, dict[str, Sums]]


class MetricReader:
    """Answers questions about a batch of points. The first asker of a question has it answered for all of them."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Spec, Point], Value] = {}

    def read(self, spec: Spec, point: Point, batch: Sequence[Point]) -> Value:
        """The answer for one point; asked for the whole batch in one statement if it is not known yet."""
        known = self._answers.get((spec, point))
        if known is not None:
            return known
        self.load(spec, [point, *(each for each in batch if each is not point)])
        return self._answers[spec, point]

    def load(self, spec: Spec, points: Iterable[Point]) -> None:
        """Answer a question for these points."""
        missing = [each for each in points if (spec, each) not in self._answers]
        if spec.of == "deviation":
            answers = _deviations(spec, missing)
        else:
            found = (
                _slots(spec, missing)
                if spec.of in ("minutes", "busiest") or spec.window == "minutes"
                else (_exact(spec, missing) if spec.is_exact else _windows(spec, missing))
            )
            answers = [_answer(spec, found.get(number, {}), each) for number, each in enumerate(missing)]
        for each, value in zip(missing, answers, strict=True):
            self._answers[spec, each] = value


def _windows(spec: Spec, points: Sequence[Point]) -> _Found:
    """Whole days in the middle, hours at the ends. A window may begin up to one hour early; that is all its error."""
    spans = [span_of(spec, each) for each in points]
    return _buckets(spec, points, [(floored(start, HOUR), floored(end, HOUR) + HOUR) for start, end in spans])


def _buckets(spec: Spec, points: Sequence[Point], hours: Sequence[tuple[datetime, datetime]]) -> _Found:
    rows: dict[str, list[Any]] = {name: [] for name in ("n", "player", "h0", "d0", "d1", "h1")}
    for number, (point, (h0, h1)) in enumerate(zip(points, hours, strict=True)):
        d0, d1 = ceiled(h0, DAY), floored(h1, DAY)
        if d0 >= d1:
            d0 = d1 = h0
        for name, value in zip(rows, (number, point.person.id, h0, d0, d1, h1), strict=True):
            rows[name].append(value)
    found: _Found = {}
    for number, currency, *sums in _rows(_WINDOWS, {**rows, "metric": spec.metric}):
        found.setdefault(number, {}).setdefault(currency, Sums()).add(*sums)
    return found


def _exact(spec: Spec, points: Sequence[Point]) -> _Found:
    """Whole buckets from the counters, both edges from the ledger: exact to the microsecond."""
    spans = [span_of(spec, each) for each in points]
    inner = [(ceiled(start, HOUR), max(ceiled(start, HOUR), floored(end, HOUR))) for start, end in spans]
    found = _buckets(spec, points, inner)
    edges: dict[str, list[Any]] = {name: [] for name in ("n", "player", "start", "end", "floor")}
    just_after = timedelta(microseconds=1)
    for number, (point, (start, end), (low, high)) in enumerate(zip(points, spans, inner, strict=True)):
        # A length of time begins just after its start, a calendar window with it; both include their end.
        first = start if spec.window in ("local_day", "local_month") else start + just_after
        pieces = ((first, end + just_after),) if low > end else ((first, low), (high, end + just_after))
        for begin, last in pieces:
            if begin < last:
                values = (number, point.person.id, begin, last, ledger_floor(begin))
                for name, value in zip(edges, values, strict=True):
                    edges[name].append(value)
    for number, currency, total, times, largest in _rows(_EDGES, {**edges, "metric": spec.metric}):
        found.setdefault(number, {}).setdefault(currency, Sums()).add(total, times, largest)
    return found


def ledger_floor(at: datetime) -> Any:
    """The lowest transaction id whose business time can be `at`; ids carry real time, the sandbox runs ahead of it."""
    ahead = clock.now() - datetime.now(UTC) if getattr(settings, "SANDBOX", False) else timedelta(0)
    return uuid7_floor(at - ahead - _MARGIN)


def _slots(spec: Spec, points: Sequence[Point]) -> _Found:
    rows: dict[str, list[Any]] = {name: [] for name in ("n", "player", "start", "end")}
    for number, point in enumerate(points):
        start, end = span_of(spec, point)
        for name, value in zip(rows, (number, point.person.id, floored(start, SLOT), end), strict=True):
            rows[name].append(value)
    found: _Found = {}
    for number, currency, total, times, largest, slots, busiest in _rows(_SLOTS, {**rows, "metric": spec.metric}):
        found.setdefault(number, {})[currency] = Sums(int(total), int(times), int(largest), slots, busiest)
    return found


def _answer(spec: Spec, found: dict[str, Sums], point: Point) -> Value:  # noqa: PLR0911 - one an aggregate
    times = sum(each.times for each in found.values())
    match spec.of:
        case "count":
            return Decimal(times)
        case "active_days":
            return Decimal(max((each.buckets for each in found.values()), default=0))
        case "minutes":
            return Decimal(SLOT_MINUTES * max((each.buckets for each in found.values()), default=0))
        case "busiest":
            return Decimal(max((each.busiest for each in found.values()), default=0))
    if not METRICS[spec.metric].is_money:
        return Decimal(times)
    day = point.at.date()
    if spec.of == "largest":
        sizes = [converted(each.largest, currency, spec.currency, day) for currency, each in found.items()]
        return next((each for each in sizes if isinstance(each, Unknown)), None) or max(
            (each for each in sizes if isinstance(each, Decimal)), default=Decimal(0)
        )
    total = Decimal(0)
    for currency, each in found.items():
        amount = converted(each.total, currency, spec.currency, day)
        if isinstance(amount, Unknown):
            return amount
        total += amount
    return total if spec.of == "sum" else (total / times if times > 0 else Decimal(0))


def _deviations(spec: Spec, points: Sequence[Point]) -> list[Value]:
    """By how many standard deviations the days of the window lie above those of the baseline before it."""
    spans = [span_of(spec, each) for each in points]
    starts = [floored(start - timedelta(days=spec.baseline_days), DAY) for start, _ in spans]
    rows = {
        "n": list(range(len(points))),
        "player": [each.person.id for each in points],
        "start": starts,
        "end": [floored(end, DAY) + DAY for _, end in spans],
    }
    days: dict[int, dict[datetime, Decimal]] = {}
    for number, currency, bucket, total, times in _rows(_DAYS, {**rows, "metric": spec.metric}):
        amount = converted(total, currency, spec.currency, bucket.date()) if METRICS[spec.metric].is_money else times
        if not isinstance(amount, Unknown):
            kept = days.setdefault(number, {})
            kept[bucket] = kept.get(bucket, Decimal(0)) + Decimal(amount)
    return [_deviation(spec, days.get(number, {}), spans[number], starts[number]) for number in range(len(points))]


def _deviation(spec: Spec, days: dict[datetime, Decimal], span: tuple[datetime, datetime], first: datetime) -> Value:
    turn = floored(span[0], DAY)
    count = round(spec.baseline_days)
    before = [float(days.get(first + DAY * number, 0)) for number in range(count)]
    within = [float(amount) for day, amount in days.items() if day >= turn]
    spread = pstdev(before) if before else 0.0
    if not within or not spread:
        return Decimal(0)
    mean = sum(within) / max(1, (span[1] - span[0]).days)
    return Decimal(str(round((mean - fmean(before)) / spread, 4)))


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
