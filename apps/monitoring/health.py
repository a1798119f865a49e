"""How monitoring is doing: how far behind, how fast, what it could not judge. Shown on a page and to Prometheus."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge

from apps.integrations.outbox import lag_seconds
from apps.monitoring.intake import CONSUMER
from apps.monitoring.models import DeadLetter, RuleTally
from apps.monitoring.stream import CURSOR
from apps.transactions.following import behind

ALARM_SECONDS = 60.0
"""From this lag on somebody should look: rules see what happened a minute ago or more."""

LAG = Gauge(
    "casino_monitoring_lag_seconds", "Age of the oldest entry not judged yet", ["log"], multiprocess_mode="mostrecent"
)
DEAD = Gauge(
    "casino_monitoring_dead_letters", "What could not be judged and is not settled", multiprocess_mode="mostrecent"
)
JUDGED = Counter("casino_monitoring_entries", "Entries of a log taken in", ["log"])
ALERTS = Counter("casino_monitoring_alerts", "Alerts raised by the stream")


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind a log's follower is."""

    seconds: float
    waiting: int

    @property
    def is_alarming(self) -> bool:
        """Whether somebody should look."""
        return self.seconds >= ALARM_SECONDS


def ledger_lag() -> Lag:
    """Age of the oldest ledger transaction not judged yet, and how many wait (counted up to 100 000)."""
    ledger = behind(CURSOR)
    return Lag(ledger.seconds, ledger.waiting)


def facts_lag() -> float:
    """Age of the oldest fact not judged yet, in seconds."""
    return lag_seconds(CONSUMER)


def open_dead_letters() -> int:
    """How many dead letters nobody has settled."""
    return DeadLetter.objects.filter(settled_at__isnull=True).count()


def microseconds_a_day(*, now: datetime) -> list[tuple[str, int, int]]:
    """Evaluations and their mean microseconds on each of the last fourteen days."""
    since = (now - timedelta(days=14)).date()
    rows: dict[str, list[int]] = {}
    for day, count, spent in RuleTally.objects.filter(day__gt=since).values_list("day", "evaluations", "microseconds"):
        row = rows.setdefault(day.isoformat(), [0, 0])
        row[0], row[1] = row[0] + count, row[1] + spent
    return [(day, count, spent // count if count else 0) for day, (count, spent) in sorted(rows.items())]
