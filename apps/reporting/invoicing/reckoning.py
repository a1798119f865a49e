"""Reckons a month: figures and terms in, lines out. Exact until a line is made, which is rounded once. No database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.reporting.invoicing.terms import ALL_GAMES, RateGroup, Terms
from apps.reporting.invoicing.tiers import PPM, Slice, converted, marginal, rounded, whole

BASIS_WORDS = {"ggr": "GGR", "ngr": "NGR", "turnover": "turnover"}


class NoRate(DomainError):
    """The contract says nothing of a game, or nobody stated an exchange rate of the month; the detail says which."""

    code = "invoice-no-rate"
    title = "A rate is missing"
    status = 422


@dataclass(frozen=True, slots=True)
class Figures:
    """What one game brought in one currency: stakes and wins less what was taken back, ledger units."""

    game: str
    studio: str
    category: str
    has_jackpot: bool
    currency: str
    staked: int
    won: int
    bonus_staked: int = 0
    bonus_won: int = 0
    free_won: int = 0

    def as_document(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice, in ledger units of its currency, with how it came about as JSON values."""

    key: str
    kind: str
    words: str
    currency: str
    units: int
    reckoning: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A month's lines, and what of bases below zero goes into the next month, by scope and currency."""

    lines: tuple[Line, ...]
    carried_out: dict[str, Fraction]

    def nets(self) -> dict[str, int]:
        """Sum by currency."""
        sums: dict[str, int] = {}
        for line in self.lines:
            sums[line.currency] = sums.get(line.currency, 0) + line.units
        return sums


@dataclass(slots=True)
class _Base:
    """What is summed for one group of games in one currency."""

    scope: str
    currency: str
    parts: dict[str, Fraction] = field(default_factory=dict)
    carried: Fraction = Fraction(0)

    def add(self, name: str, amount: Fraction) -> None:
        if amount:
            self.parts[name] = self.parts.get(name, Fraction(0)) + amount

    @property
    def total(self) -> Fraction:
        return sum(self.parts.values(), self.carried)


def reckon(
    terms: Terms,
    figures: Iterable[Figures],
    *,
    carried_in: Mapping[str, Fraction],
    rates: Mapping[str, Fraction],
) -> Reckoned:
    """
    Reckon what a month costs, VAT and corrections of earlier months aside.

    :param carried_in: bases below zero of the month before, by ``scope/currency``
    :param rates: what a main unit of each currency is worth in the invoice's, where it has one
    :raises NoRate: if the terms say nothing of a game, or a rate is missing
    """
    bases: dict[str, _Base] = {}
    jackpots: dict[str, Fraction] = {}
    for each in figures:
        currency, factor = _target(terms, each.currency, rates)
        scopes = (f"studio:{each.studio}", f"category:{each.category}", ALL_GAMES)
        group = next((found for scope in scopes if (found := _group(terms, scope, currency))), None)
        if group is None:
            raise NoRate(f"The contract has no rate for {each.game} ({each.category}) in {currency}.")
        base = bases.setdefault(f"{group.scope}/{currency}", _Base(group.scope, currency))
        jackpot = Fraction(each.staked * terms.jackpot_ppm, PPM) * factor if each.has_jackpot else Fraction(0)
        jackpots[currency] = jackpots.get(currency, Fraction(0)) + jackpot
        for name, units in _parts(terms, each).items():
            base.add(name, Fraction(units) * factor)
        if terms.deducts_jackpot and terms.basis != "turnover":
            base.add("jackpot", -jackpot)
    for key, units in carried_in.items():
        scope, _, was = key.rpartition("/")
        currency, factor = _target(terms, was, rates)
        # A new version of the contract may have other groups of games.
        scope = scope if _group(terms, scope, currency) else ALL_GAMES
        bases.setdefault(f"{scope}/{currency}", _Base(scope, currency)).carried += units * factor
    shares = [_share(terms, bases[key]) for key in sorted(bases)]
    lines = [*shares, *_jackpot_lines(terms, jackpots), *_flat_lines(terms, shares)]
    carried = {key: base.total for key, base in bases.items() if terms.carries_negative and base.total < 0}
    return Reckoned(tuple(lines), carried)


def vat_lines(terms: Terms, lines: Sequence[Line]) -> list[Line]:
    """VAT on the sum of all lines of a currency, rounded once."""
    if not terms.vat_ppm:
        return []
    sums = Reckoned(tuple(lines), {}).nets()
    made = []
    for currency, net in sorted(sums.items()):
        exact = Fraction(net * terms.vat_ppm, PPM)
        words = f"VAT {_percent(terms.vat_ppm)} of {_amount(Fraction(net), currency)}"
        made.append(
            Line(f"vat/{currency}", "vat", words, currency, rounded(exact, currency), {"net": net, "exact": str(exact)})
        )
    return made


