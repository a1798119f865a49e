"""A provider, its files read, and payments in the ledger: what the tests of reconciliation stand on."""

import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from apps.core.money import Money
from apps.integrations.models import Integration
from apps.payments.models import PspContract
from apps.reconciliation.models import Break, Import, Run, RunItem, Scope
from apps.reconciliation.operations.imports import read_import, receive_file
from apps.reconciliation.operations.runs import perform_run, request_run
from apps.transactions.posting import Leg, post, shared_account
from tests.factories.integrations import make_brand

EURO = 1_000_000
DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)


def connect(vendor: str = "adyen", slug: str = "", **settings: Any) -> Integration:
    """A payment provider of the one brand."""
    brand = make_brand()
    return Integration.objects.create(
        slug=slug or vendor,
        name=vendor.title(),
        vendor=vendor,
        kind=Integration.Kind.PAYMENTS,
        brand_code=brand.code,
        options={"reconciliation": settings} if settings else {},
    )


def contract(
    integration: Integration, *, lag: int = 2, fee: tuple[str, int] | None = None, reserve: str = ""
) -> PspContract:
    """Terms in euro that have always been in force; `fee` of a deposit: per cent, and ledger units more."""
    made = PspContract.objects.create(
        integration=integration,
        version=1,
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        merchant_of_record="Aurora Ltd",
        added_at=NOW,
    )
    made.settlement_terms.create(currency="EUR", lag_days=lag, cut_off=time(23, 59))
    if fee is not None:
        made.fees.create(kind="deposit", currency="EUR", percent=fee[0], fixed_units=fee[1])
    if reserve:
        made.reserve_terms.create(currency="EUR", percent=reserve, days=180)
    return made


def bring(integration: Integration, content: bytes, file_format: str, *, name: str = "file", **more: Any) -> Import:
    """Receive a file and read it."""
    received = receive_file(
        name=name, content=io.BytesIO(content), file_format=file_format, integration=integration, now=NOW, **more
    )
    return read_import(import_id=received.pk, now=NOW)


def posting(
    integration: Integration,
    number: int | str,
    amount: str = "10.00",
    *,
    kind: str = "deposit",
    currency: str = "EUR",
    at: datetime | None = None,
) -> None:
    """Post what a payment does to the provider's account; amount > 0: he owes us more."""
    brand = make_brand()
    units = Money.parse(amount, currency).units
    psp = shared_account(brand_id=brand.pk, currency=currency, kind="psp", integration_id=integration.pk)
    other = shared_account(brand_id=brand.pk, currency=currency, kind="suspense")
    post(
        kind=kind,
        brand_id=brand.pk,
        currency=currency,
        integration_id=integration.pk,
        external_id=f"PSP{number}" + {"reversal": "/reversal/0", "return": "/return"}.get(kind, ""),
        legs=[Leg(psp, other, units) if units > 0 else Leg(other, psp, -units)],
        now=at or datetime(2026, 11, 20, 10, tzinfo=UTC),
    )


def reconcile(integration: Integration | None, day: date = DAY, *, scope: str = Scope.PSP, now: datetime = NOW) -> Run:
    """Compare as of a day."""
    run = request_run(scope=scope, integration=integration, day=day, now=now)
    return perform_run(run_id=run.pk, now=now)


def items(run: Run) -> dict[str, str]:
    """What a run found: subject to class."""
    return dict(RunItem.objects.filter(run=run).values_list("subject", "kind"))


def open_breaks() -> list[tuple[str, str, int]]:
    """Class, subject and what remains of every open break."""
    return [(found.kind, found.subject, found.remaining_units) for found in Break.objects.filter(state="open")]


def days_later(days: int) -> date:
    """So many days after the day of the tests."""
    return DAY + timedelta(days=days)
