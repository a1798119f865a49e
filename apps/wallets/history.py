"""What happened to a player's money, as the player is shown it. Read from the ledger."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from apps.core.money import Money
from apps.transactions.models import PLAYER_KINDS, Transaction, Transfer


@dataclass(frozen=True, slots=True)
class Movement:
    """
    One transaction seen from a player's wallet.

    ``changes`` has the signed change of each bucket in ledger units: what came in is positive.
    """

    id: UUID
    kind: str
    currency: str
    changes: dict[str, int]
    round_id: int | None
    reverses_id: UUID | None
    created_at: datetime

    @property
    def amount(self) -> Money:
        """The change of all buckets together: nothing, where money only moved from one to another."""
        return Money(sum(self.changes.values()), self.currency)

    def change(self, bucket: str) -> Money:
        """The change of one bucket."""
        return Money(self.changes[bucket], self.currency)


def transactions_of(player_id: int, *, kind: str | None = None, currency: str | None = None) -> QuerySet[Transaction]:
    """The transactions of a player, newest first; of one kind or currency where asked for."""
    terms = {name: value for name, value in (("kind", kind), ("currency", currency)) if value is not None}
    return Transaction.objects.filter(player_id=player_id, **terms).order_by("-id")


def movements(player_id: int, transactions: Sequence[Transaction]) -> list[Movement]:
    """What a page of transactions did to the player's buckets; one query, whatever their number."""
    changes: dict[UUID, dict[str, int]] = defaultdict(lambda: {kind.value: 0 for kind in PLAYER_KINDS})
    transfers = Transfer.objects.filter(transaction_id__in=[row.pk for row in transactions])
    sides = transfers.values_list(
        "transaction_id",
        "amount",
        "debit_account__player_id",
        "debit_account__kind",
        "credit_account__player_id",
        "credit_account__kind",
    )
    for transaction_id, amount, debit_player, debit_kind, credit_player, credit_kind in sides:
        if debit_player == player_id:
            changes[transaction_id][debit_kind] -= amount
        if credit_player == player_id:
            changes[transaction_id][credit_kind] += amount
    return [
        Movement(
            id=row.pk,
            kind=row.kind,
            currency=row.currency,
            changes=changes[row.pk],
            round_id=row.round_id,
            reverses_id=row.reverses_id,
            created_at=row.created_at,
        )
        for row in transactions
    ]
