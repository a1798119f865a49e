"""Chores of monitoring. Each may run twice at once, and be missed: cursors and rows say what is to be done."""

import structlog
from celery import shared_task

from apps.core import clock
from apps.monitoring import deadletters, health, risk, stream
from apps.monitoring.backtest import run_backtest as replay_backtest
from apps.monitoring.models import Backtest
from apps.monitoring.nightly import drop_old_slots, judge_nightly, refresh_peer_figures

log = structlog.get_logger(__name__)

_SECONDS = 30.0
"""How long one run follows a log before it lets others work."""


@shared_task(name="monitoring.follow_ledger")
def follow_ledger() -> int:
    """Count and judge what the ledger holds since the last run; returns how many entries."""
    done = stream.follow_ledger(now=clock.now(), for_seconds=_SECONDS)
    _after(done, "ledger")
    return done.entries


@shared_task(name="monitoring.follow_facts")
def follow_facts() -> int:
    """Take in and judge the facts since the last run; returns how many events."""
    done = stream.follow_facts(now=clock.now())
    _after(done, "facts")
    return done.entries


def _after(done: stream.Followed, name: str) -> None:
    health.JUDGED.labels(log=name).inc(done.entries)
    health.ALERTS.inc(done.alerts)
    hit = {each.decision.player_id for each in done.decided if each.decision and not each.decision.is_shadow}
    if hit:
        risk.assess(hit, now=clock.now(), why="A rule hit")


@shared_task(name="monitoring.watch_lag")
def watch_lag() -> float:
    """Measure how far behind monitoring is, and say so loudly when it is too far; returns the larger lag in seconds."""
    lag, facts = health.ledger_lag(), health.facts_lag()
    dead = health.open_dead_letters()
    health.LAG.labels(log="ledger").set(lag.seconds)
    health.LAG.labels(log="facts").set(facts)
    health.DEAD.set(dead)
    worst = max(lag.seconds, facts)
    if worst >= health.ALARM_SECONDS:
        log.error(
            "monitoring_behind", ledger_seconds=round(lag.seconds), facts_seconds=round(facts), waiting=lag.waiting
        )
    if dead:
        log.warning("monitoring_dead_letters", open=dead)
    return worst


@shared_task(name="monitoring.retry_dead_letters")
def retry_dead_letters() -> int:
    """Try again what could not be judged and is due."""
    return deadletters.retry_due(now=clock.now())


@shared_task(name="monitoring.judge_nightly", soft_time_limit=4 * 60 * 60, time_limit=4 * 60 * 60 + 60)
def judge_nightly_rules() -> int:
    """Work out peer figures, ask the nightly rules about everybody active, forget old slots; returns the hits."""
    now = clock.now()
    refresh_peer_figures(now=now)
    decided = judge_nightly(now=now)
    drop_old_slots(now=now)
    hit = {each.decision.player_id for each in decided if each.decision and not each.decision.is_shadow}
    risk.assess(hit, now=now, why="A rule hit")
    return sum(each.evaluation.result == "hit" for each in decided)


@shared_task(name="monitoring.assess_risk")
def assess_risk() -> int:
    """Compute anew what is due: too old, an override that ended, or a level that may fall."""
    now = clock.now()
    return risk.assess_due(now=now) + risk.assess_falling(now=now)


@shared_task(name="monitoring.run_backtest", soft_time_limit=2 * 60 * 60, time_limit=2 * 60 * 60 + 60)
def run_backtest(*, backtest_id: int) -> None:
    """Replay one queued back-test."""
    replay_backtest(backtest_id=backtest_id, now=clock.now())


@shared_task(name="monitoring.sweep_backtests")
def sweep_backtests() -> int:
    """Run back-tests that wait, oldest first, one at a time; returns how many."""
    waiting = Backtest.objects.filter(state=Backtest.State.QUEUED).order_by("pk").values_list("pk", flat=True)
    for pk in list(waiting[:3]):
        replay_backtest(backtest_id=pk, now=clock.now())
    return len(waiting)
