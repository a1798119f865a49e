"""Prometheus metrics of exchanges with vendors: how many, how they ended, how long they took. No queries."""

from prometheus_client import Counter, Histogram

CALLS = Counter(
    "casino_vendor_calls",
    "Exchanges with vendors by integration, direction (in: the vendor asks us), verb and outcome",
    ["integration", "direction", "verb", "outcome"],
)
SECONDS = Histogram(
    "casino_vendor_call_seconds",
    "Time from the first byte of an exchange to its answer",
    ["integration", "direction"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0),
)
_LONGEST_LABEL = 32


def count_call(*, integration: str, direction: str, verb: str, outcome: str, duration_us: int) -> None:
    """
    Count one finished exchange.

    :param direction: ``in`` or ``out``
    :param verb: the protocol's word, of which a protocol has a handful
    :param outcome: as in the exchange log; empty counts as ``ok``
    """
    CALLS.labels(integration, direction, verb[:_LONGEST_LABEL], outcome[:_LONGEST_LABEL] or "ok").inc()
    SECONDS.labels(integration, direction).observe(duration_us / 1_000_000)
