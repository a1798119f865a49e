"""Asynchronous evaluation: tails the ledger and the outbox in order, counts, and asks the rules. Exactly once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from prometheus_client import Counter as PrometheusCounter

from apps.integrations import outbox
from apps.monitoring.deciding import Decided, decide
from apps.monitoring.engine import Engine, Evaluation, RunningRule, asked_at, running_rules
from apps.monitoring.faults import report_fault
from apps.monitoring.intake import CONSUMER, KINDS, Seen, take_in
from apps.monitoring.models import DeadLetter
from apps.monitoring.points import Point, people

log = structlog.get_logger(__name__)

RULE_FAILURES = PrometheusCounter(
    "casino_monitoring_rule_failures",
    "Evaluations of a rule that failed, over a batch or a point of it",
    ["rule", "over"],
)
CURSOR = "monitoring"
SLICE = 2_000
"""Database transactions in one batch of the ledger."""
_FACTS = 500
_FIRST_RETRY = timedelta(minutes=1)
_COLUMNS = ("kind", "player_id", "at", "units", "currency", "subject", "entries")
_TAKE_CURSOR = """
SELECT next_xact, core_tail_floor(next_xact, updated_at) FROM transactions_cursor
 WHERE name = %s FOR UPDATE SKIP LOCKED
"""


@dataclass
class Followed:
    """What one run did."""

    entries: int = 0
    evaluations: int = 0
    hits: int = 0
    alerts: int = 0
    dead: int = 0
    seconds: float = 0.0
    caught_up: bool = True
    decided: list[Decided] = field(default_factory=list)

    def add(self, decided: Sequence[Decided], dead: int) -> None:
        """More of the same run."""
        self.evaluations += len(decided)
        self.hits += sum(each.evaluation.result == "hit" for each in decided)
        self.alerts += sum(each.raised is not None for each in decided)
        self.dead += dead
        self.decided += [each for each in decided if each.decision is not None]


def follow_ledger(*, now: datetime, for_seconds: float = 60.0, step: int = SLICE) -> Followed:
    """
    Take in what the ledger holds behind the cursor, slice by slice, each in a transaction of its own.

    What a slice counted, decided and alerted and the cursor's new place are committed together: exactly once.
    """
    done, until = Followed(), time.monotonic() + for_seconds
    began = time.monotonic()
    while True:
        with transaction.atomic(durable=True):
            more = _follow_slice(done, now=now, step=step)
        if not more or time.monotonic() >= until:
            done.caught_up = not more
            done.seconds = time.monotonic() - began
            return done


def _follow_slice(done: Followed, *, now: datetime, step: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO transactions_cursor (name) VALUES (%s) ON CONFLICT DO NOTHING", [CURSOR])
        cursor.execute(_TAKE_CURSOR, [CURSOR])
        row = cursor.fetchone()
        if row is None:
            return False  # another worker is at it
        place, floor = row
        cursor.execute("SELECT core_require_present(%s), greatest(%s, core_xact_horizon())", [place, place])
        horizon = cursor.fetchone()[1]
        cursor.execute("SELECT monitoring_slice_end(%s, %s, %s, %s)", [place, horizon, step, floor])
        (end,) = cursor.fetchone()
        points = count_range(place, end, floor)
    done.entries += sum(each["entries"] for each in points)
    decided, dead = judge(points_of(points), now=now)
    done.add(decided, dead)
    with connection.cursor() as cursor:
        # The floor of the next read lies a day below `updated_at`: it moves on only once nothing older is left.
        cursor.execute(
            "UPDATE transactions_cursor SET next_xact = %s,"
            " updated_at = CASE WHEN %s THEN clock_timestamp() ELSE updated_at END WHERE name = %s",
            [end, end >= horizon, CURSOR],
        )
    return bool(end < horizon)


def count_range(start: int, end: int, floor: Any) -> list[dict[str, Any]]:
    """Count the ledger's transactions of a range of database transactions; returns what rules are to be asked about."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM monitoring_count_ledger(%s, %s, %s)", [start, end, floor])
        return [dict(zip(_COLUMNS, row, strict=True)) for row in cursor.fetchall()]


