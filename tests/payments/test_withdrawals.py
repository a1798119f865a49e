"""Withdrawals from the player's request to the provider's last word."""

import itertools
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections
from structlog.testing import capture_logs

from apps.brands.models import Jurisdiction
from apps.core import clock
from apps.core.request_context import add_request_context
from apps.integrations.models import Integration
from apps.payments import tasks
from apps.payments.contract import EventKind
from apps.payments.models import Attempt, Instrument, PaymentStep, Withdrawal
from apps.payments.operations import submission
from apps.payments.operations.events import Applied, EventNotSound
from apps.payments.operations.screening import screen_withdrawal
from apps.payments.operations.submission import STUCK_AFTER, resolve_attempt, submit_withdrawal
from apps.players.models import Player
from apps.transactions.books import check_books
from apps.transactions.models import AccountKind, Transaction
from apps.transactions.posting import InsufficientFunds
from tests.factories.games import frontend_of, make_player
from tests.payments.bank import Bank
from tests.payments.conftest import connect_bank
from tests.payments.play import euro, fresh, post, requested, sent, shared, tell, wallet


def body(instrument: Instrument, amount: str = "100.00") -> dict[str, Any]:
    return {"amount": {"amount": amount, "currency": "EUR"}, "instrument": str(instrument.public_id)}


def resolve(withdrawal: Withdrawal, after: timedelta = timedelta(days=2)) -> Withdrawal:
    attempt = withdrawal.attempts.order_by("number").last()
    assert attempt is not None
    resolve_attempt(attempt_id=attempt.pk, now=clock.now() + after)
    return fresh(withdrawal)


def test_a_small_withdrawal_goes_through_to_paid(player: Player, instrument: Instrument, bank: Bank) -> None:
    frontend = frontend_of(player)
    answer = post(frontend, "withdrawals", body(instrument))
    assert (answer.status_code, answer.json()["state"]) == (201, "requested")
    assert answer.json()["amount"] == {"amount": "100.00", "currency": "EUR"}
    assert wallet(player) == ("4900.00", "100.00")

    withdrawal = Withdrawal.objects.get()
    tasks.screen_withdrawal(withdrawal_id=withdrawal.pk)
    assert set(withdrawal.checks.values_list("result", flat=True)) == {"passed"}
    tasks.submit_withdrawal(withdrawal_id=withdrawal.pk)
    assert fresh(withdrawal).state == "submitted"
    assert frontend.get(f"/api/v1/withdrawals/{withdrawal.public_id}").json()["state"] == "processing"

    assert tell(withdrawal, EventKind.PAYOUT_PAID, fee=euro("0.50")) == Applied.APPLIED

    assert frontend.get("/api/v1/withdrawals").json()["results"][0]["state"] == "paid"
    assert wallet(player) == ("4900.00", "0.00")
    assert (shared(AccountKind.PSP), shared(AccountKind.FEE)) == ("100.50", "-0.50")
    assert list(bank.payouts) == [Attempt.objects.get().key]


@pytest.mark.django_db(transaction=True)
def test_what_is_posted_for_it_has_a_line_in_the_log_under_the_id_of_the_request(
    player: Player, instrument: Instrument
) -> None:
    with capture_logs([add_request_context]) as captured:
        answer = post(frontend_of(player), "withdrawals", body(instrument))
    (line,) = [each for each in captured if each["event"] == "payment_posted"]
    step = PaymentStep.objects.get(name="requested")
    assert (line["payment"], line["transaction"]) == (answer.json()["id"], str(step.transaction_id))
    assert line["request_id"] == str(step.request_id) == answer["X-Request-Id"]
    assert Transaction.objects.get(request_id=step.request_id).pk == step.transaction_id


