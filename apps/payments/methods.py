"""The ways to pay that are open to a player: what the matrix offers him, and his instruments."""

from dataclasses import dataclass, field

from apps.core.money import Money
from apps.payments import registry
from apps.payments.contract import Direction
from apps.payments.models import Instrument
from apps.payments.routing import capabilities_for
from apps.players.models import Player


@dataclass(slots=True)
class Limits:
    """Smallest and largest amount in one currency, over all providers."""

    currency: str
    minimum: Money
    maximum: Money


@dataclass(slots=True)
class OwnInstrument:
    """An instrument as its player sees it."""

    id: object
    masked: str
    last_used_at: object


@dataclass(slots=True)
class OpenMethod:
    """One way to pay."""

    code: str
    name: str
    deposits: list[Limits] = field(default_factory=list)
    withdrawals: list[Limits] = field(default_factory=list)
    instruments: list[OwnInstrument] = field(default_factory=list)


def methods_for(player: Player) -> list[OpenMethod]:
    """List what a player may pay with here, by name; nothing about providers, nor why something is missing."""
    currencies = set(player.brand.currencies.filter(is_enabled=True).values_list("code", flat=True))
    found: dict[str, OpenMethod] = {}
    may = {
        Direction.DEPOSIT: player.status in ("active", "restricted") and "deposit" not in player.restrictions,
        Direction.WITHDRAWAL: player.status != "closed" and "withdrawal" not in player.restrictions,
    }
    for direction in (Direction.DEPOSIT, Direction.WITHDRAWAL):
        for cell in capabilities_for(player, direction):
            if (
                not may[direction]
                or cell.currency not in currencies
                or cell.integration.vendor not in registry.ADAPTERS
            ):
                continue
            method = found.setdefault(cell.method_id, OpenMethod(cell.method_id, cell.method.name))
            listed = method.deposits if direction == Direction.DEPOSIT else method.withdrawals
            _widen(listed, cell.currency, cell.min_units, cell.max_units)
    for instrument in Instrument.objects.filter(player=player, is_blocked=False, method_id__in=found):
        own = OwnInstrument(instrument.public_id, instrument.masked, instrument.last_used_at)
        found[instrument.method_id].instruments.append(own)
    return sorted(found.values(), key=lambda method: method.name)


def _widen(listed: list[Limits], currency: str, least: int, most: int) -> None:
    known = next((limits for limits in listed if limits.currency == currency), None)
    if known is None:
        listed.append(Limits(currency, Money(least, currency), Money(most, currency)))
    else:
        known.minimum = min(known.minimum, Money(least, currency))
        known.maximum = max(known.maximum, Money(most, currency))
