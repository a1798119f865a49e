"""How each vendor is doing, from the exchange log: counted minutes, and the log itself for the last one or two."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from apps.integrations.models import Integration

CLASSES = ("success", "refusal", "auth", "error", "timeout")
"""What an outcome counts as; `sql/health.sql` says which is which."""


@dataclass(frozen=True, slots=True)
class VendorHealth:
    """
    One integration over a span of time.

    ``success_rate`` is the share of exchanges that ended as the protocol means them to, a proper refusal (no funds, a
    limit) included; None without exchanges. Percentiles are milliseconds of answered (and timed-out) exchanges,
    interpolated in buckets whose bounds lie a factor of about 1.5 apart. ``last_good_at`` looks back beyond the span.
    """

    integration_id: int
    slug: str
    vendor: str
    switch: str
    requests: int
    success_rate: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    last_good_at: datetime | None
    by_verb: Mapping[str, int]
    by_outcome: Mapping[str, int]
    by_class: Mapping[str, int]


@dataclass(slots=True)
class _Gathered:
    by_verb: Counter[str] = field(default_factory=Counter)
    by_outcome: Counter[str] = field(default_factory=Counter)
    by_class: Counter[str] = field(default_factory=Counter)
    buckets: dict[int, int] = field(default_factory=dict)
    longest_us: int = 0
    last_good_at: datetime | None = None


def vendor_health(*, since: datetime, until: datetime, direction: str | None = None) -> list[VendorHealth]:
    """
    Health of every integration in [since, until), by slug, those without exchanges included.

    Counts are exact, once an exchange is logged. Times are real time, to which `since` is rounded down to the minute.

    :param direction: ``in`` (what vendors ask of us), ``out`` (what we ask of them), or None for both
    """
    gathered: defaultdict[int, _Gathered] = defaultdict(_Gathered)
    with connection.cursor() as cursor:
        cursor.execute("SELECT integrations_latency_bounds()")
        (bounds,) = cursor.fetchone()
        start = since.replace(second=0, microsecond=0)
        cursor.execute(
            "SELECT part, of_integration, of_verb, of_outcome, of_class, bucket, n, latest, longest"
            " FROM integrations_health(%s, %s, %s::text)",
            [start, until, direction],
        )
        for part, integration_id, verb, outcome, outcome_class, bucket, n, latest, longest in cursor.fetchall():
            of = gathered[integration_id]
            if part == "count":
                of.by_verb[verb] += n
                of.by_outcome[outcome] += n
                of.by_class[outcome_class] += n
                of.longest_us = max(of.longest_us, longest)
            elif part == "bucket":
                of.buckets[bucket] = n
            else:
                of.last_good_at = latest
    return [_health(each, gathered[each.pk], bounds) for each in Integration.objects.order_by("slug")]


def _health(integration: Integration, of: _Gathered, bounds: list[int]) -> VendorHealth:
    requests = of.by_class.total()
    as_meant = of.by_class["success"] + of.by_class["refusal"]
    p50, p95, p99 = (_percentile_ms(of, bounds, share) for share in (0.5, 0.95, 0.99))
    return VendorHealth(
        integration_id=integration.pk,
        slug=integration.slug,
        vendor=integration.vendor,
        switch=integration.switch,
        requests=requests,
        success_rate=as_meant / requests if requests else None,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        last_good_at=of.last_good_at,
        by_verb=dict(of.by_verb),
        by_outcome=dict(of.by_outcome),
        by_class={name: of.by_class[name] for name in CLASSES},
    )


def _percentile_ms(of: _Gathered, bounds: list[int], share: float) -> float | None:
    """Find the bucket that holds the rank, and go as far into it as the rank does."""
    rank = math.ceil(share * sum(of.buckets.values()))
    before = 0
    for bucket in sorted(of.buckets):
        count = of.buckets[bucket]
        if before + count >= rank:
            lower = bounds[bucket - 1] if bucket else 0
            upper = min(bounds[bucket], of.longest_us) if bucket < len(bounds) else of.longest_us
            return (lower + (upper - lower) * (rank - before) / count) / 1000
        before += count
    return None
