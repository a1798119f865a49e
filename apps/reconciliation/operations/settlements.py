"""
Bringing the ledger to what the bank has credited: money moves from a provider's account to the bank's.

What the files say is compared with what is posted, and the difference is posted or taken back. So it may run at any
time, twice, after late files, after discarded ones: it ends the same.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from apps.brands.models import Brand
from apps.integrations.models import Integration
from apps.reconciliation.contracts import contracts_of, fee_terms
from apps.reconciliation.importing.settlements import make_currency_table
from apps.reconciliation.models import SettlementPosting
from apps.transactions.models import AccountKind, TransactionKind
from apps.transactions.posting import Leg, post, shared_account

LOOKS_BACK = timedelta(days=120)
"""The same days that a run looks for payouts in. What was posted before stays."""
# Any constant that no other lock has: with a brand's id it names the lock under which one works at a time.
_LOCK = 7_102_035


@dataclass(frozen=True, slots=True)
class Settled:
    """Something that is to be in the ledger. `units` > 0: by so much less the provider owes us."""

    key: str
    kind: str
    integration_id: int
    currency: str
    units: int
    day: date
    details: dict[str, Any]

    @property
    def terms(self) -> tuple[int, str, int]:
        """What a posting has to agree with."""
        return self.integration_id, self.currency, self.units


def post_settlements(*, now: datetime) -> int:
    """Post, and take back, what the files of every brand say; returns how many postings that were."""
    return sum(_of_brand(brand, now) for brand in Brand.objects.order_by("pk"))


@transaction.atomic
def _of_brand(brand: Brand, now: datetime) -> int:
    rows = Integration.objects.filter(kind=Integration.Kind.PAYMENTS, brand_code=brand.code)
    integrations = list(rows.order_by("pk").values_list("pk", flat=True))
    if not integrations:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, brand.pk])
    since = now.date() - LOOKS_BACK
    wanted = {each.key: each for each in _wanted(integrations, since, now)}
    stand = {each.key: each for each in SettlementPosting.objects.filter(brand=brand, reversal_id=None, day__gte=since)}
    # One may stand from before these days that a line of these days names again.
    older = SettlementPosting.objects.filter(reversal_id=None, key__in=wanted.keys() - stand.keys())
    known = stand | {each.key: each for each in older}
    wrong = [each for key, each in stand.items() if key not in wanted or wanted[key].terms != _terms(each)]
    for each in wrong:
        _take_back(each, now)
    left = known.keys() - {each.key for each in wrong}
    fresh = [each for key, each in wanted.items() if key not in left]
    for settled in fresh:
        _post(brand, settled, now)
    return len(wrong) + len(fresh)


def _wanted(integrations: Sequence[int], since: date, now: datetime) -> list[Settled]:
    make_currency_table()
    terms = [(pk, term) for pk in integrations for term in fee_terms(contracts_of(pk, on=now.date()))]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS recon_settled_term")
        cursor.execute(
            "CREATE TEMP TABLE recon_settled_term ON COMMIT DROP AS SELECT * FROM unnest(%s::integer[], %s::text[],"
            " %s::timestamptz[], %s::timestamptz[], %s::numeric[], %s::bigint[], %s::text[])"
            " AS t (integration_id, movement, valid_from, valid_to, percent, fixed, currency)",
            [
                [pk for pk, _ in terms],
                [term.movement for _, term in terms],
                [term.valid_from for _, term in terms],
                [term.valid_to for _, term in terms],
                [term.percent for _, term in terms],
                [term.fixed for _, term in terms],
                [term.currency for _, term in terms],
            ],
        )
        cursor.execute("SELECT * FROM reconciliation_settled(%s, %s)", [list(integrations), since])
        rows = cursor.fetchall()
    return [
        Settled(key, kind, integration, currency, units, day, json.loads(details))
        for key, kind, integration, currency, units, day, details in rows
    ]


def _terms(posted: SettlementPosting) -> tuple[int, str, int]:
    return posted.integration_id, posted.currency, posted.units


def _post(brand: Brand, settled: Settled, now: datetime) -> None:
    leg = _leg(brand.pk, settled.kind, settled.terms)
    made = post(
        kind=TransactionKind.SETTLEMENT.value,
        brand_id=brand.pk,
        currency=settled.currency,
        integration_id=settled.integration_id,
        legs=[leg],
        details={"settlement": settled.key, "day": settled.day.isoformat(), **settled.details},
        now=now,
    )
    SettlementPosting.objects.create(
        key=settled.key, kind=settled.kind, brand=brand, integration_id=settled.integration_id,
        currency=settled.currency, units=settled.units, day=settled.day, details=settled.details,
        transaction_id=made, posted_at=now,
    )  # fmt: skip


def _take_back(posted: SettlementPosting, now: datetime) -> None:
    leg = _leg(posted.brand_id, posted.kind, _terms(posted))
    posted.reversal_id = post(
        kind=TransactionKind.SETTLEMENT.value,
        brand_id=posted.brand_id,
        currency=posted.currency,
        integration_id=posted.integration_id,
        legs=[Leg(leg.credit, leg.debit, leg.amount)],
        reverses_id=posted.transaction_id,
        details={"settlement": posted.key},
        now=now,
    )
    posted.reversed_at = now
    posted.save(update_fields=["reversal_id", "reversed_at"])


def _leg(brand_id: int, kind: str, terms: tuple[int, str, int]) -> Leg:
    """What the bank got, or the provider kept, it no longer owes; of what the bank paid back, the other way round."""
    integration_id, currency, units = terms
    psp = shared_account(
        brand_id=brand_id, currency=currency, kind=AccountKind.PSP.value, integration_id=integration_id
    )
    of = AccountKind.BANK if kind == SettlementPosting.Kind.BANK else AccountKind.FEE
    other = shared_account(brand_id=brand_id, currency=currency, kind=of.value)
    return Leg(other, psp, units) if units > 0 else Leg(psp, other, -units)
