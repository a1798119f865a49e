"""What payment providers owe us and keep back, as the ledger has it."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from apps.transactions.models import Account, AccountKind
from apps.transactions.rollup import shared_balances


@dataclass(frozen=True, slots=True)
class Owed:
    """Of one provider and currency, in ledger units; below zero we owe it."""

    currency: str
    units: int
    reserve_units: int


def owed_by(integration_ids: Collection[int]) -> dict[int, list[Owed]]:
    """What each of these providers owes us, by currency, if anything is booked of it; two queries."""
    kinds = (AccountKind.PSP, AccountKind.RESERVE)
    accounts = Account.objects.filter(integration_id__in=integration_ids, kind__in=kinds, player_id=None)
    rows = list(accounts.order_by("currency").values_list("pk", "integration_id", "currency", "kind"))
    balances = shared_balances([pk for pk, *_ in rows]) if rows else {}
    # What is owed to us is a debit, and debits count down.
    units = {(integration, currency, kind): -balances[pk].balance for pk, integration, currency, kind in rows}
    owed: defaultdict[int, list[Owed]] = defaultdict(list)
    for integration, currency in dict.fromkeys((integration or 0, currency) for _, integration, currency, _ in rows):
        main, kept = (units.get((integration, currency, kind), 0) for kind in kinds)
        owed[integration].append(Owed(currency, main, kept))
    return dict(owed)
