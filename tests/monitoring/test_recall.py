"""Planted typologies are found, clean traffic is left alone, counters are what a rebuild counts."""

from collections import Counter

import pytest

from apps.core import clock
from apps.monitoring.models import Decision, RuleVersion
from apps.monitoring.nightly import judge_nightly, refresh_peer_figures
from apps.monitoring.rebuild import rebuild_counters
from apps.monitoring.reference import forget
from benchmarks.typologies.clean import clean_lives
from benchmarks.typologies.planted import planted_lives
from benchmarks.typologies.world import World, by_rule
from tests.monitoring.scene import follow, put_live

pytestmark = pytest.mark.django_db(transaction=True)

EACH, CLEAN, SEED = 3, 40, 20261125
LEAST_RECALL = 0.95
ALERTS_PER_1000 = 100
"""The stated budget: alerts a month on a thousand active clean players, over all 53 rules."""
BY_HAND = {"AML-29"}
"""Adjustments are made by staff: `test_adjustments` covers them."""


@pytest.mark.made_up_facts
def test_every_rule_finds_its_planted_typology_and_clean_players_are_left_alone() -> None:
    forget()
    now = clock.now()
    put_live(now=now)
    world = World(now)
    planted, clean = planted_lives(EACH, now=now, seed=SEED), clean_lives(CLEAN, now=now, seed=SEED)
    lives = [*planted, *clean]
    world.admit(lives)
    transactions = world.live(lives)
    refresh_peer_figures(now=now)
    facts, ledger = follow(now)
    # Peer figures come from counters, so they exist from the first night on.
    refresh_peer_figures(now=now)
    judge_nightly(now=now)
    assert (facts.dead, ledger.dead) == (0, 0)
    assert ledger.entries >= transactions
    found = set(Decision.objects.filter(result="hit").values_list("rule_id", "player_id"))
    wanted = by_rule(planted)
    assert set(wanted) == set(RuleVersion.objects.values_list("rule_id", flat=True)) - BY_HAND
    recall = {
        rule: sum((rule, life.player_id) in found for life in lived) / len(lived) for rule, lived in wanted.items()
    }
    recall.pop("AML-08")  # peers are known from the night on: `test_facts` covers it
    assert {rule: share for rule, share in recall.items() if share < LEAST_RECALL} == {}
    ids = {life.player_id for life in clean}
    alerts = Counter(
        Decision.objects.filter(player_id__in=ids, result="hit", suppressed="").values_list("rule_id", flat=True)
    )
    assert 1000 * alerts.total() / CLEAN <= ALERTS_PER_1000, alerts
    assert Decision.objects.filter(result="unknown").count() == 0
    proof = rebuild_counters()
    assert (proof.different, proof.first) == (0, [])
    assert proof.buckets > 1000
