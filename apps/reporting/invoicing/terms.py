"""What a contract says, as values that can be reckoned with and written into an invoice. No database."""

from dataclasses import dataclass
from typing import Any, Self

from apps.reporting.invoicing.tiers import Tier

ALL_GAMES = "all"


@dataclass(frozen=True, slots=True)
class RateGroup:
    """The tiers of some games: `scope` is ``all``, ``studio:<code>`` or ``category:<code>``; currency empty: any."""

    scope: str
    currency: str
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """A contract's terms. Shares are in millionths, amounts in ledger units."""

    basis: str
    tier_mode: str
    groups: tuple[RateGroup, ...]
    invoice_currency: str = ""
    fixed_currency: str = ""
    minimum_units: int = 0
    fixed_units: int = 0
    bonus_ppm: int = 0
    deducts_free_rounds: bool = True
    jackpot_ppm: int = 0
    deducts_jackpot: bool = False
    carries_negative: bool = False
    vat_ppm: int = 0
    vat_note: str = ""

    def as_document(self) -> dict[str, Any]:
        """JSON values; `from_document` reads them."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name != "groups"}
        values["groups"] = [
            {
                "scope": each.scope,
                "currency": each.currency,
                "tiers": [[tier.from_units, tier.rate_ppm] for tier in each.tiers],
            }
            for each in self.groups
        ]
        return values

    @classmethod
    def from_document(cls, values: dict[str, Any]) -> Self:
        """Read what `as_document` wrote."""
        groups = tuple(
            RateGroup(each["scope"], each["currency"], tuple(Tier(*tier) for tier in each["tiers"]))
            for each in values["groups"]
        )
        return cls(**{**values, "groups": groups})
