"""The figures of the compliance desk: what came, what was done, how fast, and how good the rules are. Reads only."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Avg, Count, F, Q
from django.db.models.functions import TruncDate

from apps.compliance.decisions import case_commands
from apps.compliance.models import AlertHit, ApprovalRequest, Blueprint, Case

_AGES = (("today", 1), ("2–3 days", 3), ("4–7 days", 7), ("8–30 days", 30), ("older", None))
_MOST_RULES = 40

_RULES = """
SELECT a.rule_id, a.rule_version, count(*) AS alerts, sum(a.hit_count) AS hits,
       count(*) FILTER (WHERE c.state = 'resolved') AS judged,
       count(*) FILTER (WHERE c.resolution = 'false_positive') AS false_positives,
       count(*) FILTER (WHERE c.resolution = 'confirmed') AS confirmed
  FROM compliance_alert a JOIN compliance_case c ON c.id = a.case_id
 WHERE a.opened_at >= %(since)s AND a.rule_id <> '' AND c.blueprint_code = ANY (%(queues)s)
   AND (%(brands)s::bigint[] IS NULL OR c.brand_id = ANY (%(brands)s))
 GROUP BY 1, 2 ORDER BY alerts DESC LIMIT %(most)s
"""
_SPEED = """
SELECT c.blueprint_code, count(*) AS closed,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM c.resolved_at - c.opened_at)) AS median,
       count(*) FILTER (WHERE used.seconds > 60 * c.sla_minutes) AS late
  FROM compliance_case c
  LEFT JOIN LATERAL (SELECT sum(i.working_seconds) AS seconds FROM compliance_clockinterval i
                      WHERE i.case_id = c.id) used ON true
 WHERE c.resolved_at >= %(since)s AND c.resolution <> 'merged' AND c.blueprint_code = ANY (%(queues)s)
   AND (%(brands)s::bigint[] IS NULL OR c.brand_id = ANY (%(brands)s))
 GROUP BY 1
"""
_PAIRS = """
SELECT least(a.rule_id, b.rule_id), greatest(a.rule_id, b.rule_id), count(DISTINCT a.case_id)
  FROM compliance_alert a JOIN compliance_alert b ON b.case_id = a.case_id AND b.rule_id > a.rule_id
  JOIN compliance_case c ON c.id = a.case_id
 WHERE a.opened_at >= %(since)s AND a.rule_id <> '' AND c.blueprint_code = ANY (%(queues)s)
   AND (%(brands)s::bigint[] IS NULL OR c.brand_id = ANY (%(brands)s))
 GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 10
"""


def desk_figures(*, queues: Sequence[str], brands: Sequence[int] | None, days: int, now: datetime) -> dict[str, Any]:
    """
    Collect the figures of the last `days` days over these queues and brands.

    :param brands: None means all
    """
    since = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    scope = Q(blueprint_code__in=queues)
    if brands is not None:
        scope &= Q(brand__in=brands)
    terms = {
        "since": since, "queues": list(queues), "brands": None if brands is None else list(brands), "most": _MOST_RULES,
    }  # fmt: skip
    cases = Case.objects.filter(scope)
    return {
        "since": since,
        "by_day": _by_day(cases, since, days),
        "backlog": _backlog(cases, now),
        "speed": _speed(terms),
        "rules": _rules(terms),
        "pairs": _rows(_PAIRS, terms),
        "quiet": _quiet(scope, since),
        "approvals": _approvals(queues, since, brands),
    }


def _by_day(cases: Any, since: datetime, days: int) -> list[dict[str, Any]]:
    def count(column: str) -> dict[date, int]:
        rows = cases.filter(**{f"{column}__gte": since}).annotate(day=TruncDate(column)).order_by().values("day")
        return dict(rows.annotate(n=Count("pk")).values_list("day", "n"))

    opened, closed = count("opened_at"), count("resolved_at")
    span = [since.date() + timedelta(days=number) for number in range(days)]
    return [{"day": day, "opened": opened.get(day, 0), "closed": closed.get(day, 0)} for day in span]


def _backlog(cases: Any, now: datetime) -> list[dict[str, Any]]:
    """Open cases by age."""
    opened = list(cases.exclude(state=Case.State.RESOLVED).order_by().values_list("opened_at", flat=True)[:100_000])
    counts = dict.fromkeys([name for name, _ in _AGES], 0)
    for at in opened:
        age = (now - at) / timedelta(days=1)
        counts[next(name for name, most in _AGES if most is None or age < most)] += 1
    return [{"name": name, "count": count} for name, count in counts.items()]


def _speed(terms: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "title": Blueprint.Code(code).label,
            "closed": closed,
            "median": timedelta(seconds=int(median)),
            "late": late,
            "late_share": 100 * late / closed,
        }
        for code, closed, median, late in _rows(_SPEED, terms)
    ]


def _rules(terms: dict[str, Any]) -> list[dict[str, Any]]:
    names = ("rule", "version", "alerts", "hits", "judged", "false_positives", "confirmed")
    rows = [dict(zip(names, row, strict=True)) for row in _rows(_RULES, terms)]
    for row in rows:
        row["false_share"] = 100 * row["false_positives"] / row["judged"] if row["judged"] else None
    return rows


def _quiet(scope: Q, since: datetime) -> int:
    """Hits of which nobody was told."""
    hits = AlertHit.objects.filter(at__gte=since).exclude(suppressed="")
    return hits.filter(alert__case__in=Case.objects.filter(scope).only("pk")).count()


def _approvals(queues: Sequence[str], since: datetime, brands: Sequence[int] | None) -> dict[str, Any]:
    """What second persons said of decisions on cases."""
    asked = ApprovalRequest.objects.filter(
        command__in=case_commands(queues),
        created_at__gte=since,
    )
    if brands is not None:
        asked = asked.filter(brand__in=brands)
    return asked.aggregate(
        asked=Count("pk"),
        rejected=Count("pk", filter=Q(state=ApprovalRequest.State.REJECTED)),
        executed=Count("pk", filter=Q(state=ApprovalRequest.State.EXECUTED)),
        wait=Avg(F("decided_at") - F("created_at")),
    )


def _rows(query: str, terms: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, terms)
        return list(cursor.fetchall())
