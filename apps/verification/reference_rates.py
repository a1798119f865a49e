"""What an amount is worth in the currency of a threshold, roughly. No money is ever exchanged with it."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from django.conf import settings

from apps.core.money import Money

PER_EURO: Mapping[str, Decimal] = MappingProxyType(
    {
        "EUR": Decimal(1),
        "GBP": Decimal("0.83"),
        "USD": Decimal("1.05"),
        "CAD": Decimal("1.45"),
        "AUD": Decimal("1.60"),
        "SEK": Decimal("10.8"),
        "NOK": Decimal("11.2"),
        "DKK": Decimal("7.40"),
        "CHF": Decimal("0.92"),
        "PLN": Decimal("4.15"),
        "JPY": Decimal(155),
        "BTC": Decimal("0.000010"),
        "ETH": Decimal("0.00028"),
    }
)
"""Units of a currency for one euro, rounded down: a threshold is reached rather early than late."""


def in_euro(money: Money) -> Decimal | None:
    """Convert; None for a currency without a rate, which whoever asks takes for the worst."""
    rates: Mapping[str, str] = getattr(settings, "VERIFICATION_RATES_PER_EURO", {})
    rate = Decimal(str(rates[money.currency])) if money.currency in rates else PER_EURO.get(money.currency)
    return None if not rate else money.decimal / rate


def value_in(money: Money, currency: str) -> Decimal | None:
    """Convert to the currency of a threshold; None where either has no rate."""
    euro, one = in_euro(money), in_euro(Money.parse("1", currency))
    return None if euro is None or not one else euro / one
