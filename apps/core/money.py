"""Amounts of money in exact ledger units. No exchange between currencies and no rounding, ever."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Self

from apps.core.currencies import MoneyError, UnknownCurrency, currency_spec

__all__ = [
    "AmountNotExact",
    "AmountOutOfRange",
    "CurrencyMismatch",
    "InvalidAmount",
    "Money",
    "MoneyError",
    "UnknownCurrency",
]

Precision = Literal["currency", "ledger"]

# PostgreSQL's bigint, kept symmetric so that negation always fits.
UNITS_LIMIT = 2**63

# Powers of ten; keeps a hostile "1e999999" from becoming a huge integer.
_MAX_MAGNITUDE = 50

# ASCII digits only (\d would take other scripts' digits); longer than any amount that fits a bigint.
_DECIMAL_STRING = re.compile(r"(-?)(0|[1-9][0-9]{0,19})(?:\.([0-9]{1,30}))?", re.ASCII)


class InvalidAmount(MoneyError):
    """The input is not a plain decimal string (or, where one is asked for, a plain integer)."""

    def __init__(self, value: object) -> None:
        super().__init__(f"not a plain decimal amount: {value!r:.60}")
        self.value = value


class AmountNotExact(MoneyError):
    """The amount is finer than what it has to be expressed in; nothing is ever rounded."""

    def __init__(self, value: object, currency: str, decimals: int) -> None:
        super().__init__(f"{value!s:.60} {currency} does not fit {decimals} decimals")
        self.value = value
        self.currency = currency
        self.decimals = decimals


class AmountOutOfRange(MoneyError):
    """The amount does not fit the ledger's 64-bit units."""

    def __init__(self, units: int, currency: str) -> None:
        super().__init__(f"amount in {currency} is beyond the ledger's range")
        self.units = units
        self.currency = currency


