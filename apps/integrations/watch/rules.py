"""
The rules that open and close incidents of vendors. Each has a section in docs/alerts.md.

A rule looks at what the exchange log counted. It gives a finding, or None when all is well; it never acts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.integrations.health import VendorHealth, vendor_health
from apps.integrations.models import Credential, Integration
from apps.integrations.watch.models import Breaker, Incident, ServiceTarget

WINDOW = timedelta(minutes=5)
BEFORE = timedelta(hours=1)
_FEWEST_CALLS = 20
_FEWEST_REFUSED_SIGNATURES = 10
_REPEATED_SHARE = 0.2
_TRAFFIC_PER_HOUR = 60
_MOST_NAMED = 5
Warning_, Critical = Incident.Severity.WARNING, Incident.Severity.CRITICAL


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an incident is open, in words with figures, and the figures by themselves."""

    severity: str
    summary: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a rule may look at: one integration, its last minutes and the hour before them."""

    integration: Integration
    target: ServiceTarget
    inbound: VendorHealth
    inbound_before: VendorHealth
    breaker: Breaker | None
    keys: tuple[Credential, ...]
    now: datetime


def sights(*, now: datetime) -> list[Sight]:
    """What is to be seen of every integration that is not switched off, in a fixed number of queries."""
    inbound = _by_id(vendor_health(since=now - WINDOW, until=now, direction="in"))
    before = _by_id(vendor_health(since=now - WINDOW - BEFORE, until=now - WINDOW, direction="in"))
    rows = Integration.objects.exclude(switch=Integration.Switch.OFF).select_related("target", "breaker")
    keys: dict[int, list[Credential]] = {}
    for key in Credential.objects.active(now):
        keys.setdefault(key.integration_id, []).append(key)
    return [
        Sight(
            integration=row,
            target=getattr(row, "target", None) or ServiceTarget(integration=row),
            inbound=inbound[row.pk],
            inbound_before=before[row.pk],
            breaker=getattr(row, "breaker", None),
            keys=tuple(keys.get(row.pk, ())),
            now=now,
        )
        for row in rows.order_by("pk")
        if row.pk in inbound and row.pk in before
    ]


def _by_id(found: list[VendorHealth]) -> dict[int, VendorHealth]:
    return {each.integration_id: each for each in found}


def success_rate(sight: Sight) -> Finding | None:
    """Too many calls end in errors, time-outs or refused signatures."""
    seen, target = sight.inbound, float(sight.target.success_percent)
    if seen.requests < _FEWEST_CALLS or seen.success_rate is None or seen.success_rate * 100 >= target:
        return None
    percent = seen.success_rate * 100
    severity = Critical if percent < target - 5 else Warning_
    words = f"{percent:.2f} % of {seen.requests} calls ended as meant in 5 minutes; at least {target:g} % should."
    return Finding(severity, words, {"by_class": dict(seen.by_class), "by_outcome": dict(seen.by_outcome)})


def latency(sight: Sight) -> Finding | None:
    """Our answers have become slow: the vendor will begin to give up on them."""
    seen, bar = sight.inbound, sight.target.p95_ms
    if seen.requests < _FEWEST_CALLS or seen.p95_ms is None or seen.p95_ms <= bar:
        return None
    words = f"95 % of {seen.requests} calls took up to {seen.p95_ms:.0f} ms in 5 minutes; the bar is {bar} ms."
    return Finding(Warning_, words, {"p50_ms": seen.p50_ms, "p95_ms": seen.p95_ms, "p99_ms": seen.p99_ms})


def silence(sight: Sight) -> Finding | None:
    """A vendor that called all the time does not call any more."""
    quiet = timedelta(minutes=sight.target.silence_minutes)
    if sight.inbound_before.requests < _TRAFFIC_PER_HOUR or sight.inbound.requests:
        return None
    last = sight.inbound.last_good_at
    if last is not None and sight.now - last < quiet:
        return None
    since = f"since {last:%H:%M} UTC" if last else "for over 5 minutes"
    words = f"No call {since}; {sight.inbound_before.requests} in the hour before."
    return Finding(Critical, words, {"calls_in_the_hour_before": sight.inbound_before.requests})


def unreachable(sight: Sight) -> Finding | None:
    """Our calls to the vendor fail; the breaker is open."""
    breaker = sight.breaker
    if breaker is None or breaker.opened_at is None:
        return None
    words = f"{breaker.failures} calls to the vendor failed in a row; nothing but a probe is sent since"
    return Finding(Critical, f"{words} {breaker.opened_at:%H:%M:%S} UTC.", {"failures": breaker.failures})


def signatures(sight: Sight) -> Finding | None:
    """Somebody calls with signatures or passwords that are not right."""
    refused = sight.inbound.by_class.get("auth", 0)
    if refused < _FEWEST_REFUSED_SIGNATURES:
        return None
    words = f"{refused} calls in 5 minutes were not signed by the vendor: a key changed on one side, or an attack."
    return Finding(Critical, words, {"refused": refused})


def repeats(sight: Sight) -> Finding | None:
    """The vendor repeats much of what it sends: it does not get, or does not like, our answers."""
    replayed, all_calls = sight.inbound.by_outcome.get("replayed", 0), sight.inbound.requests
    if all_calls < _FEWEST_CALLS or replayed / all_calls <= _REPEATED_SHARE:
        return None
    words = f"{replayed} of {all_calls} calls in 5 minutes were repetitions; up to {_REPEATED_SHARE:.0%} is usual."
    return Finding(Warning_, words, {"replayed": replayed, "calls": all_calls})


def key_rotation(sight: Sight) -> Finding | None:
    """Keys are older than they should get."""
    oldest = sight.now - timedelta(days=sight.target.key_age_days)
    overdue = [key.kid for key in sight.keys if key.activated_at is not None and key.activated_at < oldest]
    if not overdue:
        return None
    words = f"{len(overdue)} keys are older than {sight.target.key_age_days} days: {', '.join(overdue[:_MOST_NAMED])}."
    return Finding(Warning_, words, {"kids": overdue})


RULES: Mapping[str, Callable[[Sight], Finding | None]] = {
    "success-rate": success_rate,
    "latency": latency,
    "silence": silence,
    "unreachable": unreachable,
    "signatures": signatures,
    "repeats": repeats,
    "key-rotation": key_rotation,
}
