"""Matching: what agrees, what does not and why, and that a run says the same again."""

from datetime import UTC, datetime

import pytest

from apps.payments.models import Attempt, Deposit, PaymentMethod
from apps.payments.operations.postings import post_settled
from apps.reconciliation.comparing import collect
from apps.reconciliation.models import Break, BreakEvent, LedgerLine, Run, RunItem
from apps.reconciliation.operations.runs import RunNotSound, rerun_since
from apps.transactions.posting import Leg, open_player_accounts, post, shared_account
from tests.factories.games import make_player
from tests.reconciliation.files import Line, adyen_file, camt, paid_out, settled
from tests.reconciliation.scene import (
    DAY,
    EURO,
    NOW,
    bring,
    connect,
    contract,
    days_later,
    items,
    open_breaks,
    posting,
    reconcile,
)

# What is compared has to be committed: the ledger is read in the order in which it became final.
pytestmark = pytest.mark.django_db(transaction=True)


def test_each_class_of_break_is_told_from_the_others() -> None:
    psp = connect(grace_days=2)
    contract(psp, lag=1, fee=("1.0", 100_000))
    for number in range(1, 8):
        posting(psp, number)
    posting(psp, 8, at=datetime(2026, 11, 18, 10, tzinfo=UTC))  # due on the 19th: late
    posting(psp, 9, at=datetime(2026, 11, 15, 10, tzinfo=UTC))  # due on the 16th: missing
    posting(psp, 10)
    posting(psp, 10, "-10.00", kind="reversal")
    posting(psp, 11)  # due on the 21st: expected
    fee = {"commission": "0.20"}
    lines = [
        settled(1, **fee),
        settled(2, "9.00", commission="0.19"),
        settled(3, "10.00", currency="SEK", net_currency="EUR", commission="0.20"),
        settled(4, commission="0.25"),
        settled(5, **fee),
        settled(5, **fee),
        settled(6, "6.00", commission="0.16"),  # two lines of one payment
        settled(6, "4.00", commission="0.14"),
        settled(77, **fee),
        Line(
            "Settled",
            gross="10.00",
            net="9.70",
            psp_reference="PSP7",
            reference="ref-7",
            modification="M7",
            commission="0.20",
        ),
        settled(10, **fee),
        Line("ReserveAdjustment", net="-1.00"),
    ]
    bring(psp, adyen_file([*lines, paid_out(lines)]), "adyen_settlement")
    run = reconcile(psp)
    assert items(run) == {
        "deposit:PSP2": "amount",
        "deposit:PSP3": "currency",
        "fee:deposit:PSP4": "fee",
        "deposit:PSP5": "duplicate",
        "deposit:PSP77": "missing_internal",
        "deposit:PSP8": "timing",
        "deposit:PSP9": "missing_psp",
        "deposit:PSP11": "expected",
        "refund:PSP10": "expected",
        "line:1:11": "batch",
        "reserve:1:EUR:1": "reserve",
        "payout:TX1XT:EUR:1": "expected",
    }


def test_a_day_compared_again_says_the_same_and_moves_nothing() -> None:
    psp = connect()
    contract(psp, lag=1)
    for number in range(1, 4):
        posting(psp, number)
    bring(psp, adyen_file([settled(1), settled(2, "9.00"), settled(4)]), "adyen_settlement", business_date=DAY)
    first = reconcile(psp)
    breaks = open_breaks()
    again = reconcile(psp)
    assert first.report_hash == again.report_hash != ""
    assert (
        open_breaks() == breaks == [("amount", "deposit:PSP2", -EURO), ("missing_internal", "deposit:PSP4", 10 * EURO)]
    )
    assert list(BreakEvent.objects.values_list("kind", flat=True)) == ["found", "found"]


def test_what_happens_later_does_not_change_an_earlier_day() -> None:
    psp = connect()
    contract(psp, lag=1)
    posting(psp, 1)
    posting(psp, 2)
    bring(psp, adyen_file([settled(1)]), "adyen_settlement", business_date=DAY)
    first = reconcile(psp)
    assert items(first) == {"deposit:PSP2": "expected"}
    posting(psp, 3, at=datetime(2026, 11, 21, 10, tzinfo=UTC))
    bring(psp, adyen_file([settled(2)], batch=2), "adyen_settlement", business_date=days_later(1))
    next_day = reconcile(psp, days_later(1))
    assert items(next_day) == {"deposit:PSP3": "expected"}
    assert reconcile(psp).report_hash == first.report_hash


def test_a_run_goes_on_from_the_open_ends_of_the_one_before() -> None:
    psp = connect(grace_days=1)
    contract(psp, lag=1)
    posting(psp, 1)
    posting(psp, 2)
    reconcile(psp)
    kinds = []
    for days in range(1, 5):
        if days == 2:
            bring(psp, adyen_file([settled(1)]), "adyen_settlement", business_date=days_later(2))
        kinds.append(items(reconcile(psp, days_later(days))))
    assert kinds == [
        {"deposit:PSP1": "expected", "deposit:PSP2": "expected"},
        {"deposit:PSP2": "timing"},
        {"deposit:PSP2": "missing_psp"},
        {"deposit:PSP2": "missing_psp"},
    ]
    late, missing = Break.objects.order_by("id")
    assert (late.kind, late.state, late.resolved_by) == ("timing", "resolved", "later")
    assert (missing.kind, missing.state, missing.opened_on) == ("missing_psp", "open", days_later(3))


