"""Decimal amounts of protocols and the ledger's integers: exact in, and out never more than the player has."""

import re
from decimal import Decimal

import msgspec

from apps.core.currencies import currency_spec
from apps.core.money import Money, MoneyError

LARGEST = Decimal(10) ** 10
"""A bound that no currency needs, in main units; in the finest ledger unit (10^-8) still a bigint."""

_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?")
_PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?", re.ASCII)
_FEWEST_DECIMALS = 2


class UnusableAmount(ValueError):
    """The amount is no number, or does not fit the ledger unit of its currency exactly."""


def json_number(raw: msgspec.Raw) -> Decimal:
    """
    Read a JSON number as it was written, never through a float.

    :raises UnusableAmount: for anything else, a number in quotes included, and beyond any need
    """
    text = bytes(raw)
    if not _NUMBER.fullmatch(text):
        raise UnusableAmount("not a JSON number")
    return _bounded(Decimal(text.decode()))


def plain_decimal(text: str) -> Decimal:
    """
    Read a decimal string without sign, exponent or leading zeros.

    :raises UnusableAmount: for anything else, and beyond any need
    """
    if not _PLAIN.fullmatch(text):
        raise UnusableAmount("not a plain decimal")
    return _bounded(Decimal(text))


def ledger_units(amount: Decimal, currency: str) -> int:
    """
    Convert main units to ledger units of the currency.

    :raises UnusableAmount: if the currency is unknown, or the amount finer than its ledger unit
    """
    try:
        return Money.from_decimal(amount, currency).units
    except MoneyError as error:
        raise UnusableAmount(str(error)) from error


def coin_units(currency: str) -> int:
    """Ledger units of the currency's smallest coin."""
    spec = currency_spec(currency)
    return int(10 ** (spec.ledger_exponent - spec.exponent))


def main_units(units: int, currency: str, *, most_decimals: int) -> Decimal:
    """Convert ledger units to main units with 2 to `most_decimals` decimals; a finer rest is not shown."""
    places = min(most_decimals, currency_spec(currency).ledger_exponent)
    floored = units // 10 ** (currency_spec(currency).ledger_exponent - places)
    whole, fraction = divmod(floored, 10**places)
    digits = f"{fraction:0{places}d}".rstrip("0").ljust(_FEWEST_DECIMALS, "0")
    return Decimal(f"{whole}.{digits}")


def _bounded(amount: Decimal) -> Decimal:
    if abs(amount) > LARGEST:
        raise UnusableAmount("beyond any need")
    return amount