def _target(terms: Terms, currency: str, rates: Mapping[str, Fraction]) -> tuple[str, Fraction]:
    """The currency in which figures are reckoned, and by what their ledger units are multiplied."""
    target = terms.invoice_currency or currency
    if target == currency:
        return target, Fraction(1)
    if currency not in rates:
        raise NoRate(f"Nobody has stated what {currency} was worth in {target}.")
    return target, converted(Fraction(1), rates[currency], base=currency, quote=target)


def _parts(terms: Terms, each: Figures) -> dict[str, Fraction | int]:
    """What adds to the base and what lowers it, by name."""
    if terms.basis == "turnover":
        return {"stakes": each.staked}
    parts: dict[str, Fraction | int] = {"stakes": each.staked, "wins": -each.won}
    if not terms.deducts_free_rounds:
        parts["free_rounds"] = each.free_won
    if terms.basis == "ngr":
        parts["bonus"] = -Fraction((each.bonus_staked - each.bonus_won) * terms.bonus_ppm, PPM)
    return parts


def _group(terms: Terms, scope: str, currency: str) -> RateGroup | None:
    fitting = [each for each in terms.groups if each.scope == scope and each.currency in (currency, "")]
    # Rates of the currency itself come before those of any.
    return max(fitting, key=lambda each: each.currency, default=None)


def _share(terms: Terms, base: _Base) -> Line:
    total = base.total
    group = _group(terms, base.scope, base.currency)
    if group is None:
        raise NoRate(f"The contract has no rate for what was carried over in {base.currency}.")
    slices = (marginal if terms.tier_mode == "marginal" else whole)(total, group.tiers) if total > 0 else []
    exact = sum((each.fee for each in slices), Fraction(0))
    words = f"{_scope_words(base.scope)}: {_amount(total, base.currency)} {BASIS_WORDS[terms.basis]}"
    if slices:
        words += ", " + " + ".join(
            f"{_percent(each.tier.rate_ppm)} of {_amount(each.base, base.currency)}" for each in slices
        )
    elif total < 0:
        words += ", carried into the next month" if terms.carries_negative else ", below zero: no fee"
    reckoning = {
        "parts": {name: str(amount) for name, amount in base.parts.items()},
        "carried_in": str(base.carried),
        "base": str(total),
        "slices": [_written(each) for each in slices],
        "exact": str(exact),
    }
    return Line(
        f"share/{base.scope}/{base.currency}", "share", words, base.currency, rounded(exact, base.currency), reckoning
    )


def _written(piece: Slice) -> dict[str, Any]:
    return {
        "from": piece.tier.from_units,
        "rate_ppm": piece.tier.rate_ppm,
        "base": str(piece.base),
        "fee": str(piece.fee),
    }


def _jackpot_lines(terms: Terms, jackpots: Mapping[str, Fraction]) -> list[Line]:
    made = []
    for currency, exact in sorted(jackpots.items()):
        if exact:
            words = f"Jackpot contribution: {_percent(terms.jackpot_ppm)} of stakes on games with a jackpot"
            units = rounded(exact, currency)
            made.append(Line(f"jackpot/{currency}", "jackpot", words, currency, units, {"exact": str(exact)}))
    return made


def _flat_lines(terms: Terms, shares: Sequence[Line]) -> list[Line]:
    currency, made = terms.fixed_currency, []
    reached = sum(line.units for line in shares if line.currency == currency)
    if terms.minimum_units > reached:
        words = f"Up to the minimum of {_amount(Fraction(terms.minimum_units), currency)}"
        made.append(
            Line(f"minimum/{currency}", "minimum", words, currency, terms.minimum_units - reached, {"shares": reached})
        )
    if terms.fixed_units:
        made.append(Line(f"fixed/{currency}", "fixed", "Fixed fee of the month", currency, terms.fixed_units))
    return made


def _scope_words(scope: str) -> str:
    kind, _, name = scope.partition(":")
    return {"all": "All games", "studio": f"Studio {name}", "category": f"Category {name}"}[kind]


def _percent(ppm: int) -> str:
    return f"{Decimal(ppm).scaleb(-4).normalize():f} %"


def _amount(units: Fraction, currency: str) -> str:
    """For reading: rounded to the currency's decimals; the exact fraction stands in the reckoning."""
    return f"{Money(rounded(units, currency), currency).format()} {currency}"