def test_a_run_during_its_own_day_is_nothing_to_go_on_from() -> None:
    psp = connect()
    contract(psp, lag=0)
    reconcile(psp, now=datetime(2026, 11, 20, 8, tzinfo=UTC))
    posting(psp, 1)  # later that day
    run = reconcile(psp, days_later(1))
    assert run.figures["since"] is None
    assert items(run) == {"deposit:PSP1": "timing"}


def test_a_late_file_changes_only_the_days_and_payments_that_it_is_about() -> None:
    psp, other = connect(grace_days=0), connect(slug="other")
    contract(psp, lag=1)
    for number in (1, 2):
        posting(psp, number)
        posting(other, f"{number}0")
    bring(other, adyen_file([settled("10"), settled("20", "9.00")], batch=9), "adyen_settlement", business_date=DAY)
    before = {days: reconcile(psp, days_later(days)).report_hash for days in range(3)}
    untouched = reconcile(other).report_hash
    assert [kind for kind, *_ in open_breaks()] == ["amount", "missing_psp", "missing_psp"]
    bring(psp, adyen_file([settled(1)], batch=1), "adyen_settlement", business_date=days_later(1))
    queued = rerun_since(day=days_later(1), now=NOW, integration_id=psp.pk)
    assert [run.business_date for run in queued] == [days_later(1), days_later(2)]
    after = {days: reconcile(psp, days_later(days)).report_hash for days in range(3)}
    assert after[0] == before[0]
    assert after[1] != before[1]
    assert after[2] != before[2]
    assert reconcile(other).report_hash == untouched
    assert open_breaks() == [("amount", "deposit:PSP20", -EURO), ("missing_psp", "deposit:PSP2", -10 * EURO)]


def test_our_reference_ties_together_what_the_provider_names_otherwise() -> None:
    psp = connect()
    posting(psp, 1)
    bring(psp, adyen_file([Line("Settled", gross="10.00", reference="PSP1")]), "adyen_settlement", business_date=DAY)
    # Without a provider's id of the payment, the row goes by our reference.
    assert items(reconcile(psp)) == {}


def test_a_row_that_names_nothing_is_matched_by_amount_and_time_if_there_is_one_candidate() -> None:
    psp = connect(match_window_hours=3)
    contract(psp, lag=5)
    posting(psp, 1, "12.34")
    posting(psp, 2, "50.00")
    posting(psp, 3, "50.00")
    nameless = [Line("Settled", gross=gross) for gross in ("12.34", "50.00")]
    bring(psp, adyen_file(nameless), "adyen_settlement", business_date=DAY)
    found = items(reconcile(psp))
    assert found == {"deposit:PSP2": "expected", "deposit:PSP3": "expected", "deposit:line:1:3": "missing_internal"}


def test_a_tolerated_difference_is_no_break() -> None:
    psp = connect(amount_tolerance_units=10_000)
    posting(psp, 1)
    posting(psp, 2)
    bring(psp, adyen_file([settled(1, "10.01"), settled(2, "10.02")]), "adyen_settlement", business_date=DAY)
    assert items(reconcile(psp)) == {"deposit:PSP2": "amount"}


def test_the_bank_is_the_third_leg() -> None:
    psp = connect(bank_days=1, bank_counterparty="Adyen")
    posted = []
    for batch in range(1, 6):
        posting(psp, batch)
        lines = [settled(batch)]
        posted.append(adyen_file([*lines, paid_out(lines, f"TX{batch}00XT", batch)], batch=batch))
    for content in posted:
        bring(psp, content, "adyen_settlement", business_date=DAY)
    entries = [
        ("2026-11-21", "20.00", "TX100XT and TX200XT from Adyen"),  # two payouts in one credit
        ("2026-11-21", "4.00", "TX300XT part 1"),  # one payout in two credits
        ("2026-11-21", "6.00", "TX300XT part 2"),
        ("2026-11-21", "9.00", "TX400XT"),  # too little
        ("2026-11-21", "7.00", "Adyen says hello"),  # nothing we know
        ("2026-11-21", "-3.00", "Rent"),
    ]
    bring(psp, camt(entries), "camt053", business_date=days_later(2))
    assert [kind for subject, kind in items(reconcile(psp)).items() if subject.startswith("payout")] == ["expected"] * 5
    run = reconcile(psp, days_later(2))
    found = RunItem.objects.filter(run=run).values_list("kind", "subject", "expected_units", "found_units")
    assert list(found) == [
        ("payout_bank", "credit:6:5", 0, 7 * EURO),
        ("payout_bank", "payout:TX400XT:EUR:4", 10 * EURO, 9 * EURO),
        ("payout_bank", "payout:TX500XT:EUR:5", 10 * EURO, 0),
    ]


