"""Replays a version over the past in event time and compares it with the live one. Writes no decision and no alert."""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Max

from apps.core.errors import DomainError
from apps.monitoring.deciding import dedupe_key
from apps.monitoring.engine import Engine, Evaluation, RunningRule, asked_at, made_ready, running_rules
from apps.monitoring.intake import Seen
from apps.monitoring.metrics import DAY, floored
from apps.monitoring.models import Backtest, Counter, Observation, RuleVersion
from apps.monitoring.points import Person, Point, people
from apps.monitoring.raising import LARGER
from apps.monitoring.shadow import active_players, overlap

AUTHOR = "monitoring.author_rule"
LONGEST = timedelta(days=366)
MOST_PLAYERS = 5_000
"""Beyond so many active players a seeded sample of them is replayed; the report says which share."""
_CHUNK = 200
_SAMPLE = 10
_PLAY_POINTS = """
SELECT c.player_id, max(c.bucket_start) + interval '4 minutes 59 seconds'
  FROM monitoring_counter c
 WHERE c.player_id = ANY (%s) AND c.metric = 'stake' AND c.span = 's' AND c.times > 0
   AND c.bucket_start > %s AND c.bucket_start <= %s
 GROUP BY c.player_id, date_bin('1 hour', c.bucket_start, '2000-01-01 00:00:00+00')
"""


class SpanNotSound(DomainError):
    """The period of a back-test is empty, or longer than a year, or lies in the future."""

    code = "backtest-span-not-sound"
    title = "The period can not be replayed"
    status = 422


@transaction.atomic
def request_backtest(*, version_id: int, from_at: datetime, to_at: datetime, asker: User, now: datetime) -> Backtest:
    """
    Queue the replay of a version over a period, beside the rule's live version.

    :raises SpanNotSound: for a period that can not be replayed
    """
    if not (asker.is_active and asker.has_perm(AUTHOR)):
        raise PermissionDenied
    if not timedelta(0) < to_at - from_at <= LONGEST or to_at > now + timedelta(minutes=1):
        raise SpanNotSound
    version = RuleVersion.objects.get(pk=version_id)
    live = RuleVersion.objects.filter(rule_id=version.rule_id, state="live").exclude(pk=version.pk).first()
    return Backtest.objects.create(
        version=version, against=live, from_at=from_at, to_at=to_at, asked_by=asker, asked_at=now
    )


def run_backtest(*, backtest_id: int, now: datetime) -> Backtest:
    """Replay one queued back-test and keep its report; one that is done already stays as it is."""
    backtest = Backtest.objects.select_related("version", "against").get(pk=backtest_id)
    if backtest.state != Backtest.State.QUEUED:
        return backtest
    try:
        report = replay(
            made_ready(backtest.version),
            made_ready(backtest.against) if backtest.against is not None else None,
            backtest.from_at,
            backtest.to_at,
        )
    except Exception as error:
        Backtest.objects.filter(pk=backtest_id, state="queued").update(
            state="failed", error=f"{type(error).__name__}: {error}"[:300], finished_at=now
        )
        raise
    Backtest.objects.filter(pk=backtest_id, state="queued").update(state="done", report=report, finished_at=now)
    backtest.refresh_from_db()
    return backtest


@dataclass
class _Side:
    """What one version found."""

    hits: int = 0
    unknowns: int = 0
    evaluations: int = 0
    alerts: int = 0
    players: set[int] = field(default_factory=set)
    alerts_by_day: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    samples: list[dict[str, Any]] = field(default_factory=list)
    _alerted: dict[str, tuple[datetime, Decimal | None]] = field(default_factory=dict)

    def take(self, evaluation: Evaluation) -> None:
        """Count one evaluation, with the same cool-down as alerts have."""
        self.evaluations += 1
        self.unknowns += evaluation.result == "unknown"
        if evaluation.result != "hit":
            return
        self.hits += 1
        point = evaluation.point
        self.players.add(point.person.id)
        key, size = dedupe_key(evaluation), evaluation.magnitude
        before = self._alerted.get(key)
        if before is not None and point.at < before[0] + timedelta(days=evaluation.rule.definition.cooldown_days):
            grown = size is not None and before[1] is not None and before[1] > 0 and size >= before[1] * LARGER
            if not grown:
                return
        self._alerted[key] = (point.at, size)
        self.alerts += 1
        self.alerts_by_day[point.at.date().isoformat()] += 1
        self.samples.append(
            {"player_id": point.person.id, "at": point.at.isoformat(), "explanation": evaluation.explanation}
        )

    def report(self, active: int, share: float) -> dict[str, Any]:
        """The figures, scaled to all players where a sample was replayed."""
        scaled = active * share
        return {
            "evaluations": self.evaluations,
            "hits": self.hits,
            "unknowns": self.unknowns,
            "alerts": self.alerts,
            "players": len(self.players),
            "per_1000": round(1000 * self.alerts / scaled, 2) if scaled else 0.0,
        }


