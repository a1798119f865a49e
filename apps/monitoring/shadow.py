"""What a version found on live traffic, from its stored decisions and tallies; the same figures as a back-test's."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from apps.monitoring.models import Counter, Decision, RuleTally, RuleVersion

_SAMPLE = 10
_MOST_DAYS = timedelta(days=30)


def shadow_report(version: RuleVersion, *, now: datetime) -> dict[str, Any]:
    """Hits, players, alerts per 1 000 active players and overlap with the live version since the version runs."""
    began = version.shadow_at or version.live_at
    if began is None:
        return {}
    start = max(began, now - _MOST_DAYS)
    hits = Decision.objects.filter(version=version, result="hit", at__gt=start, at__lte=now)
    players = set(hits.values_list("player_id", flat=True))
    live = set(
        Decision.objects.filter(
            rule_id=version.rule_id, version__state="live", result="hit", at__gt=start, at__lte=now
        ).values_list("player_id", flat=True)
    )
    totals = RuleTally.objects.filter(version=version, day__gte=start.date()).aggregate(
        evaluations=Sum("evaluations"), hits=Sum("hits"), unknowns=Sum("unknowns")
    )
    active = active_players(start, now)
    return {
        "from": start.isoformat(),
        "to": now.isoformat(),
        "evaluations": totals["evaluations"] or 0,
        "hits": totals["hits"] or 0,
        "unknowns": totals["unknowns"] or 0,
        "players": len(players),
        "active_players": active,
        "per_1000": round(1000 * len(players) / active, 2) if active else 0.0,
        "only_here": len(players - live),
        "only_live": len(live - players),
        "both": len(players & live),
        "sample": list(hits.order_by("?").values("pk", "player_id", "explanation")[:_SAMPLE]),
    }


def active_players(start: datetime, end: datetime) -> int:
    """How many players bet or deposited in a span, by whole days."""
    rows = Counter.objects.filter(span="d", metric__in=("stake", "deposit"), bucket_start__lte=end)
    rows = rows.filter(bucket_start__gt=start - timedelta(days=1))
    return rows.aggregate(n=Count("player_id", distinct=True))["n"] or 0


def rule_figures(days: int, *, now: datetime) -> dict[int, dict[str, Any]]:
    """Evaluations, hits and alerts of each version in the last days."""
    rows = RuleTally.objects.filter(day__gt=(now - timedelta(days=days)).date()).values("version_id")
    return {
        row["version_id"]: dict(row)
        for row in rows.annotate(
            evaluated=Sum("evaluations"), hit=Sum("hits"), unknown=Sum("unknowns"), alerted=Sum("alerts"),
            quiet=Sum("suppressed"), us=Sum("microseconds"),
        )
    }  # fmt: skip


def overlap(code: str, players: set[int], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Which other rules hit the same players in a span, most first."""
    rows = (
        Decision.objects.filter(~Q(rule_id=code), result="hit", is_shadow=False, player_id__in=players, at__gt=start)
        .filter(at__lte=end)
        .values("rule_id")
        .annotate(players=Count("player_id", distinct=True))
        .order_by("-players", "rule_id")[:_SAMPLE]
    )
    return [{"rule": row["rule_id"], "players": row["players"]} for row in rows]
