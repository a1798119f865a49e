"""One process, one connection: as many transfers through `apps.transactions.posting.post` as fit in the time."""

import random
import time
from datetime import UTC, datetime

from apps.transactions.models import Account, AccountKind, Transaction, TransactionKind
from apps.transactions.posting import Leg, post, shared_account
from benchmarks.bets import CURRENCY

_ACCOUNTS = 200
_UNITS = 1_000_000
# As the rivals' scripts do: what a new process and connection do once is nobody's speed.
_WARM_UP_TRANSFERS = 50


def run(*, seconds: float) -> dict[str, float]:
    """Move one euro from a random player's cash to the house, each in a commit of its own."""
    players = list(Account.objects.filter(kind=AccountKind.CASH).order_by("pk")[:_ACCOUNTS])
    house = shared_account(brand_id=players[0].brand_id, currency=CURRENCY, kind=AccountKind.HOUSE)
    before = _count()
    for _ in range(_WARM_UP_TRANSFERS):
        _transfer(random.choice(players), house)
    done = 0
    started_at = time.perf_counter()
    while (elapsed := time.perf_counter() - started_at) < seconds:
        _transfer(random.choice(players), house)
        done += 1
    assert _count() - before == done + _WARM_UP_TRANSFERS, "not every transfer is in the ledger"
    return {"transfers": done, "seconds": elapsed}


def _transfer(account: Account, house: int) -> None:
    post(
        kind=TransactionKind.ADJUSTMENT,
        brand_id=account.brand_id,
        currency=CURRENCY,
        player_id=account.player_id,
        legs=[Leg(debit=account.pk, credit=house, amount=_UNITS)],
        now=datetime.now(UTC),
    )


def _count() -> int:
    return Transaction.objects.filter(kind=TransactionKind.ADJUSTMENT).count()