def replay(rule: RunningRule, live: RunningRule | None, start: datetime, end: datetime) -> dict[str, Any]:
    """Evaluate a version, and the live one beside it, at every moment of a period at which they are asked."""
    ids = _players(start, end)
    chosen = _sampled(ids, rule)
    new, old = _Side(), _Side()
    others = {each.code: each for each in running_rules() if not each.is_shadow}
    for first in range(0, len(chosen), _CHUNK):
        for points in _moments(chosen[first : first + _CHUNK], rule, live, start, end):
            engine = Engine(others=others)
            for each, side in ((rule, new), (live, old)):
                if each is None:
                    continue
                batch = [point for point in points if _is_asked(each, point)]
                for point in batch:
                    side.take(engine.evaluated(each, point, batch))
    active = active_players(start, end)
    share = len(chosen) / len(ids) if ids else 1.0
    return {
        "from": start.isoformat(),
        "to": end.isoformat(),
        "active_players": active,
        "replayed_share": round(share, 4),
        "new": new.report(active, share),
        "live": old.report(active, share) if live is not None else None,
        "only_new": len(new.players - old.players),
        "only_live": len(old.players - new.players),
        "both": len(new.players & old.players),
        "days": _days(new, old, start, end),
        "overlap": overlap(rule.code, new.players, start, end),
        "sample": random.Random(rule.version_id).sample(new.samples, min(_SAMPLE, len(new.samples))),  # noqa: S311
    }


def _players(start: datetime, end: datetime) -> list[int]:
    """Everybody who did anything in the period."""
    counted = Counter.objects.filter(span="d", bucket_start__gt=floored(start, DAY) - DAY, bucket_start__lte=end)
    return sorted(set(counted.values_list("player_id", flat=True).distinct()))


def _sampled(ids: list[int], rule: RunningRule) -> list[int]:
    """All, or the same sample each time: by a hash of the player and the rule."""
    if len(ids) <= MOST_PLAYERS:
        return ids
    ranked = sorted(ids, key=lambda each: hashlib.sha256(f"{rule.code}:{each}".encode()).digest())
    return sorted(ranked[:MOST_PLAYERS])


def _moments(
    ids: list[int], rule: RunningRule, live: RunningRule | None, start: datetime, end: datetime
) -> Iterator[list[Point]]:
    known = people(ids)
    triggers = set(rule.definition.triggers) | (set(live.definition.triggers) if live else set())
    points = [
        _point(known[row.player_id], row) for row in _observed(ids, triggers, start, end) if row.player_id in known
    ]
    if "play" in triggers:
        points += _play_points(known, ids, start, end)
    if rule.definition.is_nightly or (live is not None and live.definition.is_nightly):
        points += _nights(known, ids, start, end)
    points.sort(key=lambda each: (each.at, each.person.id))
    for first in range(0, len(points), 1000):
        yield points[first : first + 1000]


def _observed(ids: list[int], triggers: set[str], start: datetime, end: datetime) -> list[Observation]:
    rows = Observation.objects.filter(player_id__in=ids, kind__in=triggers, at__gt=start, at__lte=end)
    # What takes an earlier event back sets nothing off.
    return [row for row in rows.order_by("at", "id") if row.units is None or row.units >= 0]


def _point(person: Person, row: Observation) -> Point:
    seen = Seen(row.kind, row.player_id, row.at, row.subject, row.units, row.currency, row.data)
    return Point(person, row.at, row.kind, seen.event, row.subject)


def _play_points(known: dict[int, Person], ids: list[int], start: datetime, end: datetime) -> list[Point]:
    """The last five minutes of each hour of play: the stream asks more often, never with less to see."""
    with connection.cursor() as cursor:
        cursor.execute(_PLAY_POINTS, [ids, start, end])
        return [Point(known[player], at, "play") for player, at in cursor.fetchall() if player in known]


def _nights(known: dict[int, Person], ids: list[int], start: datetime, end: datetime) -> list[Point]:
    last = dict(
        Counter.objects.filter(player_id__in=ids, span="d", bucket_start__lte=end)
        .values_list("player_id")
        .annotate(last=Max("bucket_start"))
    )
    points, night = [], floored(start, DAY) + DAY
    while night <= end:
        points += [
            Point(person, night, "nightly", mode="nightly")
            for player, person in known.items()
            if player in last and last[player] >= night - 7 * DAY
        ]
        night += DAY
    return points


def _is_asked(rule: RunningRule, point: Point) -> bool:
    if point.mode == "nightly":
        person = point.person
        return rule.definition.is_nightly and rule.definition.concerns(
            jurisdiction=person.jurisdiction, brand=person.brand, risk=person.risk_band, age=point.age
        )
    return asked_at(rule, point)


def _days(new: _Side, old: _Side, start: datetime, end: datetime) -> list[dict[str, Any]]:
    days, day = [], start.date()
    while day <= end.date():
        name = day.isoformat()
        days.append({"day": name, "new": new.alerts_by_day.get(name, 0), "live": old.alerts_by_day.get(name, 0)})
        day += timedelta(days=1)
    return days