def points_of(rows: Sequence[dict[str, Any]]) -> list[Point]:
    """The points of counted rows; a transaction of nobody we know has none."""
    known = people(row["player_id"] for row in rows)
    return [
        Point(
            known[row["player_id"]],
            row["at"],
            row["kind"],
            {"units": int(row["units"]) if row["units"] is not None else None, "currency": row["currency"]},
            row["subject"],
        )
        for row in rows
        if row["player_id"] in known
    ]


def follow_facts(*, now: datetime, most: int = _FACTS) -> Followed:
    """Take in the facts behind the cursor of the outbox, until there are no more."""
    done, began = Followed(), time.monotonic()

    def handle(facts: Sequence[outbox.Fact]) -> None:
        seen = take_in(facts, now=now)
        done.entries += len(seen)
        decided, dead = judge(points_seen(seen), now=now)
        done.add(decided, dead)

    while outbox.consume(consumer=CONSUMER, handle=handle, most=most, kinds=KINDS) == most:
        pass
    done.seconds = time.monotonic() - began
    return done


def points_seen(seen: Sequence[Seen]) -> list[Point]:
    """The points of events taken in."""
    known = people(each.player_id for each in seen)
    return [
        Point(known[each.player_id], each.at, each.kind, each.event, each.subject)
        for each in seen
        if each.player_id in known
    ]


def judge(points: Sequence[Point], *, now: datetime) -> tuple[list[Decided], int]:
    """
    Ask every running rule about the points that concern it, and decide.

    A point at which a rule can not be evaluated becomes a dead letter; all others go on.

    :return: what was decided, and how many dead letters there are more
    """
    rules = running_rules() if points else []
    engine = Engine(others={rule.code: rule for rule in rules if not rule.is_shadow})
    evaluations: list[Evaluation] = []
    dead = 0
    for rule in rules:
        batch = [point for point in points if asked_at(rule, point)]
        if batch:
            found, failed = evaluate_batch(engine, rule, batch, now=now)
            evaluations += found
            dead += failed
    return decide(evaluations, now=now), dead


def evaluate_batch(
    engine: Engine, rule: RunningRule, batch: Sequence[Point], *, now: datetime
) -> tuple[list[Evaluation], int]:
    """
    Evaluate one rule over a batch; when that fails, point by point, so that only the poison is set aside.

    A failure is never only in the log: each poisoned point is a dead letter, and so is a batch without one.
    """
    try:
        with transaction.atomic():
            return [engine.evaluated(rule, point, batch) for point in batch], 0
    except Exception as error:
        log.exception("rule_failed_over_batch", rule=rule.code, points=len(batch))
        RULE_FAILURES.labels(rule=rule.code, over="batch").inc()
        cause = type(error).__name__
    found, dead = [], 0
    for point in batch:
        try:
            with transaction.atomic():
                found.append(Engine(others=engine.others).evaluated(rule, point))
        except Exception as error:  # noqa: BLE001 - likewise
            RULE_FAILURES.labels(rule=rule.code, over="point").inc()
            bury(rule, point, error, now=now)
            dead += 1
    if not dead:  # nothing else would tell anybody
        told = f"{cause} over {len(batch)} events at once; each was then judged by itself"
        report_fault(DeadLetter.Stage.BATCH, purpose=batch[0].trigger, version_id=rule.version_id, error=told, now=now)
    return found, dead


def bury(rule: RunningRule, point: Point, error: Exception, *, now: datetime) -> None:
    """Set one evaluation aside, with what it takes to try it again."""
    DeadLetter.objects.create(
        stage=DeadLetter.Stage.RULE,
        version_id=rule.version_id,
        player_id=point.person.id,
        purpose=point.trigger[:32],
        payload={"at": point.at.isoformat(), "event": dict(point.event), "subject": point.subject, "mode": point.mode},
        error=f"{type(error).__name__}: {error}"[:500],
        happened_at=now,
        next_try_at=now + _FIRST_RETRY,
    )
