"""Known bugs of payment platforms that others use, as tests here; docs/payments.md says which test covers which."""

import inspect
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.integrations.connections import Connection, connection
from apps.integrations.outbox import Fact, consume
from apps.payments import registry
from apps.payments.adapters import basic_auth
from apps.payments.adapters.adyen import signature as adyen
from apps.payments.adapters.cryptoprocessing import signature as crypto
from apps.payments.contract import EventKind, PaymentEvent, PspState, Query
from apps.payments.models import Deposit, Instrument, PaymentStep, Withdrawal
from apps.payments.operations.events import EventParked, apply_event
from apps.payments.operations.refunds import send_refund, start_refund
from apps.payments.operations.submission import resolve_attempt, submit_withdrawal
from apps.players.models import Player
from tests.factories.games import make_player
from tests.factories.staff import make_staff
from tests.payments.bank import Bank, BankAdapter
from tests.payments.conftest import connect_bank, make_instrument
from tests.payments.play import euro, fresh, sent, settled_deposit, tell, wallet

SCHEDULE = [timedelta(minutes=5), timedelta(hours=1), *[timedelta(days=1)] * 5]


@pytest.fixture
def integration(db: None, bank: Bank) -> Any:
    """One bank; nothing here needs a commit."""
    return connect_bank(bank)


def unknown(player: Player, bank: Bank, mode: str = "lose_answer") -> Withdrawal:
    """A payout whose answer was lost."""
    bank.mode = mode
    withdrawal = sent(player, make_instrument(player))
    assert withdrawal.state == "unknown"
    bank.mode = "ok"
    return withdrawal


def ask(withdrawal: Withdrawal, now: datetime) -> Withdrawal:
    """The janitor comes by."""
    resolve_attempt(attempt_id=withdrawal.attempts.get().pk, now=now)
    return fresh(withdrawal)


@pytest.mark.parametrize(("word", "state", "cash"), [("paid", "paid", "4900.00"), ("failed", "failed", "5000.00")])
def test_kill_bill_janitor_what_was_unknown_is_known_and_has_one_line_more(
    player: Player, bank: Bank, word: str, state: str, cash: str
) -> None:
    withdrawal = unknown(player, bank)
    bank.payouts[withdrawal.attempts.get().key] = word
    lines = PaymentStep.objects.filter(withdrawal=withdrawal).count()
    assert ask(withdrawal, clock.now() + timedelta(minutes=6)).state == state
    assert PaymentStep.objects.filter(withdrawal=withdrawal).count() == lines + 1
    ask(withdrawal, clock.now() + timedelta(days=1))
    assert PaymentStep.objects.filter(withdrawal=withdrawal).count() == lines + 1
    assert (wallet(player), bank.calls["/payout"]) == ((cash, "0.00"), 1)


def test_kill_bill_janitor_when_the_query_breaks_nothing_changes_and_it_is_asked_again(
    player: Player, bank: Bank
) -> None:
    withdrawal = unknown(player, bank)
    bank.mode = "deaf"
    first = clock.now() + timedelta(minutes=6)
    assert ask(withdrawal, first).state == "unknown"
    attempt = withdrawal.attempts.get()
    assert (attempt.state, attempt.next_query_at) == ("unknown", first + SCHEDULE[1])
    assert wallet(player) == ("4900.00", "100.00")


def test_kill_bill_janitor_what_was_pending_is_paid_when_asked(
    player: Player, bank: Bank, instrument: Instrument
) -> None:
    withdrawal = sent(player, instrument)
    tell(withdrawal, EventKind.PAYOUT_PENDING)
    bank.payouts[withdrawal.attempts.get().key] = "paid"
    assert ask(withdrawal, clock.now() + timedelta(days=2)).state == "paid"
    assert wallet(player) == ("4900.00", "0.00")


def test_kill_bill_janitor_what_never_moves_is_asked_by_the_whole_schedule_and_stays_what_it_is(
    player: Player, bank: Bank
) -> None:
    """Also Hyperswitch #2380: after the last try it is still unknown, not failed."""
    withdrawal, now = unknown(player, bank), clock.now()
    for number, pause in enumerate(SCHEDULE, start=1):
        now += pause + timedelta(seconds=1)
        assert ask(withdrawal, now - timedelta(seconds=2)).state == "unknown"  # before its time nobody is asked
        assert ask(withdrawal, now).state == "unknown"
        assert (bank.calls["/state"], withdrawal.attempts.get().queries) == (number, number)
    assert ask(withdrawal, now + timedelta(days=2)).state == "unknown"
    assert withdrawal.attempts.get().next_query_at is None
    for days in (3, 30, 300):
        assert ask(withdrawal, now + timedelta(days=days)).state == "unknown"
    assert (bank.calls["/state"], wallet(player)) == (len(SCHEDULE) + 1, ("4900.00", "100.00"))
    assert PaymentStep.objects.filter(withdrawal=withdrawal, name="still-unknown", is_incident=True).count() == 1


