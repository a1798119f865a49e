"""A hundred thousand rows with breaks of every class planted: each is found, and nothing else is."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from apps.integrations.models import Integration
from apps.reconciliation.models import BreakClass, LedgerLine, RunItem, SettlementRow
from apps.transactions.posting import shared_account
from tests.factories.integrations import make_brand
from tests.reconciliation.files import Line, adyen_file, camt, paid_out, settled
from tests.reconciliation.scene import DAY, bring, connect, contract, days_later, reconcile

pytestmark = pytest.mark.django_db(transaction=True)

PAYMENTS = 50_000
BATCHES = 10
OF_EACH = 40
_FEE = {"commission": "0.20"}  # one per cent of ten, and ten cents

_FILL = """
    WITH wanted AS (
        SELECT * FROM unnest(%(keys)s::text[], %(amounts)s::bigint[], %(times)s::timestamptz[]) AS w (key, amount, at)
    ), made AS (
        INSERT INTO transactions_transaction (kind, brand_id, currency, integration_id, external_id, created_at)
        SELECT 'deposit', %(brand)s, 'EUR', %(integration)s, key, at FROM wanted RETURNING id, external_id
    )
    INSERT INTO transactions_transfer (transaction_id, number, debit_account_id, credit_account_id, amount)
    SELECT m.id, 1, %(psp)s, %(suspense)s, w.amount FROM made m JOIN wanted w ON w.key = m.external_id
"""


def fill_ledger(psp: Integration, lines: dict[str, tuple[int, datetime]]) -> None:
    """Put payments into the ledger in one statement; posting them one by one would take minutes."""
    brand = make_brand()
    account: dict[str, Any] = {"brand_id": brand.pk, "currency": "EUR"}
    terms: dict[str, Any] = {
        "keys": list(lines),
        "amounts": [units for units, _ in lines.values()],
        "times": [at for _, at in lines.values()],
        "brand": brand.pk,
        "integration": psp.pk,
        "psp": shared_account(**account, kind="psp", integration_id=psp.pk),
        "suspense": shared_account(**account, kind="suspense"),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FILL, terms)


def test_every_planted_break_is_found_and_nothing_else() -> None:
    psp = connect(grace_days=3, bank_days=1)
    contract(
        psp,
        lag=1,
        fee=("1", 100_000),
    )
    numbers = random.Random(11).sample(range(PAYMENTS), OF_EACH * 9)
    kinds = ("missing_internal", "missing_psp", "amount", "currency", "fee", "duplicate", "status", "timing", "batch")
    planted = {number: kinds[place // OF_EACH] for place, number in enumerate(numbers)}
    ledger, batches = _plant(planted)
    fill_ledger(psp, ledger)
    expected = {(kind, f"deposit:PSP{number}") for number, kind in planted.items() if kind not in ("batch", "fee")}
    expected |= {("fee", f"fee:deposit:PSP{number}") for number, kind in planted.items() if kind == "fee"}
    credited = []
    for number, lines in batches.items():
        if number == 3:  # keeps back what nobody agreed to
            lines.append(Line("ReserveAdjustment", net="-25.00"))
        payout = paid_out(lines, f"TX{number}00XT", number)
        if number == 4:
            lines.append(Line("Fee", net="-0.01"))  # comes after the sum: the batch is a cent off
        imported = bring(psp, adyen_file([*lines, payout], batch=number), "adyen_settlement", business_date=DAY)
        assert imported.state == "loaded", imported.error
        if number != 5:  # the bank knows nothing of it
            credited.append(("2026-11-20", f"{-payout.net_amount}", f"Adyen TX{number}00XT batch {number}"))
        expected |= _by_batch(number, imported.pk)
        rows = SettlementRow.objects.filter(import_file=imported)
        wrong = [f"PSP{each}" for each, kind in planted.items() if kind == "batch"]
        expected |= {
            ("batch", f"line:{imported.pk}:{line}")
            for line in rows.filter(payment_key__in=wrong).values_list("line", flat=True)
        }
    bring(psp, camt(credited), "camt053", business_date=DAY)
    # The bank has a day for it, and so has the provider for what was booked last.
    run = reconcile(psp, days_later(2))
    assert LedgerLine.objects.count() + SettlementRow.objects.count() >= 100_000
    found = set(RunItem.objects.filter(run=run).exclude(kind="expected").values_list("kind", "subject"))
    assert found - expected == set()  # precision 1.0
    assert expected - found == set()  # recall 1.0
    assert len(found) == run.break_count
    counts = Counter(kind for kind, _ in found)
    assert counts.keys() == set(BreakClass.values) - {"books"}
    assert {kind: counts[kind] for kind in kinds} == dict.fromkeys(kinds, OF_EACH) | {"batch": OF_EACH + 1}


def _by_batch(number: int, key: int) -> set[tuple[str, str]]:
    return {
        3: {("reserve", f"reserve:3:EUR:{key}")},
        4: {("batch", f"batch:4:EUR:{key}")},
        5: {("payout_bank", f"payout:TX500XT:EUR:{key}")},
    }.get(number, set())


def _plant(planted: dict[int, str]) -> tuple[dict[str, tuple[int, datetime]], dict[int, list[Line]]]:
    """What the ledger has and what the provider's ten files say."""
    booked = datetime(2026, 11, 19, 12, tzinfo=UTC)
    ledger: dict[str, tuple[int, datetime]] = {}
    batches: dict[int, list[Line]] = {batch: [] for batch in range(1, BATCHES + 1)}
    for number in range(PAYMENTS):
        kind, lines = planted.get(number, ""), batches[number % BATCHES + 1]
        at = booked - timedelta(seconds=number % 3600)
        if kind == "missing_psp":
            at -= timedelta(days=3)
        if kind != "missing_internal":
            ledger[f"PSP{number}"] = (10_000_000, at)
        lines += _lines_of(number, kind)
    return ledger, batches


def _lines_of(number: int, kind: str) -> list[Line]:  # noqa: PLR0911 - a line for each kind
    if kind in ("missing_psp", "timing"):
        return []
    if kind == "amount":
        return [settled(number, "9.99", **_FEE)]
    if kind == "currency":
        return [settled(number, "10.00", currency="SEK", net_currency="EUR", **_FEE)]
    if kind == "fee":
        return [settled(number, commission="0.35")]
    if kind == "duplicate":
        return [settled(number, **_FEE)] * 2
    if kind == "status":
        back = Line(
            "Settled", gross="-10.00", psp_reference=f"PSP{number}", modification=f"R{number}", commission="0.20"
        )
        return [settled(number, **_FEE), back]
    if kind == "batch":
        return [settled(number, net="9.79", **_FEE)]
    if number % 100 == 99:  # settled in two parts
        return [settled(number, "6.00", commission="0.16"), settled(number, "4.00", commission="0.14")]
    return [settled(number, **_FEE)]
