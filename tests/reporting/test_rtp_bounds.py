"""The monitor's statistics, against simulated slots of the sandbox. Seeded: they find the same every time."""

import random
from collections import Counter
from functools import cache
from itertools import accumulate
from math import log, sqrt

import pytest

from apps.reporting.rtp_bounds import (
    LEAST_ROUNDS,
    NOTHING_MEASURED,
    Measured,
    declared_deviation,
    judge,
    rounds_to_see,
    tolerance_of,
)
from apps.reporting.rtp_monitor import chances
from apps.sandbox.vendors.catalogue import SYMBOL_SETS
from apps.sandbox.vendors.paytable import Paytable, paytable

DECLARED = 0.96
WHOLE, CELL = chances(1)
A_LOOK = 1_000
"""Rounds between two looks."""


def machine(rtp_basis_points: int, volatility: int) -> Paytable:
    """A slot of the simulator."""
    return paytable(rtp_basis_points=rtp_basis_points, volatility=volatility, symbols=SYMBOL_SETS["fruit"])


def played(table: Paytable, rounds: int, rng: random.Random) -> Measured:
    """The sums of so many spins."""
    prizes = [float(prize) for prize in table.weights]
    weights = list(table.weights.values())
    spins = Counter(rng.choices([0.0, *prizes], weights=[10_000 - sum(weights), *weights], k=rounds))
    returned = sum(prize * hits for prize, hits in spins.items())
    return Measured(rounds, returned, sum(prize**2 * hits for prize, hits in spins.items()))


@cache
def true_looks(volatility: int, seed: int) -> list[Measured]:
    """What is seen of a true machine at each of 150 looks."""
    rng, table = random.Random(seed), machine(9600, volatility)
    return list(accumulate((played(table, A_LOOK, rng) for _ in range(150)), initial=NOTHING_MEASURED))


def first_alarm(table: Paytable, *, chance: float, most: int, seed: int) -> tuple[int, str] | None:
    """Look every thousand rounds; rounds and direction of the first alarm."""
    rng, seen = random.Random(seed), NOTHING_MEASURED
    deviation = sqrt(table.variance)
    for _ in range(most // A_LOOK):
        seen += played(table, A_LOOK, rng)
        direction = judge(seen, declared=DECLARED, deviation=deviation, alarm_chance=chance).direction
        if direction:
            return seen.rounds, direction
    return None


@pytest.mark.parametrize("volatility", [2, 5])
def test_true_machines_stay_silent_however_often_one_looks(volatility: int) -> None:
    deviation = sqrt(machine(9600, volatility).variance)
    looks = [seen for seed in range(25) for seen in true_looks(volatility, seed)]
    assert len(looks) == 25 * 151
    judged = [judge(seen, declared=DECLARED, deviation=deviation, alarm_chance=WHOLE) for seen in looks]
    assert {each.direction for each in judged} == {""}


def test_a_naive_test_looked_at_as_often_would_have_cried_wolf() -> None:
    """Why a sequential bound: the usual interval of 95 %, which one look leaves once in twenty."""
    spread = machine(9600, 2).variance
    cried = [
        any(seen.rounds and abs((seen.rtp or 0) - DECLARED) > 1.96 * sqrt(spread / seen.rounds) for seen in looks)
        for looks in (true_looks(2, seed) for seed in range(25))
    ]
    assert sum(cried) >= 4


def test_two_points_too_much_are_seen_within_the_rounds_that_statistics_allow() -> None:
    table = machine(9800, 2)
    deviation = sqrt(table.variance)
    at_the_edge = rounds_to_see(points=0.02, deviation=deviation, alarm_chance=WHOLE)
    # No test with that chance of a false alarm can need fewer on average (Wald): 2 sd² log(1/chance) / shift².
    fewest = 2 * deviation**2 * log(1 / WHOLE) / 0.02**2
    assert fewest < at_the_edge < 1.6 * fewest
    alarms = [first_alarm(table, chance=WHOLE, most=3 * at_the_edge, seed=seed) for seed in range(9)]
    assert all(alarm is not None and alarm[1] == "high" for alarm in alarms)
    rounds = sorted(alarm[0] for alarm in alarms if alarm)
    assert rounds[len(rounds) // 2] <= 1.2 * at_the_edge


def test_two_points_too_little_are_seen_as_low() -> None:
    table = machine(9400, 2)
    edge = rounds_to_see(points=0.02, deviation=sqrt(table.variance), alarm_chance=WHOLE)
    alarms = [first_alarm(table, chance=WHOLE, most=3 * edge, seed=seed) for seed in range(3)]
    assert all(alarm is not None and alarm[1] == "low" for alarm in alarms)


def test_a_vendor_who_understates_volatility_causes_no_alarm() -> None:
    for seen in true_looks(5, 5):
        assert judge(seen, declared=DECLARED, deviation=0.5, alarm_chance=WHOLE).direction == ""
    assert judge(seen, declared=DECLARED, deviation=0.5, alarm_chance=WHOLE).deviation > 3.5


def test_the_band_narrows_with_the_rounds_and_does_not_exist_before_there_are_enough() -> None:
    assert tolerance_of(LEAST_ROUNDS - 1, deviation=2, alarm_chance=WHOLE) is None
    widths = [tolerance_of(rounds, deviation=2, alarm_chance=WHOLE) or 0 for rounds in (5_000, 50_000, 500_000)]
    assert widths == sorted(widths, reverse=True)
    assert 0.003 < widths[-1] < 0.02
    assert (tolerance_of(50_000, deviation=2, alarm_chance=CELL) or 0) > widths[1]


def test_what_is_not_published_is_taken_from_the_volatility() -> None:
    assert declared_deviation(1.83, 5) == 1.83
    assert (declared_deviation(None, 5), declared_deviation(None, None)) == (9.0, 3.0)
