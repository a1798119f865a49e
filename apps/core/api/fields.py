"""Serializer fields of the public API."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.currencies import UnknownCurrency
from apps.core.money import AmountNotExact, AmountOutOfRange, InvalidAmount, Money, Precision


class MoneySerializer(serializers.Serializer[Any]):
    """An amount of money: a decimal string in main units and its currency. For the API description."""

    amount = serializers.RegexField(
        r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$", help_text="Plain decimal string in main units, e.g. `12.34`."
    )
    currency = serializers.CharField(help_text="ISO 4217 code, or a listed crypto code.")


@extend_schema_field(MoneySerializer)
class MoneyField(serializers.Field[Money, Any, dict[str, str], Any]):
    """
    :class:`Money` as ``{"amount": "12.34", "currency": "EUR"}``.

    Written amounts are positive unless ``allow_zero`` or ``allow_negative``, and no finer than the
    currency's own decimals unless ``precision="ledger"``. JSON numbers are refused: a float may have
    lost a cent before it arrived.
    """

    default_error_messages = {
        "invalid": "Expected an object with an amount (a decimal string) and a currency.",
        "unexpected": "Unexpected member {name}.",
        "invalid_amount": 'The amount must be a plain decimal string such as "12.34".',
        "too_precise": "The amount may have at most {decimals} decimals in {currency}.",
        "out_of_range": "The amount is too large.",
        "unknown_currency": "Unknown currency.",
        "not_positive": "The amount must be greater than zero.",
        "negative": "The amount must not be negative.",
    }

    def __init__(
        self,
        *,
        allow_zero: bool = False,
        allow_negative: bool = False,
        precision: Precision = "currency",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.allow_zero = allow_zero
        self.allow_negative = allow_negative
        self.precision: Precision = precision

    def to_internal_value(self, data: Any) -> Money:
        """Read the JSON form; each way to be wrong has its own code."""
        if not isinstance(data, dict) or "amount" not in data or "currency" not in data:
            self.fail("invalid")
        unexpected = sorted(str(name) for name in data.keys() - {"amount", "currency"})
        if unexpected:
            self.fail("unexpected", name=unexpected[0][:40])
        money = self._parse(data["amount"], data["currency"])
        if money.units < 0 and not self.allow_negative:
            self.fail("negative")
        if money.units == 0 and not (self.allow_zero or self.allow_negative):
            self.fail("not_positive")
        return money

    def _parse(self, amount: Any, currency: Any) -> Money:
        try:
            return Money.parse(amount, currency, precision=self.precision)
        except UnknownCurrency:
            self.fail("unknown_currency")
        except InvalidAmount:
            self.fail("invalid_amount")
        except AmountNotExact as error:
            self.fail("too_precise", decimals=error.decimals, currency=error.currency)
        except AmountOutOfRange:
            self.fail("out_of_range")

    def to_representation(self, value: Money) -> dict[str, str]:
        """Write the JSON form."""
        return value.to_json()
