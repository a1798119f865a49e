"""One process: writes a history with planted typologies, follows it with every rule live, measures pace and gate."""

import time
from collections import Counter
from datetime import UTC, datetime
from statistics import quantiles

from django.db import connection, transaction

from apps.core.money import Money
from apps.monitoring.gate import gate
from apps.monitoring.loading import load_catalogue
from apps.monitoring.models import Decision, RuleVersion
from apps.monitoring.nightly import judge_nightly, refresh_peer_figures
from apps.monitoring.rebuild import rebuild_counters
from apps.monitoring.stream import follow_facts, follow_ledger
from apps.players.models import Player
from benchmarks.typologies.clean import clean_lives
from benchmarks.typologies.planted import planted_lives
from benchmarks.typologies.world import World, by_rule

_GATES = 1_000


def run(*, each: int, clean: int, seed: int) -> dict[str, object]:
    """Write, follow, compare; see the keys of what comes back."""
    now = datetime.now(UTC)
    load_catalogue(apply=True, now=now)
    RuleVersion.objects.update(state="live", committed_at=now, live_at=now)
    world = World(now)
    planted, ordinary = planted_lives(each, now=now, seed=seed), clean_lives(clean, now=now, seed=seed)
    world.admit([*planted, *ordinary])
    transactions = world.live([*planted, *ordinary])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    facts = follow_facts(now=now)
    began = time.perf_counter()
    ledger = follow_ledger(now=now, for_seconds=3_600)
    seconds = time.perf_counter() - began
    refresh_peer_figures(now=now)
    judge_nightly(now=now)
    found = set(Decision.objects.filter(result="hit").values_list("rule_id", "player_id"))
    recall = {
        rule: sum((rule, life.player_id) in found for life in lives) / len(lives)
        for rule, lives in by_rule(planted).items()
        if rule != "AML-08"  # its peers are known from the first night on
    }
    ids = {life.player_id for life in ordinary}
    told = Decision.objects.filter(player_id__in=ids, result="hit", suppressed="")
    alerts = Counter(told.values_list("rule_id", flat=True))
    p50, p99 = _gates()
    return {
        "transactions": transactions,
        "evaluations": ledger.evaluations + facts.evaluations,
        "seconds": seconds,
        "pace": transactions / seconds,
        "recall": recall,
        "clean_alerts": dict(alerts),
        "per_1000": 1000 * alerts.total() / clean,
        "different": rebuild_counters().different,
        "gate_p50_ms": p50,
        "gate_p99_ms": p99,
    }


def _gates() -> tuple[float, float]:
    """Ask the gate about withdrawals, each in a commit of its own; p50 and p99 in milliseconds."""
    players = list(Player.objects.filter(username__startswith="clean-").select_related("brand", "jurisdiction")[:200])
    took = []
    for number in range(_GATES):
        player = players[number % len(players)]
        facts = {
            "money": Money.parse("20", player.currency),
            "holder": f"Test {player.last_name}",
            "instrument": "card",
        }
        began = time.perf_counter()
        with transaction.atomic():
            gate(purpose="withdrawal", player=player, facts=facts, now=datetime.now(UTC))
        took.append((time.perf_counter() - began) * 1000)
    cuts = quantiles(took, n=100)
    return cuts[49], cuts[98]
