"""The statistics of return to player: when a measured return can not be chance any more, however often one looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt
from types import MappingProxyType

ALARMS_A_GAME = 0.002
"""Chance that a true game is ever alarmed in one measurement (its life, or a month), all its cells together."""
LEAST_ROUNDS = 5_000
"""Before that the few large prizes decide, and the normal bound does not hold yet."""
_SHARPEST_AT = 50_000
"""The bound is tightest for faults that take about so many rounds to see."""

DEVIATIONS: Mapping[int, float] = MappingProxyType({1: 1.5, 2: 2.0, 3: 3.0, 4: 5.0, 5: 9.0})
"""Standard deviation of one round's return, in stakes, by volatility; for games whose vendor has published none."""
_UNKNOWN_VOLATILITY = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """What was seen of one cell: rounds, and the sums of their returns (won / staked) and of their squares."""

    rounds: int
    returned: float
    returned_squares: float

    @property
    def rtp(self) -> float | None:
        """Mean return of a round."""
        return self.returned / self.rounds if self.rounds else None

    def __add__(self, other: "Measured") -> "Measured":
        return Measured(
            self.rounds + other.rounds,
            self.returned + other.returned,
            self.returned_squares + other.returned_squares,
        )

    def __sub__(self, other: "Measured") -> "Measured":
        return Measured(
            self.rounds - other.rounds,
            self.returned - other.returned,
            self.returned_squares - other.returned_squares,
        )


NOTHING_MEASURED = Measured(0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A measurement against what was declared. `tolerance`: half the band's width, in returns (0.02 = 2 points)."""

    measured: Measured
    declared: float
    deviation: float
    alarm_chance: float
    tolerance: float | None

    @property
    def direction(self) -> str:
        """`high`, `low`, or empty while chance explains what is seen."""
        rtp = self.measured.rtp
        if rtp is None or self.tolerance is None or abs(rtp - self.declared) <= self.tolerance:
            return ""
        return "high" if rtp > self.declared else "low"


def judge(measured: Measured, *, declared: float, deviation: float, alarm_chance: float) -> Judgement:
    """
    Compare a measurement with the declared return.

    The tolerance is Robbins' normal-mixture boundary, which a true game leaves with at most `alarm_chance` over all the
    looks that are ever taken at it (Ville's inequality; Howard, Ramdas, McAuliffe, Sekhon 2021). It is as wide as the
    larger of the declared and the observed deviation asks for: a vendor who understates volatility causes no alarms.

    :param declared: mean return, e.g. 0.96
    :param deviation: declared standard deviation of one round's return, in stakes
    """
    used = max(deviation, observed_deviation(measured, declared))
    tolerance = tolerance_of(measured.rounds, deviation=used, alarm_chance=alarm_chance)
    return Judgement(measured, declared, used, alarm_chance, tolerance)


def observed_deviation(measured: Measured, declared: float) -> float:
    """Standard deviation of a round's return around the declared mean, as seen so far."""
    if not measured.rounds:
        return 0.0
    squares = measured.returned_squares - 2 * declared * measured.returned + measured.rounds * declared**2
    return sqrt(max(squares, 0.0) / measured.rounds)


def tolerance_of(rounds: int, *, deviation: float, alarm_chance: float) -> float | None:
    """Half the width of the band after so many rounds; None before there are enough."""
    if rounds < LEAST_ROUNDS or deviation <= 0:
        return None
    spread = deviation**2
    tuning = _tuned(alarm_chance) * spread
    total = rounds * spread + tuning
    return sqrt(total * (log(total / tuning) + 2 * log(1 / alarm_chance))) / rounds


def _tuned(alarm_chance: float) -> float:
    """The mixture's variance, in rounds, for which the bound is tightest at `_SHARPEST_AT` (Howard et al., 3.5)."""
    twice = 2 * log(1 / alarm_chance)
    return _SHARPEST_AT / (twice + log(1 + twice) + 1)


def rounds_to_see(*, points: float, deviation: float, alarm_chance: float) -> int:
    """After how many rounds a return that is wrong by `points` (0.02 = 2 points) lies at the band's edge."""
    low, high = LEAST_ROUNDS, LEAST_ROUNDS
    while (tolerance_of(high, deviation=deviation, alarm_chance=alarm_chance) or 0) > points:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        wide = (tolerance_of(middle, deviation=deviation, alarm_chance=alarm_chance) or 0) > points
        low, high = (middle, high) if wide else (low, middle)
    return high


def declared_deviation(published: float | None, volatility: int | None) -> float:
    """What the vendor has published, else what is usual for the game's volatility."""
    return published or DEVIATIONS[volatility or _UNKNOWN_VOLATILITY]
