"""Both logs are followed in order and exactly once; poison is set aside; lag is told."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection, connections, transaction
from prometheus_client import REGISTRY
from pytest_django import Settings

from apps.compliance.models import Alert, Case
from apps.core import clock
from apps.integrations.outbox import record_fact
from apps.monitoring import deadletters, health, stream
from apps.monitoring.expressions import registry
from apps.monitoring.expressions.registry import FactWord
from apps.monitoring.expressions.values import Value
from apps.monitoring.models import Counter, DeadLetter, Decision, Link, Observation, RuleState, RuleTally, RuleVersion
from apps.monitoring.points import Point
from apps.monitoring.rebuild import rebuild_counters
from apps.monitoring.tasks import follow_facts, follow_ledger, watch_lag
from benchmarks.typologies.planted import planted_lives
from benchmarks.typologies.world import Act, Life, World
from tests.monitoring.scene import follow, put_live, put_own_live

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return World(clock.now())


def depositor(world: World, amounts: list[int], *, name: str = "dora", minutes: int = 60) -> Life:
    life = Life(name)
    life.acts = [
        Act(world.now - timedelta(minutes=minutes * (len(amounts) - number)), "deposit", Decimal(amount))
        for number, amount in enumerate(amounts)
    ]
    world.admit([life])
    world.live([life])
    return life


def sums(player: int, metric: str, span: str = "d") -> tuple[int, int]:
    rows = Counter.objects.filter(player_id=player, metric=metric, span=span)
    return sum(row.total for row in rows), sum(row.times for row in rows)


def cursor_of() -> tuple[bool, bool]:
    """Whether the cursor has moved at all, and whether its floor still lies days back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT next_xact > 0, updated_at < now() - interval '8 days'"
            " FROM transactions_cursor WHERE name = 'monitoring'"
        )
        moved, is_old = cursor.fetchone()
    return moved, is_old


def test_a_ledger_transaction_counts_once_however_often_the_log_is_followed(world: World) -> None:
    life = depositor(world, [100, 50])
    follow()
    assert sums(life.player_id, "deposit") == sums(life.player_id, "deposit", "h") == (150_000_000, 2)
    again = stream.follow_ledger(now=clock.now())
    assert (again.entries, again.evaluations) == (0, 0)
    assert sums(life.player_id, "deposit") == (150_000_000, 2)


def test_two_workers_at_once_count_everything_once(world: World) -> None:
    lives = [depositor(world, [10] * 5, name=f"dora-{number}") for number in range(4)]
    barrier = threading.Barrier(3)

    def work(_: int) -> int:
        try:
            barrier.wait(timeout=20)
            return sum(stream.follow_ledger(now=clock.now(), step=3).entries for _ in range(3))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        entries = sum(pool.map(work, range(3)))
    entries += stream.follow_ledger(now=clock.now()).entries
    assert entries == 20
    assert [sums(life.player_id, "deposit") for life in lives] == [(50_000_000, 5)] * 4
    assert rebuild_counters().different == 0


def test_what_an_open_transaction_posted_is_counted_after_it_ends_and_not_lost(world: World) -> None:
    early = depositor(world, [10], name="early")
    follow()
    other = connections["default"].copy()
    try:
        late = Life("late")
        world.admit([late])
        with transaction.atomic():
            late.acts = [Act(world.now - timedelta(minutes=5), "deposit", Decimal(70))]
            world.live([late])
            with other.cursor() as cursor:
                cursor.execute("SELECT core_xact_horizon() <= pg_current_xact_id()::text::bigint")
                assert cursor.fetchone() == (True,)
        follow()
    finally:
        other.close()
    assert sums(late.player_id, "deposit") == (70_000_000, 1)
    assert sums(early.player_id, "deposit") == (10_000_000, 1)


def test_a_backlog_older_than_a_day_is_read_in_small_slices_without_a_gap(world: World) -> None:
    life = depositor(world, [5] * 12)
    with connection.cursor() as cursor:
        # As after an outage of days: the cursor stood still, and the first slice does not reach the end.
        cursor.execute(
            "INSERT INTO transactions_cursor (name, updated_at) VALUES ('monitoring', now() - interval '9 days')"
        )
    stream.follow_ledger(now=clock.now(), step=2, for_seconds=0)
    # Not at the end: the floor of the next read must not move, or what is older than a day would be skipped.
    assert cursor_of() == (True, True)
    stream.follow_ledger(now=clock.now(), step=2)
    assert cursor_of() == (True, False)
    assert sums(life.player_id, "deposit") == (60_000_000, 12)


