"""What is in a player's wallets. The amounts are the ledger's own; nothing is kept here."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apps.core.money import Money
from apps.transactions.models import Account


@dataclass(frozen=True, slots=True)
class WalletBalance:
    """The buckets of a player's wallet in one currency, in ledger units."""

    currency: str
    cash: int
    bonus: int
    locked: int
    restricted: int

    @property
    def playable(self) -> int:
        """What can be staked: everything but what is locked for withdrawals."""
        return self.cash + self.bonus + self.restricted

    @property
    def withdrawable(self) -> int:
        """What can be paid out."""
        return self.cash

    def money(self, bucket: str) -> Money:
        """One bucket, or `playable` or `withdrawable`, as Money."""
        return Money(getattr(self, bucket), self.currency)


def in_play_by(source: Callable[[int], Mapping[str, int]]) -> None:
    """Enter who knows what a player has staked in rounds that are open, in ledger units by currency."""
    global _in_play_of  # noqa: PLW0603 - entered once, when the app that knows is ready
    _in_play_of = source


def in_play_of(player_id: int) -> Mapping[str, int]:
    """Stakes in open rounds, in ledger units by currency: no longer in the wallet, and not lost yet. One query."""
    return _in_play_of(player_id)


_in_play_of: Callable[[int], Mapping[str, int]] = lambda _player_id: {}  # noqa: E731 - until games enter theirs


def balances_of(player_id: int) -> list[WalletBalance]:
    """Every wallet of a player, by currency; one query, one consistent moment."""
    buckets: dict[str, dict[str, int]] = defaultdict(dict)
    accounts = Account.objects.filter(player_id=player_id).order_by("currency")
    for currency, kind, balance in accounts.values_list("currency", "kind", "balance"):
        buckets[currency][kind] = balance
    return [WalletBalance(currency=currency, **by_kind) for currency, by_kind in buckets.items()]
