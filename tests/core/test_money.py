"""Amounts are exact, bounded, and of one currency."""

import operator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.currencies import CURRENCIES, UnknownCurrency, currency_spec
from apps.core.money import (
    AmountNotExact,
    AmountOutOfRange,
    CurrencyMismatch,
    InvalidAmount,
    Money,
    MoneyError,
)

units = st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)
currencies = st.sampled_from(sorted(CURRENCIES))
amounts = st.builds(Money, units, currencies)


@pytest.mark.parametrize(
    ("code", "exponent", "ledger_exponent", "kind"),
    [
        ("EUR", 2, 6, "fiat"),
        ("JPY", 0, 6, "fiat"),
        ("KWD", 3, 6, "fiat"),
        ("CLF", 4, 6, "fiat"),
        ("XCG", 2, 6, "fiat"),
        ("BTC", 8, 8, "crypto"),
        ("ETH", 8, 8, "crypto"),
        ("USDT", 6, 8, "crypto"),
    ],
)
def test_a_currency_has_its_decimals(code: str, exponent: int, ledger_exponent: int, kind: str) -> None:
    spec = currency_spec(code)
    assert (spec.code, spec.exponent, spec.ledger_exponent, spec.kind) == (code, exponent, ledger_exponent, kind)
    assert spec.ledger_scale == 10**ledger_exponent


def test_the_table_is_the_active_iso_list() -> None:
    fiat = [spec for spec in CURRENCIES.values() if spec.kind == "fiat"]
    by_exponent = {n: sum(spec.exponent == n for spec in fiat) for n in (0, 2, 3, 4)}
    assert by_exponent == {0: 17, 2: 139, 3: 7, 4: 2}
    assert all(len(spec.code) == 3 and spec.code.isupper() for spec in fiat)
    assert all(spec.exponent <= spec.ledger_exponent for spec in CURRENCIES.values())


@pytest.mark.parametrize("code", ["FUN", "XXX", "XAU", "eur", "", "ANG", None, 978, ["EUR"]])
def test_what_is_not_a_currency_is_refused(code: object) -> None:
    with pytest.raises(UnknownCurrency) as caught:
        currency_spec(code)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert isinstance(caught.value, MoneyError)


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("12.34", "EUR", 12_340_000),
        ("0", "EUR", 0),
        ("-0", "EUR", 0),
        ("-0.01", "EUR", -10_000),
        ("100", "JPY", 100_000_000),
        ("100.000", "JPY", 100_000_000),
        ("1.234", "KWD", 1_234_000),
        ("0.00000001", "BTC", 1),
        ("9223372036854.77", "EUR", 9_223_372_036_854_770_000),
    ],
)
def test_decimal_strings_are_read_exactly(text: str, currency: str, expected: int) -> None:
    assert Money.parse(text, currency) == Money(expected, currency)


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "1 ", "1.", ".5", "+1", "--1", "1e3", "1E-2", "NaN", "Infinity", "0x10", "1,5", "1_000",
        "01", "00.5", "\uff11", "\u0661", "1.5\n", "1" * 21, 1, 1.5, True, None, Decimal("1.5"), b"1",
    ],
)  # fmt: skip
def test_anything_but_a_plain_decimal_string_is_refused(text: object) -> None:
    with pytest.raises(InvalidAmount) as caught:
        Money.parse(text, "EUR")
    assert caught.value.value is text


@pytest.mark.parametrize(
    ("text", "currency", "decimals"), [("12.345", "EUR", 2), ("0.5", "JPY", 0), ("1.2345", "KWD", 3)]
)
def test_an_amount_finer_than_its_currency_is_refused(text: str, currency: str, decimals: int) -> None:
    with pytest.raises(AmountNotExact) as caught:
        Money.parse(text, currency)
    assert (caught.value.value, caught.value.currency, caught.value.decimals) == (text, currency, decimals)


def test_ledger_precision_lets_finer_amounts_in_up_to_the_ledgers_own() -> None:
    assert Money.parse("0.00001", "EUR", precision="ledger") == Money(10, "EUR")
    assert Money.parse("1.50", "JPY", precision="ledger") == Money(1_500_000, "JPY")
    with pytest.raises(AmountNotExact):
        Money.parse("0.0000001", "EUR", precision="ledger")


@pytest.mark.parametrize("beyond", [2**63, -(2**63), 10**30])
def test_an_amount_beyond_bigint_is_refused(beyond: int) -> None:
    with pytest.raises(AmountOutOfRange):
        Money(beyond, "EUR")
    with pytest.raises(AmountOutOfRange):
        Money(2**63 - 1, "EUR") + Money(1, "EUR")
    with pytest.raises(AmountOutOfRange):
        Money.parse("9223372036854.78", "EUR")


@pytest.mark.parametrize("not_units", [1.0, True, "1", None, Decimal(1)])
def test_units_are_integers(not_units: object) -> None:
    with pytest.raises(InvalidAmount):
        Money(not_units, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(12_340_000, "EUR"), "12.34"),
        (Money(12_300_000, "EUR"), "12.30"),
        (Money(0, "EUR"), "0.00"),
        (Money(10, "EUR"), "0.00001"),
        (Money(-1, "EUR"), "-0.000001"),
        (Money(100_000_000, "JPY"), "100"),
        (Money(500_000, "JPY"), "0.5"),
        (Money(1_234_000, "KWD"), "1.234"),
        (Money(1, "BTC"), "0.00000001"),
        (Money(150_000_000, "USDT"), "1.500000"),
    ],
)
def test_amounts_are_written_with_their_currencys_decimals(money: Money, text: str) -> None:
    assert money.format() == text
    assert money.to_json() == {"amount": text, "currency": money.currency}
    assert str(money) == f"{text} {money.currency}"