def test_kill_bill_643_while_the_outcome_is_unknown_nothing_new_is_sent(player: Player, bank: Bank) -> None:
    withdrawal = unknown(player, bank)
    for _ in range(3):
        submit_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now() + timedelta(days=9))
    assert (bank.calls["/payout"], withdrawal.attempts.count(), fresh(withdrawal).state) == (1, 1, "unknown")


class LateBank(BankAdapter):
    """While it is asked, its callback is quicker: the answer that comes then is of the state before."""

    def fetch(self, connection: Connection, query: Query) -> PspState:
        """Tell that it was paid, then answer that it failed."""
        event = PaymentEvent(EventKind.PAYOUT_PAID, "quicker", reference=query.key)
        apply_event(connection=connection, event=event, now=clock.now())
        return PspState(found=True, kind=EventKind.PAYOUT_FAILED, word="failed")


def test_kill_bill_809_a_late_janitor_does_not_take_back_what_was_paid_meanwhile(
    player: Player, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawal = unknown(player, bank)
    monkeypatch.setattr(registry, "ADAPTERS", {**registry.ADAPTERS, "bank": LateBank()})
    assert ask(withdrawal, clock.now() + timedelta(minutes=6)).state == "paid"
    assert (wallet(player), withdrawal.attempts.get().state) == (("4900.00", "0.00"), "done")


@pytest.mark.django_db(transaction=True)
def test_hyperswitch_9278_what_is_told_to_others_is_the_committed_state(bank: Bank, transactional_db: None) -> None:
    connect_bank(bank)
    player = make_player(cash="5000")
    withdrawal = sent(player, make_instrument(player))
    tell(withdrawal, EventKind.PAYOUT_PENDING)
    tell(withdrawal, EventKind.PAYOUT_PAID)
    found: list[Fact] = []
    consume(consumer="tests.payouts", handle=found.extend, kinds={f"payments.withdrawal.{word}" for word in WORDS})
    assert [fact.kind.rpartition(".")[2] for fact in found] == ["requested", "approved", "paid"]
    assert {fact.subject for fact in found} == {str(withdrawal.public_id)}
    assert found[-1].data["amount_units"] == fresh(withdrawal).paid_units


WORDS = ("requested", "held", "approved", "paid", "failed", "returned", "cancelled", "rejected")


def test_hyperswitch_prism_signatures_are_compared_in_constant_time() -> None:
    # Passwords are compared where a connection keeps its keys.
    assert "connection.key_shown(password" in inspect.getsource(basic_auth)
    for where in (adyen, crypto, Connection.key_shown):
        source = inspect.getsource(where)
        assert "compare_digest" in source
        assert "signature ==" not in source
        assert "== signature" not in source


def test_pretix_a_refund_is_of_one_payment_though_two_came_under_one_reference(player: Player, bank: Bank) -> None:
    first = settled_deposit(player, "80")
    key = first.attempts.get().key
    found = connection("bank")
    assert found is not None
    event = PaymentEvent(EventKind.DEPOSIT_SETTLED, "second", reference=key, psp_reference="SECOND", amount=euro("80"))
    apply_event(connection=found, event=event, now=clock.now())
    second = Deposit.objects.exclude(pk=first.pk).get()
    actor = make_staff("officer", "payments.start_refund", brands=(player.brand,))
    refund, _ = start_refund(
        deposit_id=second.pk, money=euro("80"), reason_code="duplicate", note="Paid twice", action_key="one",
        actor=actor, now=clock.now(),
    )  # fmt: skip
    send_refund(refund_id=refund.pk, now=clock.now())
    tell(second, EventKind.REFUND_DONE, reference_override=refund.key)
    assert (bank.calls["/refund"], wallet(player)) == (1, ("5080.00", "0.00"))
    states = dict(Deposit.objects.values_list("pk", "state"))
    assert (states[first.pk], states[second.pk]) == ("settled", "reversed")


def test_pretix_a_refund_told_before_its_row_is_committed_waits_and_is_not_booked_as_another(
    player: Player, bank: Bank
) -> None:
    deposit = settled_deposit(player, "80")
    with pytest.raises(EventParked):
        tell(deposit, EventKind.REFUND_DONE, reference_override=f"r-{uuid.uuid4().hex}", amount=euro("80"))
    assert (Deposit.objects.get(pk=deposit.pk).reversed_units, wallet(player)) == (0, ("5080.00", "0.00"))
    assert not bank.refunds