def test_the_same_request_again_locks_once(player: Player, instrument: Instrument) -> None:
    frontend, key = frontend_of(player), str(uuid.uuid4())
    first, again = (post(frontend, "withdrawals", body(instrument), key) for _ in range(2))
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = post(frontend, "withdrawals", body(instrument, "101.00"), key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert wallet(player) == ("4900.00", "100.00")


def test_more_than_there_is_is_refused_and_nothing_moves(player: Player, instrument: Instrument) -> None:
    answer = post(frontend_of(player), "withdrawals", body(instrument, "5000.01"))
    assert (answer.status_code, answer.json()["code"]) == (422, "insufficient-funds")
    assert wallet(player) == ("5000.00", "0.00")
    assert not Withdrawal.objects.exists()


def test_only_an_instrument_of_ones_own_will_do(player: Player, instrument: Instrument) -> None:
    stranger = make_player("stranger", cash="500")
    answer = post(frontend_of(stranger), "withdrawals", body(instrument))
    assert (answer.status_code, answer.json()["code"]) == (422, "instrument-unknown")
    wanted = post(frontend_of(player), "withdrawals", {**body(instrument), "instrument": "bank"})
    assert wanted.json()["instrument"] == str(instrument.public_id)


def test_two_at_once_cannot_take_the_same_money(player: Player, instrument: Instrument) -> None:
    barrier, results = threading.Barrier(4), []

    def ask() -> None:
        try:
            barrier.wait()
            requested(player, instrument, "2000")
            results.append("locked")
        except InsufficientFunds:
            results.append("refused")
        finally:
            connections.close_all()

    together(ask, 4)

    assert sorted(results) == ["locked", "locked", "refused", "refused"]
    assert wallet(player) == ("1000.00", "4000.00")


def together(run: Any, number: int) -> None:
    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_player_may_cancel_before_approval(player: Player, instrument: Instrument) -> None:
    withdrawal = requested(player, instrument)
    answer = post(frontend_of(player), f"withdrawals/{withdrawal.public_id}/cancel", {})
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert wallet(player) == ("5000.00", "0.00")


def test_a_withdrawal_in_flight_cannot_be_cancelled(player: Player, instrument: Instrument) -> None:
    withdrawal = sent(player, instrument)
    answer = post(frontend_of(player), f"withdrawals/{withdrawal.public_id}/cancel", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "withdrawal-locked")
    assert wallet(player) == ("4900.00", "100.00")


def test_in_great_britain_nothing_is_taken_back(player: Player, instrument: Instrument) -> None:
    Jurisdiction.objects.create(code="GB", name="Great Britain")
    Player.objects.filter(pk=player.pk).update(jurisdiction="GB")
    withdrawal = requested(player, instrument)
    answer = post(frontend_of(player), f"withdrawals/{withdrawal.public_id}/cancel", {})
    assert (answer.status_code, answer.json()["code"]) == (403, "reverse-withdrawal-not-allowed")
    assert fresh(withdrawal).state == "requested"
    assert wallet(player) == ("4900.00", "100.00")


def test_a_timeout_after_the_payout_is_unknown_and_pays_once(
    player: Player, instrument: Instrument, bank: Bank
) -> None:
    bank.mode = "lose_answer"
    withdrawal = sent(player, instrument)
    assert withdrawal.state == "unknown"
    assert wallet(player) == ("4900.00", "100.00")
    # Nobody sends it again, however often it is asked for.
    submit_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())
    assert bank.calls["/payout"] == 1

    bank.payouts = dict.fromkeys(bank.payouts, "paid")
    assert resolve(withdrawal).state == "paid"
    assert len(bank.payouts) == 1
    assert wallet(player) == ("4900.00", "0.00")


def test_unknown_is_never_failed_by_age_nor_rerouted(
    player: Player, instrument: Instrument, bank: Bank, second_bank: Bank
) -> None:
    connect_bank(second_bank, "second-bank", priority=200)
    bank.mode = "deaf"
    withdrawal = sent(player, instrument)
    for days in range(1, 12):
        assert resolve(withdrawal, timedelta(days=2 * days)).state == "unknown"
    tasks.sweep_payments()
    assert wallet(player) == ("4900.00", "100.00")
    assert not second_bank.calls
    # The whole schedule, then a person.
    assert bank.calls["/state"] == 8
    assert PaymentStep.objects.filter(name="still-unknown", is_incident=True).count() == 1


def test_a_payout_that_never_arrived_is_sent_again_under_the_same_key(
    player: Player, instrument: Instrument, bank: Bank
) -> None:
    bank.mode = "error"
    withdrawal = sent(player, instrument)
    key = withdrawal.attempts.get().key
    bank.mode = "ok"
    assert resolve(withdrawal).state == "submitted"
    assert list(bank.payouts) == [key]