def test_a_batch_that_does_not_add_up_and_a_wrong_line_are_breaks() -> None:
    psp = connect()
    posting(psp, 1)
    wrong = Line("Settled", gross="10.00", net="9.50", psp_reference="PSP1", commission="0.20")
    bring(
        psp,
        adyen_file([wrong, Line("MerchantPayout", net="-9.40", modification="TX1XT batch 1")]),
        "adyen_settlement",
        business_date=DAY,
    )
    found = RunItem.objects.filter(run=reconcile(psp), kind="batch").values_list(
        "subject", "expected_units", "found_units"
    )
    assert list(found) == [("batch:1:EUR:1", 0, 100_000), ("line:1:2", 9_800_000, 9_500_000)]


def test_reserves_are_measured_against_the_contract() -> None:
    psp = connect()
    contract(psp, reserve="10")
    posting(psp, 1, "100.00")
    posting(psp, 2, "100.00")
    held = [settled(1, "100.00"), Line("ReserveAdjustment", net="-10.00")]
    bring(psp, adyen_file([*held, paid_out(held)], batch=1), "adyen_settlement", business_date=DAY)
    more = [settled(2, "100.00"), Line("ReserveAdjustment", net="-12.00")]
    bring(psp, adyen_file([*more, paid_out(more, "TX2XT", 2)], batch=2), "adyen_settlement", business_date=DAY)
    run = reconcile(psp)
    found = RunItem.objects.filter(run=run, kind="reserve").values_list("subject", "expected_units", "found_units")
    assert list(found) == [("reserve:2:EUR:2", -10 * EURO, -12 * EURO)]


def test_a_day_that_has_not_begun_is_not_compared() -> None:
    with pytest.raises(RunNotSound):
        reconcile(connect(), days_later(30))
    assert not Run.objects.exists()


def test_the_players_own_story_enters_the_first_leg() -> None:
    """Collecting goes by the ledger's cursor: each line once, in whatever pieces it is asked for."""
    psp = connect()
    make_player()
    posting(psp, 1)
    assert collect() == 1
    posting(psp, 2, "-3.00", kind="chargeback")
    assert (collect(), collect()) == (1, 0)
    lines = LedgerLine.objects.order_by("payment_key").values_list("movement", "payment_key", "units", "occurred_on")
    assert list(lines) == [("deposit", "PSP1", 10 * EURO, DAY), ("chargeback", "PSP2", -3 * EURO, DAY)]


@pytest.mark.parametrize("comes_later", [False, True])
def test_a_refund_is_found_under_the_payment_that_it_gives_back(*, comes_later: bool) -> None:
    psp = connect(grace_days=0)
    contract(psp, lag=1)
    player, at = make_player(cash="0"), datetime(2026, 11, 20, 10, tzinfo=UTC)
    method, _ = PaymentMethod.objects.get_or_create(code="card", defaults={"name": "Card"})
    deposit = Deposit(
        player=player, brand_id=player.brand_id, currency="EUR", amount_units=10 * EURO, method=method,
        integration=psp, created_at=at, changed_at=at, expires_at=at,
    )  # fmt: skip
    deposit.settle(units=10 * EURO, at=at)
    deposit.save(force_insert=True)
    Attempt.objects.create(
        deposit=deposit, integration=psp, number=1, key="ref-1", psp_reference="PSP1", state="done", started_at=at
    )
    post_settled(deposit, units=10 * EURO, fee=0, psp_reference="PSP1", now=at)
    owed = shared_account(brand_id=player.brand_id, currency="EUR", kind="psp", integration_id=psp.pk)
    cash = open_player_accounts(player_id=player.pk, brand_id=player.brand_id, currency="EUR").cash
    # The provider names the refund by an id of its own, and settles it under the payment's.
    post(
        kind="refund", brand_id=player.brand_id, currency="EUR", player_id=player.pk, integration_id=psp.pk, now=at,
        external_id="MOD9", legs=[Leg(cash, owed, 4 * EURO)], details={"deposit": str(deposit.public_id)},
    )  # fmt: skip
    refunded = Line("Refunded", gross="-4.00", psp_reference="PSP1", reference="ref-1", modification="MOD9")
    if not comes_later:
        bring(psp, adyen_file([settled(1), refunded]), "adyen_settlement", business_date=DAY)
        assert items(reconcile(psp, days_later(3))) == {}
        return
    bring(psp, adyen_file([settled(1)], batch=1), "adyen_settlement", business_date=DAY)
    # Only the refund is missing: the payment itself is settled.
    reconcile(psp, days_later(3))
    assert open_breaks() == [("missing_psp", "refund:PSP1", 4 * EURO)]
    bring(psp, adyen_file([refunded], batch=2), "adyen_settlement", business_date=days_later(3))
    assert items(reconcile(psp, days_later(4))) == {}
    assert open_breaks() == []
