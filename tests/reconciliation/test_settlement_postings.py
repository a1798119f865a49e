"""Money of settled batches: what the bank credits leaves the provider's account, once, whatever comes late or twice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connections, transaction

from apps.integrations.models import Integration
from apps.reconciliation import comparing
from apps.reconciliation.models import Break, Import, SettlementPosting
from apps.reconciliation.operations import breaks
from apps.reconciliation.operations.imports import discard_import
from apps.reconciliation.operations.settlements import post_settlements
from apps.transactions.books import check_books
from apps.transactions.models import Account, Transaction
from apps.transactions.posting import Leg, post, shared_account
from apps.transactions.rollup import shared_balance
from tests.factories.integrations import make_brand
from tests.factories.staff import make_staff
from tests.reconciliation.files import Line, adyen_file, camt, paid_out, settled
from tests.reconciliation.scene import DAY, EURO, NOW, bring, connect, contract, days_later, posting, reconcile

pytestmark = pytest.mark.django_db(transaction=True)

FEE = EURO // 5


def settle() -> int:
    comparing.collect()
    return post_settlements(now=NOW)


def balances(psp: Integration) -> tuple[int, int, int]:
    """What the provider owes us, what the bank has, what fees have cost."""
    return tuple(_owed(kind, psp if kind == "psp" else None) for kind in ("psp", "bank", "fee"))  # type: ignore[return-value]


def _owed(kind: str, psp: Integration | None) -> int:
    found = Account.objects.filter(kind=kind, currency="EUR", integration_id=psp.pk if psp else None).first()
    return -shared_balance(found.pk) if found else 0


def batch_of(*numbers: int, batch: int = 1, **more: str) -> bytes:
    """A file of deposits of ten, of each of which the provider keeps 20 cents, and the payout of the rest."""
    lines = [settled(number, commission="0.20", **more) for number in numbers]
    return adyen_file([*lines, paid_out(lines, f"TX{batch}00XT", batch)], batch=batch)


@pytest.fixture
def psp() -> Integration:
    psp = connect()
    contract(psp, lag=1, fee=("2", 0))
    return psp


def statement(*entries: tuple[str, str], day: str = "2026-11-21") -> bytes:
    return camt([(day, amount, text) for amount, text in entries])


def test_a_credit_moves_what_was_settled_from_the_provider_to_the_bank(psp: Integration) -> None:
    for number in (1, 2, 3):
        posting(psp, number)
    bring(psp, batch_of(1, 2), "adyen_settlement", business_date=DAY)
    assert (settle(), balances(psp)) == (0, (30 * EURO, 0, 0))  # nothing before the bank says so
    bring(psp, statement(("19.60", "TX100XT Adyen"), ("-5.00", "Rent"), ("50.00", "Somebody")), "camt053")
    assert settle() == 2
    # What is left is the one payment that was not settled.
    assert balances(psp) == (10 * EURO, 19_600_000, 2 * FEE)
    assert settle() == 0
    kinds = SettlementPosting.objects.order_by("kind").values_list("kind", "units", "day")
    assert list(kinds) == [("bank", 19_600_000, days_later(1)), ("fee", 2 * FEE, days_later(1))]


def test_it_does_not_matter_which_file_comes_first(psp: Integration) -> None:
    posting(psp, 1)
    bring(psp, statement(("9.80", "TX100XT")), "camt053")
    assert settle() == 0
    bring(psp, batch_of(1), "adyen_settlement", business_date=DAY)
    assert (settle(), balances(psp)) == (2, (0, 9_800_000, FEE))


def test_the_same_entry_in_two_statements_counts_once_and_two_alike_in_one_count_twice(psp: Integration) -> None:
    for number in range(1, 5):
        posting(psp, number)
    bring(psp, batch_of(1, 2, 3, 4), "adyen_settlement", business_date=DAY)
    csv = "date,amount,currency,reference\n" + "2026-11-21,19.60,EUR,TX100XT\n" * 2
    bring(psp, csv.encode(), "bank_csv")
    assert settle() == 3
    bring(psp, (csv + "2026-11-22,5.00,EUR,Rent comes back\n").encode(), "bank_csv")
    assert (settle(), balances(psp)) == (0, (0, 39_200_000, 4 * FEE))


def test_one_credit_for_two_batches_and_two_credits_for_one(psp: Integration) -> None:
    for number in (1, 2, 3):
        posting(psp, number)
    bring(psp, batch_of(1, batch=1), "adyen_settlement", business_date=DAY)
    bring(psp, batch_of(2, batch=2), "adyen_settlement", business_date=DAY)
    bring(psp, batch_of(3, batch=3), "adyen_settlement", business_date=DAY)
    bring(psp, statement(("19.60", "TX100XT and TX200XT"), ("4.00", "TX300XT"), ("5.80", "TX300XT 2")), "camt053")
    assert (settle(), balances(psp)) == (6, (0, 29_400_000, 3 * FEE))


def test_what_the_bank_credits_too_little_stays_owed_and_is_a_break(psp: Integration) -> None:
    posting(psp, 1)
    bring(psp, batch_of(1), "adyen_settlement", business_date=DAY)
    bring(psp, statement(("9.00", "TX100XT")), "camt053", business_date=days_later(2))
    assert (settle(), balances(psp)) == (2, (800_000, 9 * EURO, FEE))
    run = reconcile(psp, days_later(2))
    found = run.items.get(kind="payout_bank")
    assert (found.expected_units, found.found_units) == (9_800_000, 9 * EURO)
    # Carried to suspense, the claim stands there, and the provider's account comes to what he says: nothing.
    actor = make_staff("ann", superuser=True)
    open_break = Break.objects.get(kind="payout_bank")
    breaks.post_break(
        break_id=open_break.pk, remaining_units=-800_000, note="asked the bank for it", actor=actor, now=NOW
    )
    assert balances(psp) == (0, 9 * EURO, FEE)


def test_fees_follow_the_contract_and_what_was_booked_with_the_payment_is_not_booked_twice(psp: Integration) -> None:
    brand = make_brand()
    accounts = [
        shared_account(brand_id=brand.pk, currency="EUR", kind=kind, integration_id=integration)
        for kind, integration in (("psp", psp.pk), ("suspense", None), ("fee", None))
    ]
    # The provider told of a fee of 15 cents with the payment; he keeps 50; agreed are 20.
    post(
        kind="deposit", brand_id=brand.pk, currency="EUR", integration_id=psp.pk, external_id="PSP1", now=NOW,
        legs=[Leg(accounts[0], accounts[1], 10 * EURO), Leg(accounts[2], accounts[0], 150_000)],
    )  # fmt: skip
    lines = [settled(1, commission="0.50")]
    bring(psp, adyen_file([*lines, paid_out(lines, "TX100XT")]), "adyen_settlement", business_date=DAY)
    bring(psp, statement(("9.50", "TX100XT")), "camt053")
    # What he took too much he still owes us; a run says so too, as a break of class fee.
    assert (settle(), balances(psp)) == (2, (300_000, 9_500_000, FEE))


def test_reserves_stay_where_the_contract_put_them(psp: Integration) -> None:
    brand = make_brand()
    posting(psp, 1)
    held = shared_account(brand_id=brand.pk, currency="EUR", kind="suspense")
    owed = shared_account(brand_id=brand.pk, currency="EUR", kind="psp", integration_id=psp.pk)
    post(
        kind="reserve", brand_id=brand.pk, currency="EUR", integration_id=psp.pk, legs=[Leg(held, owed, EURO)], now=NOW
    )
    lines = [settled(1, commission="0.20"), Line("ReserveAdjustment", net="-1.00")]
    bring(psp, adyen_file([*lines, paid_out(lines, "TX100XT")]), "adyen_settlement", business_date=DAY)
    bring(psp, statement(("8.80", "TX100XT")), "camt053")
    assert (settle(), balances(psp)) == (2, (0, 8_800_000, FEE))


def test_a_discarded_file_is_taken_back_and_its_correction_posted(psp: Integration) -> None:
    posting(psp, 1)
    bring(psp, batch_of(1), "adyen_settlement", business_date=DAY)
    bring(psp, statement(("98.00", "TX100XT")), "camt053")
    settle()
    actor = make_staff("ann", superuser=True)
    wrong = Import.objects.get(format="camt053")
    discard_import(import_id=wrong.pk, reason="typing error", actor=actor, now=NOW)
    assert (settle(), balances(psp)) == (2, (10 * EURO, 0, 0))
    bring(psp, statement(("9.80", "TX100XT")), "camt053")
    assert (settle(), balances(psp)) == (2, (0, 9_800_000, FEE))
    assert Transaction.objects.filter(kind="settlement").count() == 6


def test_what_was_paid_in_another_currency_is_for_people(psp: Integration) -> None:
    posting(psp, 1, currency="USD")
    lines = [Line("Settled", gross="10.00", net="9.00", psp_reference="PSP1", reference="ref-1", currency="USD",
                  net_currency="EUR", rate="0.9")]  # fmt: skip
    bring(psp, adyen_file([*lines, paid_out(lines, "TX100XT")]), "adyen_settlement", business_date=DAY)
    bring(psp, statement(("9.00", "TX100XT")), "camt053")
    assert (settle(), balances(psp)) == (0, (0, 0, 0))


def test_a_line_that_names_payouts_of_two_providers_is_for_people(psp: Integration) -> None:
    other = connect(slug="adyen-two")
    posting(psp, 1)
    posting(other, 2)
    bring(psp, batch_of(1, batch=1), "adyen_settlement", business_date=DAY)
    bring(other, batch_of(2, batch=2), "adyen_settlement", business_date=DAY)
    bring(psp, statement(("19.60", "TX100XT TX200XT")), "camt053")
    settle()
    assert (balances(psp)[1], SettlementPosting.objects.filter(kind="bank").count()) == (0, 0)


def test_many_at_once_post_it_once(psp: Integration) -> None:
    posting(psp, 1)
    bring(psp, batch_of(1), "adyen_settlement", business_date=DAY)
    bring(psp, statement(("9.80", "TX100XT")), "camt053")
    barrier = threading.Barrier(3)

    def work() -> int:
        try:
            barrier.wait(timeout=20)
            return post_settlements(now=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(lambda _: work(), range(3))) == [0, 0, 2]
    assert balances(psp) == (0, 9_800_000, FEE)


def test_the_books_find_a_settlement_without_its_record_and_a_stray_move_of_a_providers_account(
    psp: Integration,
) -> None:
    brand = make_brand()
    bank, owed, suspense = (
        shared_account(brand_id=brand.pk, currency="EUR", kind=kind, integration_id=integration)
        for kind, integration in (("bank", None), ("psp", psp.pk), ("suspense", None))
    )
    with transaction.atomic():
        made = post(
            kind="settlement", brand_id=brand.pk, currency="EUR", integration_id=psp.pk, legs=[Leg(bank, owed, EURO)],
            now=NOW,
        )  # fmt: skip
        stray = post(kind="correction", brand_id=brand.pk, currency="EUR", legs=[Leg(suspense, owed, 1)], now=NOW)
        found = {(each.rule, each.row) for each in check_books(full=True)}
        transaction.set_rollback(True)
    assert found == {
        ("settlement-is-posted", f"transaction:{made}"),
        ("bank-is-settlements", f"account:{bank}"),
        ("psp-moves-by-payments", f"transaction:{stray}"),
    }


def test_what_was_posted_is_never_altered(psp: Integration) -> None:
    posting(psp, 1)
    bring(psp, batch_of(1), "adyen_settlement", business_date=DAY)
    bring(psp, statement(("9.80", "TX100XT")), "camt053")
    settle()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        SettlementPosting.objects.update(units=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        SettlementPosting.objects.all().delete()