def test_a_crash_before_the_commit_leaves_cursor_and_counters_where_they_were(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = depositor(world, [100])

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr(stream, "judge", crash)
        with pytest.raises(RuntimeError):
            stream.follow_ledger(now=clock.now())
    assert sums(life.player_id, "deposit") == (0, 0)
    assert Observation.objects.count() == 0
    assert stream.follow_ledger(now=clock.now()).entries == 1
    assert sums(life.player_id, "deposit") == (100_000_000, 1)


def test_a_hit_becomes_one_alert_and_one_case_with_its_words_and_transactions(world: World) -> None:
    put_live("AML-02")
    life = depositor(world, [900, 900, 300])
    _, done = follow()
    assert (done.hits, done.alerts) == (1, 1)
    decision = Decision.objects.get(result="hit")
    alert, case = Alert.objects.get(), Case.objects.get()
    assert (decision.alert_id, decision.case_id, case.player_id) == (alert.pk, case.pk, life.player_id)
    assert decision.explanation == "2,100.00 EUR deposited in 180 days; due diligence starts at 2,000.00 EUR."
    assert alert.explanation == decision.explanation
    assert [each["units"] for each in decision.contributions] == [300_000_000, 900_000_000, 900_000_000]
    assert decision.magnitude == 2100
    assert RuleTally.objects.get().evaluations == 3


def test_a_hit_of_the_same_size_is_counted_and_a_larger_one_told(world: World) -> None:
    put_live("AML-02")
    depositor(world, [2000, 10, 20, 1100], minutes=30)
    follow()
    rows = list(Decision.objects.filter(result="hit").order_by("at").values_list("suppressed", "is_new_alert"))
    # The second comes half an hour after the first; the third an hour after, so it goes to the open alert.
    assert rows == [("", True), ("cool-down", False), ("", False), ("", False)]
    state = RuleState.objects.get()
    assert (state.hits, Alert.objects.count()) == (4, 1)


def test_a_shadow_version_decides_and_tells_nobody(world: World) -> None:
    live = put_live("AML-02")["AML-02"]
    put_own_live({**live.definition, "params": {**live.definition["params"], "amount": 50}}, state="shadow", number=2)
    depositor(world, [100])
    follow()
    assert list(Decision.objects.values_list("is_shadow", "result", "suppressed")) == [(True, "hit", "shadow")]
    assert Alert.objects.count() == 0
    assert RuleState.objects.count() == 0


@contextmanager
def rule_that_fails(code: str, when: Callable[[Point], bool]) -> Iterator[RuleVersion]:
    """A live rule over a word of its own, which cannot be read at the points that `when` names."""
    idle = registry.FACTS["days_idle"]

    def read(point: Point, given: Mapping[str, Any]) -> Value:
        if when(point):
            raise ZeroDivisionError
        return idle.read(point, given)

    registry.FACTS["test_word"] = FactWord("a word of the tests", idle.kind, "days", frozenset(), read)
    try:
        yield put_own_live(
            {
                "id": code, "name": "t", "title": "T", "family": "aml", "on": ["deposit"], "explanation": "x",
                "when": {"ge": [{"fact": "test_word", "as": "idle"}, 0]},
            }
        )  # fmt: skip
    finally:
        del registry.FACTS["test_word"]


def test_a_poison_point_goes_to_the_dead_letters_and_the_others_are_judged(world: World) -> None:
    put_live("AML-10", "AML-06")
    poisoned, fine = depositor(world, [10], name="poisoned"), depositor(world, [10] * 5, name="fine")
    poison = {poisoned.player_id}
    with rule_that_fails("T-1", lambda point: point.person.id in poison) as rule:
        _, done = follow()
        assert done.dead == 1
        letter = DeadLetter.objects.get()
        assert (letter.player_id, letter.version_id) == (poisoned.player_id, rule.pk)
        assert letter.error == "ZeroDivisionError: "
        assert Decision.objects.filter(rule_id="AML-06", player_id=fine.player_id).count() == 2
        assert watch_lag() < health.ALARM_SECONDS
        # The cause is gone: the next try settles it.
        poison.clear()
        assert deadletters.retry_due(now=clock.now() + timedelta(hours=1)) == 1
    assert DeadLetter.objects.get().settled_how == "judged at a later try"


def test_a_rule_that_fails_over_many_events_only_is_work_for_people_all_the_same(world: World) -> None:
    depositor(world, [10] * 3)
    times = count()
    # The batch; not the events by themselves.
    with rule_that_fails("T-2", lambda _: next(times) == 0) as rule:
        _, done = follow()
    assert done.dead == 0
    letter = DeadLetter.objects.get()
    assert (letter.stage, letter.version_id, letter.player_id, letter.next_try_at) == ("batch", rule.pk, None, None)
    assert letter.error == "ZeroDivisionError over 3 events at once; each was then judged by itself"
    labels = {"rule": "T-2", "over": "batch"}
    assert REGISTRY.get_sample_value("casino_monitoring_rule_failures_total", labels) == 1


@pytest.mark.made_up_facts
def test_a_fact_that_says_nonsense_does_not_stop_the_facts_behind_it(world: World, settings: Settings) -> None:
    settings.STRICT_FACTS = False  # as one written by another version may
    life = Life("dora")
    world.admit([life])
    for data in ({"units": "many"}, {"instrument": "card-1", "units": 5, "currency": "EUR"}):
        record_fact(
            kind="payments.instrument.added", brand_code="typology", player_id=life.player_id, data=data, now=world.now
        )
    assert stream.follow_facts(now=clock.now()).entries == 1
    assert Link.objects.get().value == "card-1"
    letter = DeadLetter.objects.get()
    assert (letter.stage, letter.error) == ("intake", "FactNotSound: 'many' is no number of units")
    for hours in range(1, 200, 24):
        deadletters.retry_due(now=clock.now() + timedelta(hours=hours))
    letter.refresh_from_db()
    assert (letter.tries, letter.next_try_at, letter.settled_at) == (deadletters.MOST_TRIES, None, None)


def test_lag_grows_until_the_log_is_followed(world: World) -> None:
    follow_ledger()
    depositor(world, [10, 10])
    assert health.ledger_lag().waiting >= 2
    assert watch_lag() > 0
    follow_facts()
    follow_ledger()
    assert (health.ledger_lag().waiting, health.ledger_lag().seconds) == (0, 0)


def test_a_tampered_counter_is_found_and_put_right(world: World) -> None:
    life = planted_lives(1, now=world.now, seed=1, rules=["AML-04"])[0]
    world.admit([life])
    world.live([life])
    follow()
    assert rebuild_counters().different == 0
    Counter.objects.filter(player_id=life.player_id, metric="stake", span="h").update(total=1)
    found = rebuild_counters()
    assert found.different >= 1
    assert {row["metric"] for row in found.first} == {"stake"}
    rebuild_counters(repair=True)
    assert rebuild_counters().different == 0
