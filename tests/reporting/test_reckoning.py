"""The arithmetic of provider invoices: exact, by tiers, rounded once."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.reporting.invoicing.months import counts_half_hours, month_before, month_bounds, next_month
from apps.reporting.invoicing.reckoning import Figures, NoRate, Reckoned, reckon, vat_lines
from apps.reporting.invoicing.terms import RateGroup, Terms
from apps.reporting.invoicing.tiers import Tier, converted, marginal, rounded, whole

EURO = 1_000_000


@st.composite
def tier_tables(draw: st.DrawFn) -> tuple[Tier, ...]:
    """Rates from zero on, at growing amounts."""
    froms = [0, *sorted(draw(st.sets(st.integers(1, 10**15), max_size=5)))]
    return tuple(Tier(each, draw(st.integers(0, 1_000_000))) for each in froms)


BASES = st.fractions(min_value=0, max_value=10**16, max_denominator=10**6)


@given(BASES, tier_tables())
def test_marginal_slices_are_the_base_and_each_lies_within_its_tier(base: Fraction, tiers: tuple[Tier, ...]) -> None:
    slices = marginal(base, tiers)
    assert sum((each.base for each in slices), Fraction(0)) == base
    tops = dict(zip(tiers, [*(each.from_units for each in tiers[1:]), None], strict=True))
    for each in slices:
        top = tops[each.tier]
        assert each.base > 0
        assert top is None or each.base <= top - each.tier.from_units


@given(BASES, BASES, tier_tables())
def test_marginal_fees_never_fall_as_the_base_grows_nor_grow_faster_than_it(
    base: Fraction, more: Fraction, tiers: tuple[Tier, ...]
) -> None:
    fee = sum((each.fee for each in marginal(base, tiers)), Fraction(0))
    higher = sum((each.fee for each in marginal(base + more, tiers)), Fraction(0))
    assert 0 <= higher - fee <= more


@given(BASES, tier_tables())
def test_the_whole_band_takes_one_rate_of_all(base: Fraction, tiers: tuple[Tier, ...]) -> None:
    slices = whole(base, tiers)
    assert [each.base for each in slices] == ([base] if base else [])
    highest = max((each for each in tiers if each.from_units <= base), key=lambda each: each.from_units)
    assert all(each.tier == highest for each in slices)


@given(
    st.fractions(min_value=-(10**15), max_value=10**15, max_denominator=10**9),
    st.sampled_from(["EUR", "JPY", "BTC", "KWD"]),
)
def test_rounding_is_half_even_at_the_currencys_decimals(exact: Fraction, currency: str) -> None:
    decimals = {"EUR": 2, "JPY": 0, "BTC": 8, "KWD": 3}[currency]
    ledger = 8 if currency == "BTC" else 6
    step = 10 ** (ledger - decimals)
    found = rounded(exact, currency)
    assert found % step == 0
    assert abs(found - exact) * 2 <= step
    if exact.denominator == 1:
        expected = (Decimal(exact.numerator) / step).quantize(Decimal(1), ROUND_HALF_EVEN) * step
        assert found == int(expected)


def test_half_a_cent_goes_to_the_even_cent() -> None:
    assert [rounded(Fraction(units), "EUR") for units in (5_000, 15_000, 25_000, -5_000)] == [0, 20_000, 20_000, 0]


def test_currencies_are_converted_between_their_own_ledger_units() -> None:
    # 0.5 BTC (8 decimals) at 60 000 EUR (6 decimals).
    assert converted(Fraction(50_000_000), Fraction(60_000), base="BTC", quote="EUR") == 30_000 * EURO


def figures(staked: int, won: int, **more: Any) -> Figures:
    """In euro."""
    money = {name: more.pop(name) * EURO for name in ("bonus_staked", "bonus_won", "free_won") if name in more}
    known: dict[str, Any] = {"game": "g", "studio": "s", "category": "slot", "has_jackpot": False, "currency": "EUR"}
    return Figures(**(known | more), staked=staked * EURO, won=won * EURO, **money)


def terms(*groups: RateGroup, **more: Any) -> Terms:
    flat = (RateGroup("all", "", (Tier(0, 100_000),)),)
    return Terms(**({"basis": "ggr", "tier_mode": "marginal", "groups": groups or flat} | more))


def month(of: Terms, *rows: Figures, **more: Any) -> Reckoned:
    return reckon(of, rows, **({"carried_in": {}, "rates": {}} | more))


def amounts(found: Reckoned) -> dict[str, float]:
    return {line.key: line.units / EURO for line in found.lines}


def test_the_most_special_rate_counts_and_each_group_has_tiers_of_its_own() -> None:
    of = terms(
        RateGroup("all", "EUR", (Tier(0, 100_000), Tier(1_000 * EURO, 50_000))),
        RateGroup("studio:fox", "EUR", (Tier(0, 200_000),)),
        RateGroup("category:live", "EUR", (Tier(0, 150_000),)),
    )
    found = month(
        of, figures(3_000, 1_000), figures(100, 0, studio="fox", category="live"), figures(100, 0, category="live")
    )
    assert amounts(found) == {
        "share/all/EUR": 150.0, "share/category:live/EUR": 15.0, "share/studio:fox/EUR": 20.0,
    }  # fmt: skip
    whole_band = terms(RateGroup("all", "EUR", (Tier(0, 100_000), Tier(1_000 * EURO, 50_000))), tier_mode="whole")
    assert amounts(month(whole_band, figures(3_000, 1_000))) == {"share/all/EUR": 100.0}


def test_bonus_free_rounds_and_jackpots_change_the_base_as_agreed() -> None:
    played = figures(1_000, 700, bonus_staked=200, bonus_won=100, free_won=50, has_jackpot=True)
    assert amounts(month(terms(), played)) == {"share/all/EUR": 30.0}
    assert amounts(month(terms(basis="turnover"), played)) == {"share/all/EUR": 100.0}
    assert amounts(month(terms(basis="ngr", bonus_ppm=500_000), played)) == {"share/all/EUR": 25.0}
    assert amounts(month(terms(deducts_free_rounds=False), played)) == {"share/all/EUR": 35.0}
    of = terms(jackpot_ppm=10_000, deducts_jackpot=True)
    assert amounts(month(of, played)) == {"share/all/EUR": 29.0, "jackpot/EUR": 10.0}


def test_a_base_below_zero_is_lost_or_carried_and_pays_no_fee() -> None:
    lost = month(terms(), figures(100, 400))
    assert (amounts(lost), lost.carried_out) == ({"share/all/EUR": 0.0}, {})
    carried = month(terms(carries_negative=True), figures(100, 400))
    assert carried.carried_out == {"all/EUR": Fraction(-300 * EURO)}
    later = month(terms(carries_negative=True), figures(1_000, 500), carried_in=carried.carried_out)
    assert (amounts(later), later.carried_out) == ({"share/all/EUR": 20.0}, {})
    # Nothing was played: what was carried is carried on.
    assert month(terms(carries_negative=True), carried_in=carried.carried_out).carried_out == carried.carried_out


def test_the_minimum_fills_up_the_shares_and_the_fixed_fee_comes_besides() -> None:
    of = terms(minimum_units=500 * EURO, fixed_units=40 * EURO, fixed_currency="EUR", vat_ppm=190_000)
    found = month(of, figures(1_000, 0))
    assert amounts(found) == {"share/all/EUR": 100.0, "minimum/EUR": 400.0, "fixed/EUR": 40.0}
    assert [(line.key, line.units / EURO) for line in vat_lines(of, found.lines)] == [("vat/EUR", 102.6)]
    assert "minimum/EUR" not in amounts(month(of, figures(6_000, 0)))


def test_currencies_stay_apart_or_are_converted_at_the_stated_rate_and_rounded_once() -> None:
    played = (figures(100, 0), figures(1_000, 0, currency="SEK"))
    assert amounts(month(terms(), *played)) == {"share/all/EUR": 10.0, "share/all/SEK": 100.0}
    of = terms(invoice_currency="EUR")
    found = month(of, *played, rates={"SEK": Fraction("0.087654321")})
    # 10 % of 100 + 87.654321 euro.
    assert amounts(found) == {"share/all/EUR": 18.77}
    with pytest.raises(NoRate, match="what SEK was worth in EUR"):
        month(of, *played)


def test_a_game_without_a_rate_is_refused_by_name() -> None:
    with pytest.raises(NoRate, match=r"no rate for g \(slot\) in SEK"):
        month(terms(RateGroup("all", "EUR", (Tier(0, 1),))), figures(1, 0, currency="SEK"))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=4))
def test_carrying_over_loses_nothing_of_what_was_below_zero(months: list[tuple[int, int]]) -> None:
    of, paid = terms(carries_negative=True), Fraction(0)
    carried: dict[str, Fraction] = {}
    for staked, won in months:
        found = month(of, figures(staked, won), carried_in=carried)
        carried = found.carried_out
        paid += sum(
            (Fraction(line.reckoning["base"]) for line in found.lines if Fraction(line.reckoning["base"]) > 0),
            Fraction(0),
        )
    assert paid + sum(carried.values(), Fraction(0)) == sum((staked - won) * EURO for staked, won in months)


def test_terms_survive_their_document() -> None:
    of = terms(RateGroup("studio:fox", "EUR", (Tier(0, 1), Tier(5, 2))), vat_ppm=1, vat_note="reverse charge")
    assert Terms.from_document(of.as_document()) == of


def test_months_begin_in_the_contracts_zone() -> None:
    assert month_bounds(date(2026, 3, 1), "Europe/Malta") == (
        datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC),
    )  # fmt: skip
    assert (next_month(date(2026, 12, 1)), month_before(date(2026, 1, 1))) == (date(2027, 1, 1), date(2025, 12, 1))
    assert [counts_half_hours(zone) for zone in ("America/St_Johns", "Asia/Kathmandu", "Mars/Base")] == [
        True,
        False,
        False,
    ]
