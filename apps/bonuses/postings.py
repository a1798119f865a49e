"""The ledger lines of bonuses, and the buckets as they are under the wallet's lock. States are not looked at here."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, F, Sum, When

from apps.bonuses.models import Grant
from apps.core.ids import uuid7
from apps.transactions.models import Account, AccountKind, TransactionKind, Transfer
from apps.transactions.posting import Leg, PlayerAccounts, open_player_accounts, post, shared_account

# Kinds of postings that may put bonus money beside that of a grant.
_FROM_ELSEWHERE = (TransactionKind.ADJUSTMENT, TransactionKind.TEST_FUNDING)


@dataclass(frozen=True, slots=True)
class Buckets:
    """A wallet's accounts, with balances and versions."""

    accounts: PlayerAccounts
    balances: dict[str, int]
    versions: dict[str, int]

    @property
    def bonus(self) -> int:
        """Ledger units in the bonus bucket."""
        return self.balances[AccountKind.BONUS]


def buckets_of(grant: Grant) -> Buckets:
    """Read the wallet; the caller holds its lock."""
    accounts = open_player_accounts(player_id=grant.player_id, brand_id=grant.brand_id, currency=grant.currency)
    rows = Account.objects.filter(player_id=grant.player_id, currency=grant.currency)
    found = {kind: (balance, version) for kind, balance, version in rows.values_list("kind", "balance", "version")}
    balances = {kind: balance for kind, (balance, _) in found.items()}
    return Buckets(accounts, balances, {kind: version for kind, (_, version) in found.items()})


def part_of(grant: Grant, buckets: Buckets) -> int:
    """Ledger units of the bonus bucket that belong to an active grant: all but what was put there from elsewhere."""
    sign = Case(When(credit_account_id=buckets.accounts.bonus, then=F("amount")), default=-F("amount"))
    elsewhere = Transfer.objects.filter(
        transaction__player_id=grant.player_id,
        transaction__kind__in=_FROM_ELSEWHERE,
        transaction_id__gt=grant.claim_transaction_id,
    )
    touching = elsewhere.filter(credit_account_id=buckets.accounts.bonus) | elsewhere.filter(
        debit_account_id=buckets.accounts.bonus
    )
    moved = touching.aggregate(total=Sum(sign))["total"] or 0
    return max(0, buckets.bonus - max(0, grant.other_units + int(moved)))


def post_claimed(grant: Grant, buckets: Buckets, *, now: datetime) -> UUID:
    """Give the bonus, at the brand's cost."""
    return _post(grant, [Leg(_cost(grant), buckets.accounts.bonus, grant.amount_units)], "claimed", now)


def post_ended(grant: Grant, buckets: Buckets, *, converted: int, taken_back: int, now: datetime) -> UUID | None:
    """Turn bonus money into cash, and give the rest back to the brand; None if there is nothing to move."""
    return _post_out(grant, buckets, converted, taken_back, "ended", now)


def post_late(grant: Grant, buckets: Buckets, *, converted: int, taken_back: int, now: datetime) -> UUID | None:
    """The same for what came back after the end."""
    return _post_out(grant, buckets, converted, taken_back, "late", now)


def _post_out(
    grant: Grant, buckets: Buckets, converted: int, taken_back: int, event: str, now: datetime
) -> UUID | None:
    legs = [Leg(buckets.accounts.bonus, buckets.accounts.cash, converted)] if converted else []
    if taken_back:
        legs.append(Leg(buckets.accounts.bonus, _cost(grant), taken_back))
    return _post(grant, legs, event, now) if legs else None


def _cost(grant: Grant) -> int:
    return shared_account(brand_id=grant.brand_id, currency=grant.currency, kind=AccountKind.BONUS_COST.value)


def _post(grant: Grant, legs: list[Leg], event: str, now: datetime) -> UUID:
    return post(
        kind=TransactionKind.BONUS.value,
        brand_id=grant.brand_id,
        currency=grant.currency,
        player_id=grant.player_id,
        external_id=str(uuid7()) if event == "late" else f"{grant.public_id}/{event}",
        legs=legs,
        details={"grant": str(grant.public_id), "event": event},
        now=now,
    )