class CurrencyMismatch(MoneyError):
    """Two amounts of different currencies met."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} do not mix")
        self.left = left
        self.right = right


@dataclass(frozen=True, slots=True)
class Money:
    """
    An exact amount: ``units`` in the currency's ledger unit (10^-6 for fiat, 10^-8 for crypto).

    :raises InvalidAmount: if units is not an int
    :raises UnknownCurrency: if the currency is not in the table
    :raises AmountOutOfRange: if |units| is not below 2**63
    """

    units: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.units) is not int:
            raise InvalidAmount(self.units)
        currency_spec(self.currency)
        if not -UNITS_LIMIT < self.units < UNITS_LIMIT:
            raise AmountOutOfRange(self.units, self.currency)

    # Making

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in that currency."""
        return cls(0, currency)

    @classmethod
    def parse(cls, text: object, currency: str, *, precision: Precision = "currency") -> Self:
        """
        Read a plain decimal string such as ``"12.34"``; trailing zeros do not count as precision.

        :param precision: ``"currency"`` allows the currency's own decimals, ``"ledger"`` all the
            ledger can hold
        :raises InvalidAmount: for anything but ``-?digits[.digits]``: floats, exponents, NaN, spaces
        :raises AmountNotExact: if it is finer than the precision
        """
        spec = currency_spec(currency)
        match = _DECIMAL_STRING.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InvalidAmount(text)
        sign, whole, fraction = match[1], match[2], (match[3] or "").rstrip("0")
        decimals = spec.exponent if precision == "currency" else spec.ledger_exponent
        if len(fraction) > decimals:
            raise AmountNotExact(text, currency, decimals)
        units = int(whole + fraction.ljust(spec.ledger_exponent, "0"))
        return cls(-units if sign else units, currency)

    @classmethod
    def from_scaled(cls, value: int, scale: int, currency: str) -> Self:
        """
        Take a vendor's integer that counts ``10**-scale`` main units (scale 5: x100000; 2: cents).

        :raises InvalidAmount: if value is not an int (a bool is not)
        :raises AmountNotExact: if it is finer than the ledger
        """
        if type(value) is not int:
            raise InvalidAmount(value)
        ledger_exponent = currency_spec(currency).ledger_exponent
        shift = ledger_exponent - scale
        if shift >= 0:
            return cls(value * 10**shift, currency)
        units, rest = divmod(value, 10**-shift)
        if rest:
            raise AmountNotExact(value, currency, ledger_exponent)
        return cls(units, currency)

    @classmethod
    def from_minor(cls, value: int, currency: str) -> Self:
        """Take an integer in the currency's minor units (EUR cents, whole JPY, KWD fils)."""
        return cls.from_scaled(value, currency_spec(currency).exponent, currency)

    @classmethod
    def from_decimal(cls, value: object, currency: str, *, precision: Precision = "ledger") -> Self:
        """
        Take an exact Decimal in main units.

        :raises InvalidAmount: if it is not a finite Decimal
        :raises AmountNotExact: if it is finer than the precision
        """
        if not isinstance(value, Decimal) or not value.is_finite() or abs(value.adjusted()) > _MAX_MAGNITUDE:
            raise InvalidAmount(value)
        spec = currency_spec(currency)
        decimals = spec.exponent if precision == "currency" else spec.ledger_exponent
        numerator, denominator = value.as_integer_ratio()
        scaled, rest = divmod(numerator * 10**decimals, denominator)
        if rest:
            raise AmountNotExact(value, currency, decimals)
        return cls(scaled * 10 ** (spec.ledger_exponent - decimals), currency)

    # Expressing

    def to_scaled(self, scale: int) -> int:
        """
        Count in ``10**-scale`` main units, as vendors do.

        :raises AmountNotExact: if the amount is finer than that
        """
        shift = currency_spec(self.currency).ledger_exponent - scale
        if shift <= 0:
            return self.units * int(10**-shift)
        value, rest = divmod(self.units, int(10**shift))
        if rest:
            raise AmountNotExact(self.format(), self.currency, scale)
        return value

    def to_minor(self) -> int:
        """Count in the currency's minor units; refuses what is finer (:class:`AmountNotExact`)."""
        return self.to_scaled(currency_spec(self.currency).exponent)

    @property
    def decimal(self) -> Decimal:
        """The amount in main units, exact."""
        sign = 1 if self.units < 0 else 0
        digits = tuple(map(int, str(abs(self.units))))
        return Decimal((sign, digits, -currency_spec(self.currency).ledger_exponent))

    def format(self) -> str:
        """
        Plain decimal string in main units.

        At least the currency's decimals, more only where they are not zero: ``"12.30"``,
        ``"0.00001"``, JPY ``"100"``.
        """
        spec = currency_spec(self.currency)
        digits = str(abs(self.units)).rjust(spec.ledger_exponent + 1, "0")
        whole, fraction = digits[: -spec.ledger_exponent], digits[-spec.ledger_exponent :]
        fraction = fraction.rstrip("0").ljust(spec.exponent, "0")
        sign = "-" if self.units < 0 else ""
        return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"

    def to_json(self) -> dict[str, str]:
        """The public form: ``{"amount": "12.34", "currency": "EUR"}``."""
        return {"amount": self.format(), "currency": self.currency}

    def __str__(self) -> str:
        return f"{self.format()} {self.currency}"

    # Reckoning, within one currency

    def _units_of(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.units

    def __add__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.units + self._units_of(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.units - self._units_of(other), self.currency)

    def __mul__(self, factor: int) -> "Money":
        if type(factor) is not int:
            return NotImplemented
        return Money(self.units * factor, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> "Money":
        return Money(-self.units, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.units), self.currency)

    def __bool__(self) -> bool:
        return self.units != 0

    def __lt__(self, other: "Money") -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.units < self._units_of(other)

    def __le__(self, other: "Money") -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.units <= self._units_of(other)

    def __gt__(self, other: "Money") -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.units > self._units_of(other)

    def __ge__(self, other: "Money") -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.units >= self._units_of(other)
