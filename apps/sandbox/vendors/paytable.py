"""The simulated slot: a declared paytable whose return to player is known exactly, and the spin drawn from it."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

SCALE = 100_000
_WEIGHT_TOTAL = 10_000
# Each weight of this prize is one basis point of return, so a table is tuned to its RTP by it alone.
_TUNED = Fraction(1)

# Prize (times the stake) and its weight in 10 000 spins. Without the tuned prize: 8700 basis points.
_CALM: Mapping[Fraction, int] = MappingProxyType(
    {
        Fraction(1, 2): 1800,
        Fraction(2): 1500,
        Fraction(3): 600,
        Fraction(5): 300,
        Fraction(10): 100,
        Fraction(25): 20,
    }
)
# Likewise 8900 basis points: rarer and larger prizes.
_WILD: Mapping[Fraction, int] = MappingProxyType(
    {
        Fraction(1, 2): 1000,
        Fraction(2): 800,
        Fraction(4): 500,
        Fraction(8): 200,
        Fraction(15): 80,
        Fraction(40): 25,
        Fraction(100): 10,
    }
)
_WILD_FROM_VOLATILITY = 4
_REELS = 3


@dataclass(frozen=True, slots=True)
class Spin:
    """What the reels show, and what it pays in times the stake."""

    symbols: tuple[str, ...]
    prize: Fraction

    def payout(self, stake: int) -> int:
        """
        Amount x 100 000 won with a stake of amount x 100 000.

        :raises ValueError: if the stake is so fine that the prize is no whole number
        """
        amount = self.prize * stake
        if amount.denominator != 1:
            raise ValueError("the stake is too fine for this paytable")
        return amount.numerator


@dataclass(frozen=True, slots=True)
class Paytable:
    """Prizes with their weights, and one symbol for each prize."""

    weights: Mapping[Fraction, int]
    symbols: Mapping[Fraction, str]

    @property
    def rtp(self) -> Fraction:
        """Expected return of one stake, exactly."""
        return sum((prize * weight for prize, weight in self.weights.items()), Fraction(0)) / _WEIGHT_TOTAL

    @property
    def variance(self) -> Fraction:
        """Variance of the return of one stake, exactly."""
        square = sum((prize**2 * weight for prize, weight in self.weights.items()), Fraction(0)) / _WEIGHT_TOTAL
        return square - self.rtp**2

    def spin(self, rng: random.Random) -> Spin:
        """Draw one spin."""
        place = rng.randrange(_WEIGHT_TOTAL)
        for prize, weight in self.weights.items():
            if place < weight:
                return Spin((self.symbols[prize],) * _REELS, prize)
            place -= weight
        return Spin(self._losing_symbols(rng), Fraction(0))

    def _losing_symbols(self, rng: random.Random) -> tuple[str, ...]:
        """Three reels that do not all agree."""
        first, second = rng.sample(list(self.symbols.values()), 2)
        line = [first, second, rng.choice(list(self.symbols.values()))]
        rng.shuffle(line)
        return tuple(line)


def paytable(*, rtp_basis_points: int, volatility: int, symbols: tuple[str, ...]) -> Paytable:
    """
    Make the table of a game.

    :param symbols: at least one for each prize, cheapest first
    :raises ValueError: if no such table exists
    """
    base = _WILD if volatility >= _WILD_FROM_VOLATILITY else _CALM
    fixed = sum(prize * weight for prize, weight in base.items())
    tuned = rtp_basis_points - fixed
    if tuned.denominator != 1 or tuned < 0 or tuned + sum(base.values()) > _WEIGHT_TOTAL:
        raise ValueError(f"no paytable of {rtp_basis_points} basis points")
    weights = dict(sorted({**base, _TUNED: int(tuned)}.items()))
    if len(symbols) < len(weights):
        raise ValueError("more prizes than symbols")
    return Paytable(weights, dict(zip(weights, symbols, strict=False)))
