"""The simulated vendors against the live platform: every fault, and the platform killed under fire."""

import contextlib
import os
import random
import signal
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from apps.sandbox.comparison import compare_with_ledger
from apps.sandbox.models import (
    SimulatedRound,
    SimulatedSession,
    SimulatedTransaction,
    SimulatorControl,
)
from apps.sandbox.traffic.driver import Driver
from apps.sandbox.traffic.player_api import PlayerApi
from apps.sandbox.vendors.rounds import SCENARIOS, Patience, play_round
from apps.sandbox.vendors.speakers.registry import SPEAKERS
from tests.journeys.conftest import Demo


@pytest.fixture
def session(in_demo: Demo, request: pytest.FixtureRequest) -> SimulatedSession:
    """A funded player at a game of the vendor that the test names."""
    vendor: str = request.param
    with contextlib.closing(PlayerApi(in_demo.base_url)) as api:
        token = api.log_in(**in_demo.document["players"][2])
        code = next(code for code in api.games(token) if code.startswith(vendor))
        url = api.launch(token, code)
        opened = SimulatedSession.objects.select_related("vendor").get(token=url.partition("token=")[2])
        api.top_up(provider=vendor, user=opened.user, currency=opened.currency, cash=100)
    return opened


@pytest.mark.parametrize("session", list(SPEAKERS), indirect=True)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_platform_answers_every_fault_as_the_protocol_says(
    session: SimulatedSession, scenario: str, hasty: Patience
) -> None:
    rng = random.Random(f"{scenario} {session.vendor_id}")
    for _ in range(3):
        played = play_round(session, stake=100_000, scenario=scenario, rng=rng, patience=hasty)
        # Swipe Games never sends a bet again: where the answer is lost, it refunds.
        refunded = session.vendor_id == "swipegames" and scenario == "dropped_reply"
        taken_back = refunded or scenario in {"rollback", "late_bet"}
        states = SimulatedRound.State
        assert played.round.state == (states.CANCELLED if taken_back else states.SETTLED)
    assert list(SimulatedTransaction.objects.exclude(unexpected="").values_list("kind", "unexpected")) == []
    assert compare_with_ledger().agrees


def web_workers(platform_pid: int) -> list[int]:
    """Process ids of the web server's workers."""
    children = Path(f"/proc/{platform_pid}/task/{platform_pid}/children").read_text().split()
    return [int(pid) for pid in children if "granian" in Path(f"/proc/{pid}/cmdline").read_text()]


def test_killed_web_workers_lose_nothing_and_double_nothing(in_demo: Demo, hasty: Patience) -> None:
    SimulatorControl.objects.update_or_create(
        pk=1,
        defaults={"rounds_per_second": 500, "duplicate": 25, "dropped_reply": 25, "rollback": 15, "reorder": 10},
    )
    stop = threading.Event()
    before = SimulatedRound.objects.count()
    players = [player for player in in_demo.document["players"] if player["brand"] == "aurora"]
    driver = Driver(in_demo.base_url, players, stop=stop, rng=random.Random(7), patience=hasty)
    thread = threading.Thread(target=driver.run, kwargs={"rounds": 150})
    thread.start()
    killed: list[int] = []
    while thread.is_alive():
        thread.join(0.01)
        played = SimulatedRound.objects.count() - before
        if played >= 40 * (1 + len(killed)) and len(killed) < 2:
            pid = in_demo.platform.supervisor.pid("web")
            assert pid is not None
            killed += [worker for worker in web_workers(pid)[:1] if kill(worker)]
    assert len(killed) == 2
    driver.resume_abandoned(older_than=timedelta(0))
    result = compare_with_ledger()
    assert (list(result.findings), list(result.unexpected)) == ([], [])
    assert not SimulatedRound.objects.filter(state=SimulatedRound.State.OPEN).exists()
    kinds = Counter(SimulatedTransaction.objects.filter(state="accepted").values_list("kind", flat=True))
    assert min(kinds[kind] for kind in ("bet", "win", "rollback")) > 5


def kill(pid: int) -> bool:
    os.kill(pid, signal.SIGKILL)
    return True
