"""Drives the traffic: so many rounds a second over so many seats, as the control row says, until told to stop."""

import queue
import random
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from apps.sandbox.models import SimulatedRound, SimulatorControl
from apps.sandbox.traffic.player_api import PlayerApi, Refused
from apps.sandbox.traffic.seats import NO_GAMES, Seat
from apps.sandbox.vendors.rounds import SCENARIOS, LeftOpen, Patience, resume
from apps.sandbox.vendors.wire import close_connections

log = structlog.get_logger(__name__)

_THREADS = 8
_REST_SECONDS = 10.0
_LONG_REST_SECONDS = 600.0
_CONTROL_SECONDS = 1.0
_SWEEP_SECONDS = 60.0
# Older than any round that somebody is still playing.
_ABANDONED_AFTER = timedelta(minutes=2)
_OLDEST_BACKLOG_SECONDS = 1.0


class Driver:
    """Owns the seats and the threads that play them."""

    def __init__(
        self,
        base_url: str,
        players: Iterable[Mapping[str, str]],
        *,
        stop: threading.Event,
        rng: random.Random | None = None,
        patience: Patience | None = None,
        threads: int = _THREADS,
    ) -> None:
        """
        Prepare, sending nothing yet.

        :param players: log-ins as the demo's document lists them
        :param stop: set it, and rounds under way are left for the next start
        """
        self._api = PlayerApi(base_url)
        self._stop = stop
        self._rng = rng or random.Random()  # noqa: S311 - play money
        self._patience = patience or Patience(gave_up=stop.wait)
        self._idle: queue.SimpleQueue[Seat] = queue.SimpleQueue()
        self._threads = threads
        self.rounds_played = 0
        for player in players:
            self._idle.put(Seat(self._api, player["username"], player["password"], player["brand"]))

    def run(self, *, rounds: int | None = None, warm_up: int = 0) -> None:
        """
        Play until stopped, or until so many rounds were begun.

        :param warm_up: rounds to play first, as fast as it goes
        """
        try:
            with ThreadPoolExecutor(self._threads, thread_name_prefix="seat") as threads:
                begun = self._pace(threads, rounds, warm_up)
                log.info("simulator_stops", rounds=begun)
        finally:
            self._api.close()
            close_connections()
            close_old_connections()

    def resume_abandoned(self, *, older_than: timedelta = _ABANDONED_AFTER) -> int:
        """Settle rounds that a stopped or killed process left open; returns how many."""
        settled = 0
        abandoned = SimulatedRound.objects.filter(
            state=SimulatedRound.State.OPEN, opened_at__lt=timezone.now() - older_than
        )
        for round_ in abandoned.select_related("vendor", "session__vendor"):
            try:
                resume(round_, patience=self._patience)
            except LeftOpen:
                break
            settled += 1
        return settled

    def _pace(self, threads: ThreadPoolExecutor, rounds: int | None, warm_up: int) -> int:
        control = SimulatorControl.current()
        begun, next_at, read_at, swept_at = 0, time.monotonic(), time.monotonic(), float("-inf")
        while not self._stop.is_set() and (rounds is None or begun < rounds):
            now = time.monotonic()
            if now - read_at > _CONTROL_SECONDS:
                control, read_at = SimulatorControl.current(), now
            if now - swept_at > _SWEEP_SECONDS:
                threads.submit(self._sweep)
                swept_at = now
            if not control.is_running or now < next_at:
                self._stop.wait(min(max(next_at - now, 0.05), _CONTROL_SECONDS))
                continue
            if self._begin(threads, control, now):
                begun += 1
            # After a pause the rate goes on as it was; what was not played meanwhile is not made up for.
            pause = 0.0 if begun < warm_up else 1 / float(control.rounds_per_second)
            next_at = max(next_at + pause, now - _OLDEST_BACKLOG_SECONDS)
        return begun

    def _begin(self, threads: ThreadPoolExecutor, control: SimulatorControl, now: float) -> bool:
        """Hand a rested seat to a thread; False when all are busy."""
        for _ in range(self._idle.qsize()):
            try:
                seat = self._idle.get(timeout=0.02)
            except queue.Empty:
                return False
            if seat.rest_until <= now:
                threads.submit(self._turn, seat, scenario_of(control, self._rng), self._rng.getrandbits(64))
                return True
            self._idle.put(seat)
        self._stop.wait(0.02)
        return False

    def _turn(self, seat: Seat, scenario: str, seed: int) -> None:
        try:
            seat.play(scenario=scenario, rng=random.Random(seed), patience=self._patience)  # noqa: S311
            self.rounds_played += 1
        except LeftOpen:
            pass
        except Refused as refusal:
            log.info("simulator_seat_rests", player=seat.username, reason=str(refusal))
            seat.leave()
            seat.rest_until = time.monotonic() + (_LONG_REST_SECONDS if refusal.code == NO_GAMES else _REST_SECONDS)
        except DatabaseError:
            log.warning("simulator_database_error", player=seat.username, exc_info=True)
            seat.leave()
            seat.rest_until = time.monotonic() + _REST_SECONDS
        finally:
            close_old_connections()
            self._idle.put(seat)

    def _sweep(self) -> None:
        try:
            settled = self.resume_abandoned()
        except DatabaseError:
            log.warning("simulator_sweep_failed", exc_info=True)
        else:
            if settled:
                log.info("simulator_settled_abandoned_rounds", rounds=settled)
        finally:
            close_old_connections()


def scenario_of(control: SimulatorControl, rng: random.Random) -> str:
    """Draw what goes wrong in a round: each fault has its per cent of rounds, the rest are clean."""
    place = rng.randrange(100)
    for scenario in SCENARIOS:
        share = 0 if scenario == "clean" else int(getattr(control, scenario))
        if place < share:
            return scenario
        place -= share
    return "clean"