@pytest.mark.parametrize(
    ("value", "scale", "currency", "expected"),
    [
        (100_500, 5, "EUR", 1_005_000),
        (1050, 2, "EUR", 10_500_000),
        (-1, 5, "EUR", -10),
        (100, 0, "JPY", 100_000_000),
        (10_000_000_000, 8, "EUR", 100_000_000),
        (1, 11, "BTC", None),
        (5, 7, "EUR", None),
    ],
)
def test_vendor_integers_are_exact_or_refused(value: int, scale: int, currency: str, expected: int | None) -> None:
    if expected is None:
        with pytest.raises(AmountNotExact):
            Money.from_scaled(value, scale, currency)
    else:
        assert Money.from_scaled(value, scale, currency) == Money(expected, currency)


@pytest.mark.parametrize("value", [1.0, True, "1", None])
def test_vendor_integers_are_integers(value: object) -> None:
    with pytest.raises(InvalidAmount):
        Money.from_scaled(value, 5, "EUR")  # type: ignore[arg-type]


def test_an_amount_finer_than_the_vendors_scale_is_refused() -> None:
    assert Money(10, "EUR").to_scaled(5) == 1
    assert Money(-10, "EUR").to_scaled(5) == -1
    with pytest.raises(AmountNotExact):
        Money(11, "EUR").to_scaled(5)
    with pytest.raises(AmountNotExact):
        Money(-11, "EUR").to_scaled(5)


def test_minor_units_follow_the_currency() -> None:
    assert Money.from_minor(1234, "EUR").to_minor() == 1234
    assert Money.from_minor(1234, "JPY") == Money(1_234_000_000, "JPY")
    assert Money.from_minor(1234, "KWD") == Money(1_234_000, "KWD")


@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e999999"), Decimal("1e-999999"), 1.5, "1"]
)
def test_a_decimal_must_be_a_finite_decimal(value: object) -> None:
    with pytest.raises(InvalidAmount):
        Money.from_decimal(value, "EUR")


def test_decimals_are_exact_or_refused() -> None:
    assert Money.from_decimal(Decimal("1.5E+1"), "EUR") == Money(15_000_000, "EUR")
    assert Money.from_decimal(Decimal("0.0"), "EUR") == Money.zero("EUR")
    with pytest.raises(AmountNotExact):
        Money.from_decimal(Decimal("0.0000001"), "EUR")
    with pytest.raises(AmountNotExact):
        Money.from_decimal(Decimal("0.001"), "EUR", precision="currency")


def test_currencies_do_not_mix() -> None:
    euro, yen = Money(1, "EUR"), Money(1, "JPY")
    for mix in (
        lambda: euro + yen,
        lambda: euro - yen,
        lambda: euro < yen,
        lambda: euro <= yen,
        lambda: euro > yen,
        lambda: euro >= yen,
    ):
        with pytest.raises(CurrencyMismatch) as caught:
            mix()
        assert (caught.value.left, caught.value.right) == ("EUR", "JPY")
    assert euro != yen


def test_money_does_not_reckon_with_bare_numbers() -> None:
    number: Any = 1
    euro = Money(1, "EUR")
    for reckon in (operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError):
            reckon(euro, number)
    with pytest.raises(TypeError):
        operator.mul(euro, 1.5)
    assert euro != number


def test_reckoning_within_one_currency() -> None:
    assert Money(3, "EUR") + Money(4, "EUR") == Money(7, "EUR")
    assert Money(3, "EUR") - Money(4, "EUR") == Money(-1, "EUR")
    assert 3 * Money(4, "EUR") == Money(12, "EUR")
    assert abs(-Money(4, "EUR")) == Money(4, "EUR")
    assert Money(3, "EUR") < Money(4, "EUR") <= Money(4, "EUR")
    assert not Money.zero("EUR")
    assert len({Money(1, "EUR"), Money(1, "EUR"), Money(1, "JPY")}) == 2


@given(amounts)
def test_writing_and_reading_returns_the_same_amount(money: Money) -> None:
    assert Money.parse(money.format(), money.currency, precision="ledger") == money
    assert Money.from_decimal(money.decimal, money.currency) == money
    assert Decimal(money.format()) == money.decimal


@given(amounts, st.integers(min_value=0, max_value=12))
def test_scaling_returns_the_same_amount_or_is_refused(money: Money, scale: int) -> None:
    exact = (money.decimal * 10**scale) % 1 == 0 if scale < 8 else True
    try:
        scaled = money.to_scaled(scale)
    except AmountNotExact:
        assert not exact
    else:
        assert exact
        assert Money.from_scaled(scaled, scale, money.currency) == money


@given(st.text(max_size=30), currencies)
def test_no_text_is_read_as_something_it_does_not_say(text: str, currency: str) -> None:
    try:
        money = Money.parse(text, currency, precision="ledger")
    except MoneyError:
        return
    assert money.decimal == Decimal(text)