def test_a_definite_no_lets_the_next_provider_pay(
    player: Player, instrument: Instrument, bank: Bank, second_bank: Bank
) -> None:
    connect_bank(second_bank, "second-bank", priority=200)
    bank.mode = "refuse"
    withdrawal = sent(player, instrument)
    assert withdrawal.integration is not None
    assert (withdrawal.state, withdrawal.integration.slug) == ("submitted", "second-bank")
    assert (len(bank.payouts), len(second_bank.payouts)) == (0, 1)


def test_when_all_say_no_the_player_has_his_money_back(player: Player, instrument: Instrument, bank: Bank) -> None:
    bank.mode = "refuse"
    assert sent(player, instrument).state == "failed"
    assert wallet(player) == ("5000.00", "0.00")


def test_out_of_reach_it_waits_and_is_sent_later(
    player: Player, instrument: Instrument, bank: Bank, integration: Integration
) -> None:
    Integration.objects.filter(pk=integration.pk).update(base_url="http://127.0.0.1:9")
    _forget()
    withdrawal = sent(player, instrument)
    assert withdrawal.state == "blocked"
    assert wallet(player) == ("4900.00", "100.00")
    Integration.objects.filter(pk=integration.pk).update(base_url=bank.base_url)
    _forget()
    assert submit_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now()).state == "submitted"
    assert len(bank.payouts) == 1


def _forget() -> None:
    from apps.integrations.connections import forget_connections  # noqa: PLC0415 - used here only

    forget_connections()


class Killed(BaseException):
    """The worker is gone."""


def test_killed_before_the_call_it_is_asked_for_and_sent_once(
    player: Player, instrument: Instrument, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawal = _killed_in("_call", player, instrument, monkeypatch)
    assert (withdrawal.state, withdrawal.attempts.get().state) == ("submitting", "sending")
    assert resolve(withdrawal, STUCK_AFTER).state == "submitted"
    assert len(bank.payouts) == 1


def test_killed_after_the_call_it_is_found_at_the_provider(
    player: Player, instrument: Instrument, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawal = _killed_in("_recorded", player, instrument, monkeypatch)
    assert (withdrawal.state, len(bank.payouts)) == ("submitting", 1)
    bank.payouts = dict.fromkeys(bank.payouts, "paid")
    assert resolve(withdrawal, STUCK_AFTER).state == "paid"
    assert bank.calls["/payout"] == 1


def _killed_in(name: str, player: Player, instrument: Instrument, monkeypatch: pytest.MonkeyPatch) -> Withdrawal:
    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(submission, name, die)
        with pytest.raises(Killed):
            sent(player, instrument)
    return Withdrawal.objects.get()


def test_many_workers_send_one_payout(player: Player, instrument: Instrument, bank: Bank) -> None:
    withdrawal = requested(player, instrument)
    screen_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())
    barrier = threading.Barrier(6)

    def send() -> None:
        try:
            barrier.wait()
            submit_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())
        finally:
            connections.close_all()

    together(send, 6)

    assert bank.calls["/payout"] == 1
    assert withdrawal.attempts.count() == 1


def test_late_success_after_failure_is_posted_and_raised(player: Player, instrument: Instrument) -> None:
    withdrawal = sent(player, instrument)
    tell(withdrawal, EventKind.PAYOUT_FAILED)
    assert wallet(player) == ("5000.00", "0.00")
    tell(withdrawal, EventKind.PAYOUT_PAID)
    assert wallet(player) == ("4900.00", "0.00")
    assert PaymentStep.objects.filter(is_incident=True).count() == 1


def test_late_success_without_money_leaves_a_receivable(integration: Integration) -> None:
    player = make_player(cash="100")
    instrument = Instrument.objects.create(
        player=player, method_id="bank", token="X", verification="verified", changed_at=clock.now()
    )
    Instrument.objects.update(changed_at=clock.now() - timedelta(days=9))
    first = sent(player, instrument)
    tell(first, EventKind.PAYOUT_FAILED)
    second = sent(player, instrument, "90")
    tell(first, EventKind.PAYOUT_PAID)
    assert fresh(first).owed_units == euro("90").units
    assert shared(AccountKind.SUSPENSE) == "-90.00"
    tell(first, EventKind.PAYOUT_RETURNED)
    assert shared(AccountKind.SUSPENSE) == "0.00"
    assert wallet(player) == ("10.00", "90.00")
    assert fresh(second).state == "submitted"


