"""What a player's wallet holds and every posting that made it so, as integrators and tests read it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from apps.core.money import Money
from apps.players.models import Player
from apps.transactions.models import PLAYER_KINDS, Account, AccountKind

# A transaction that moved nothing (a zero win) has no transfer and is listed as a zero.
_POSTINGS = """
SELECT t.id, t.kind, coalesce(t.details->>'call_id', t.external_id), r.external_id, t.currency, t.created_at,
       x.debit_account_id, x.credit_account_id, coalesce(x.amount, 0)
  FROM transactions_transaction t
  LEFT JOIN transactions_transfer x ON x.transaction_id = t.id
  LEFT JOIN providers_round r ON r.player_id = t.player_id AND r.id = t.round_id
 WHERE t.player_id = %s
 ORDER BY t.id, x.number
"""


@dataclass(frozen=True, slots=True)
class Posting:
    """One change of one bucket; `amount` is signed as the player sees it."""

    transaction_id: UUID
    kind: str
    external_id: str
    round: str | None
    amount: Money
    bucket: str
    created_at: datetime


def balances_by_currency(player: Player) -> dict[str, dict[str, Money]]:
    """Every wallet of a player: currency, bucket, balance."""
    balances: dict[str, dict[str, Money]] = {}
    for account in Account.objects.filter(player_id=player.pk, kind__in=PLAYER_KINDS).order_by("currency"):
        wallet = balances.setdefault(
            account.currency, {kind.value: Money.zero(account.currency) for kind in PLAYER_KINDS}
        )
        wallet[account.kind] = Money(account.balance, account.currency)
    return balances


def postings_of(player: Player) -> list[Posting]:
    """Every posting to the player's buckets, oldest first."""
    buckets = dict(Account.objects.filter(player_id=player.pk).values_list("pk", "kind"))
    postings: list[Posting] = []
    with connection.cursor() as cursor:
        cursor.execute(_POSTINGS, [player.pk])
        for transaction_id, kind, external_id, round_ref, currency, created_at, debit, credit, units in cursor:
            sides = [(debit, -units), (credit, units)]
            moves = [(buckets[account], change) for account, change in sides if account in buckets]
            postings += [
                Posting(transaction_id, kind, external_id, round_ref, Money(change, currency), bucket, created_at)
                for bucket, change in moves or [(AccountKind.CASH.value, 0)]
            ]
    return postings
