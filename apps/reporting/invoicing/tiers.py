"""Shares by tiers, exactly: integers and fractions in, a fraction out, rounded once by whoever makes a line of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from apps.core.currencies import currency_spec

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Tier:
    """A rate, in millionths, from an amount of the month's base on (ledger units)."""

    from_units: int
    rate_ppm: int


@dataclass(frozen=True, slots=True)
class Slice:
    """What one tier takes: so much of the base at its rate."""

    tier: Tier
    base: Fraction

    @property
    def fee(self) -> Fraction:
        """Ledger units, not rounded."""
        return self.base * self.tier.rate_ppm / PPM


def marginal(base: Fraction, tiers: Sequence[Tier]) -> list[Slice]:
    """Cut the base at the tiers: each rate applies to what lies between its amount and the next one."""
    return [
        Slice(tier, min(base, top) - tier.from_units) for tier, top in _spans(base, tiers) if base > tier.from_units
    ]


def whole(base: Fraction, tiers: Sequence[Tier]) -> list[Slice]:
    """Apply to the whole base the rate of the highest tier that it reaches."""
    reached = [tier for tier in tiers if base >= tier.from_units]
    return [Slice(reached[-1], base)] if reached and base > 0 else []


def _spans(base: Fraction, tiers: Sequence[Tier]) -> Iterator[tuple[Tier, Fraction]]:
    tops = [*(Fraction(tier.from_units) for tier in tiers[1:]), base]
    return zip(tiers, tops, strict=True)


def rounded(exact: Fraction, currency: str) -> int:
    """Round to the currency's own decimals, half to even; ledger units."""
    spec = currency_spec(currency)
    step = int(10 ** (spec.ledger_exponent - spec.exponent))
    return round(exact / step) * step


def converted(units: Fraction, rate: Fraction, *, base: str, quote: str) -> Fraction:
    """
    Ledger units of one currency in those of another, exactly.

    :param rate: what one main unit of `base` is worth in main units of `quote`
    """
    return units * rate * currency_spec(quote).ledger_scale / currency_spec(base).ledger_scale