def test_a_return_after_paid_brings_the_money_back(player: Player, instrument: Instrument) -> None:
    withdrawal = sent(player, instrument)
    tell(withdrawal, EventKind.PAYOUT_PAID)
    tell(withdrawal, EventKind.PAYOUT_RETURNED)
    assert fresh(withdrawal).state == "returned"
    assert wallet(player) == ("5000.00", "0.00")
    assert not Instrument.objects.get().is_verified


def test_an_event_for_a_closed_withdrawal_is_a_no_op(player: Player, instrument: Instrument) -> None:
    withdrawal = sent(player, instrument)
    tell(withdrawal, EventKind.PAYOUT_PAID)
    for kind in (EventKind.PAYOUT_PAID, EventKind.PAYOUT_FAILED, EventKind.PAYOUT_PENDING):
        assert tell(withdrawal, kind) == Applied.NO_OP
    with pytest.raises(EventNotSound):
        tell(withdrawal, EventKind.DEPOSIT_SETTLED)
    assert wallet(player) == ("4900.00", "0.00")


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ((EventKind.PAYOUT_PENDING, EventKind.PAYOUT_PAID), "paid"),
        ((EventKind.PAYOUT_FAILED, EventKind.PAYOUT_PAID), "paid"),
        ((EventKind.PAYOUT_PAID, EventKind.PAYOUT_RETURNED), "returned"),
        ((EventKind.PAYOUT_FAILED, EventKind.PAYOUT_PAID, EventKind.PAYOUT_RETURNED), "returned"),
    ],
)
def test_any_order_of_events_ends_alike(
    player: Player, instrument: Instrument, kinds: tuple[EventKind, ...], state: str
) -> None:
    for number, order in enumerate(itertools.permutations((*kinds, *kinds[:1]))):
        make_instrument_trusted(instrument)
        cash = euro(wallet(player)[0])
        # Each of another amount, or it would be taken for the one before.
        amount = euro(f"{20 + number}")
        withdrawal = sent(player, instrument, amount.format())
        for kind in order:
            tell(withdrawal, kind, f"{withdrawal.pk}-{kind}")
        assert fresh(withdrawal).state == state, order
        left = cash - amount if state == "paid" else cash
        assert wallet(player) == (left.format(), "0.00"), order


def make_instrument_trusted(instrument: Instrument) -> None:
    """A return makes it doubtful."""
    Instrument.objects.filter(pk=instrument.pk).update(verification="verified", changed_at=instrument.changed_at)


def test_at_once_the_same_event_counts_once(player: Player, instrument: Instrument) -> None:
    withdrawal = sent(player, instrument)
    barrier, results = threading.Barrier(4), []

    def deliver() -> None:
        try:
            barrier.wait()
            results.append(tell(withdrawal, EventKind.PAYOUT_PAID, "one"))
        finally:
            connections.close_all()

    together(deliver, 4)

    assert sorted(results) == [Applied.APPLIED, Applied.NO_OP, Applied.NO_OP, Applied.NO_OP]
    assert wallet(player) == ("4900.00", "0.00")


def test_the_books_notice_a_withdrawal_that_lost_its_lock(player: Player, instrument: Instrument) -> None:
    withdrawal = requested(player, instrument)
    with database.cursor() as cursor:
        cursor.execute("UPDATE payments_withdrawal SET amount_units = amount_units + 1 WHERE id = %s", [withdrawal.pk])
    (found,) = check_books()
    assert (found.invariant, found.rule, found.expected, found.found) == (
        "I11", "locked-is-open-withdrawals", "100000001", "100000000",
    )  # fmt: skip
    with database.cursor() as cursor:
        cursor.execute("UPDATE payments_withdrawal SET amount_units = amount_units - 1 WHERE id = %s", [withdrawal.pk])


def test_the_sweeper_finds_what_was_lost(player: Player, instrument: Instrument) -> None:
    requested(player, instrument)
    Withdrawal.objects.update(changed_at=clock.now() - timedelta(minutes=1))
    assert tasks.sweep_payments() == 1
