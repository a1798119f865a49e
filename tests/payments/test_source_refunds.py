"""Money of a failed due diligence on its way back to where it came from, and what becomes of what can not go back."""

from typing import Any

import pytest

from apps.compliance.approvals import decide_approval, request_approval
from apps.compliance.models import Alert
from apps.core import clock
from apps.integrations.outbox import Fact, consume
from apps.payments import tasks
from apps.payments.contract import EventKind
from apps.payments.models import Capability, Deposit, Instrument, SourceRefund, Withdrawal
from apps.payments.operations.source_refunds import follow, send_back
from apps.payments.operations.submission import submit_withdrawal
from apps.players.models import Player
from apps.transactions.models import Account
from apps.verification.models import DueDiligence
from apps.verification.operations.due_diligence import REFUND_COMMAND, check_threshold
from tests.factories.games import frontend_of, make_player
from tests.factories.integrations import make_brand
from tests.factories.policies import put_in_force
from tests.factories.staff import make_staff
from tests.payments.bank import Bank
from tests.payments.conftest import make_instrument
from tests.payments.play import euro, fresh, post, settled_deposit, tell

LIMIT = {"amount": 2000, "currency": "EUR", "basis": "accrued deposits", "window_days": 180}


@pytest.fixture
def failed(integration: Any) -> Player:
    """A player of whom 2 600 came from one account and 200 from play, all locked, and whose due diligence failed."""
    return fail(make_player(cash="200"))


@pytest.fixture
def failed_without_winnings(integration: Any) -> Player:
    """The same, of whom all came from one account."""
    return fail(make_player())


def fail(player: Player) -> Player:
    """Bring him to the threshold, lock what he has, and let two people decide that it goes back."""
    for parameter, value in (("cdd_threshold", LIMIT), ("lock_funds_at_cdd_threshold", True)):
        put_in_force("MT", parameter, value)
    deposit = settled_deposit(player, "2600")
    Deposit.objects.filter(pk=deposit.pk).update(instrument=make_instrument(player))
    check_threshold(player_id=player.pk, now=clock.now())
    maker = make_staff("agent", "verification.propose_release", brands=(make_brand(),))
    checker = make_staff("officer", "verification.approve_release", brands=(make_brand(),))
    request = request_approval(
        command=REFUND_COMMAND, payload={"due_diligence": DueDiligence.objects.get().pk}, maker=maker,
        reason="Not who he says", now=clock.now(), subject_player_id=player.pk,
    )  # fmt: skip
    decide_approval(request_id=request.pk, checker=checker, approve=True, reason="", now=clock.now())
    return player


def buckets(player: Player) -> dict[str, str]:
    rows = Account.objects.filter(player_id=player.pk, currency="EUR").values_list("kind", "balance")
    return {kind: str(units // 1_000_000) for kind, units in rows if units}


def facts_of(kind: str) -> list[Fact]:
    """Every fact of a kind, as a follower of their own would read them."""
    found: list[Fact] = []
    consume(consumer=f"tests.{kind}", handle=found.extend, kinds={kind})
    return found


def sent_out(player: Player) -> Withdrawal:
    """The refund, looked at by two people and sent."""
    tasks.refund_to_source()
    withdrawal = Withdrawal.objects.get(player=player)
    tasks.screen_withdrawal(withdrawal_id=withdrawal.pk)
    withdrawal = fresh(withdrawal)
    assert withdrawal.checks.get(name="identity").result == "passed"
    assert withdrawal.state == "in_review"
    withdrawal.approve(at=clock.now())
    withdrawal.save(update_fields=["state", "approved_at", "changed_at", "player_reason"])
    return submit_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())


def test_each_source_gets_back_what_came_from_it_and_the_rest_stays_locked(failed: Player, bank: Bank) -> None:
    withdrawal = sent_out(failed)
    assert (withdrawal.state, withdrawal.money, withdrawal.instrument) == (
        "submitted", euro("2600"), Instrument.objects.get(token="MT84MALT"),
    )  # fmt: skip
    assert buckets(failed) == {"locked": "2600", "restricted": "200"}
    assert list(bank.payouts) == [attempt.key for attempt in Deposit.objects.get().attempts.all()] + [
        withdrawal.attempts.get().key
    ]
    alert = Alert.objects.get(dedupe_key__startswith="source-refund:")
    assert alert.evidence["left_units"] == {"EUR": 200_000_000}
    tell(withdrawal, EventKind.PAYOUT_PAID)
    tasks.refund_to_source()
    # 200 are of no source: the lock stays, for people to decide.
    assert (buckets(failed), DueDiligence.objects.get().state) == ({"restricted": "200"}, "refund_due")


def test_it_ends_when_the_last_of_it_has_arrived(failed_without_winnings: Player) -> None:
    withdrawal = sent_out(failed_without_winnings)
    tasks.refund_to_source()
    assert DueDiligence.objects.get().state == "refund_due"
    tell(withdrawal, EventKind.PAYOUT_PAID)
    tasks.refund_to_source()
    found = DueDiligence.objects.get()
    assert (found.state, found.closed_at is not None) == ("refunded", True)
    assert buckets(failed_without_winnings) == {}
    assert len(facts_of("verification.due_diligence.refunded")) == 1


@pytest.mark.parametrize("kinds", [(EventKind.PAYOUT_FAILED,), (EventKind.PAYOUT_PAID, EventKind.PAYOUT_RETURNED)])
def test_what_does_not_arrive_is_locked_again_and_somebodys_work(failed: Player, kinds: tuple[EventKind, ...]) -> None:
    withdrawal = sent_out(failed)
    for kind in kinds:
        tell(withdrawal, kind)
    tasks.refund_to_source()
    assert buckets(failed) == {"restricted": "2800"}
    assert DueDiligence.objects.get().state == "refund_due"
    assert Alert.objects.filter(dedupe_key__startswith="source-refund:").count() == 1


def test_the_same_fact_again_sends_nothing_again(failed: Player) -> None:
    tasks.refund_to_source()
    (fact,) = facts_of("verification.due_diligence.refund_due")
    diligence = DueDiligence.objects.get()
    follow([fact, fact], now=clock.now())
    assert send_back(due_diligence_id=diligence.pk, now=clock.now()) == []
    assert tasks.refund_to_source() == 0
    assert (Withdrawal.objects.count(), SourceRefund.objects.count()) == (1, 1)


def test_its_player_can_not_take_it_back_into_his_wallet(failed: Player) -> None:
    tasks.refund_to_source()
    withdrawal = Withdrawal.objects.get()
    answer = post(frontend_of(failed), f"withdrawals/{withdrawal.public_id}/cancel", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "withdrawal-locked")
    assert buckets(failed) == {"locked": "2600", "restricted": "200"}


def test_a_source_that_nobody_can_pay_to_is_for_people(failed: Player) -> None:
    Capability.objects.filter(direction="withdrawal").delete()
    tasks.refund_to_source()
    assert not Withdrawal.objects.exists()
    assert (buckets(failed), DueDiligence.objects.get().state) == ({"restricted": "2800"}, "refund_due")
    assert Alert.objects.get(dedupe_key__startswith="source-refund:").evidence["left_units"] == {"EUR": 2_800_000_000}
