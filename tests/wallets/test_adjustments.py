"""Manual adjustments: two people, no exception; what was shown is what is posted; what is posted stays as it is."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from apps.compliance.approvals import (
    ApprovalDecided,
    ApprovalExpired,
    ApprovalSecondPerson,
    ApprovalStale,
    ApprovalUnknown,
    UnableToExecute,
    decide_approval,
)
from apps.compliance.models import Alert, ApprovalRequest
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.payments.operations.adjustments import LIFETIME, propose_adjustment
from apps.players.models import Player
from apps.transactions.books import check_books
from apps.transactions.models import Transaction
from apps.transactions.rollup import shared_balances
from apps.wallets.adjustments import AdjustmentMade, AdjustmentNotSound, AdjustmentTerms, digest_of, post_adjustment
from apps.wallets.models import Adjustment
from apps.wallets.queries import balances_of
from tests.factories.games import make_player
from tests.factories.integrations import make_brand
from tests.factories.staff import make_staff
from tests.monitoring.scene import put_live
from tests.transactions.meddling import run, tampering

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTE = "The vendor lost a win of the 27th"
PROPOSE, APPROVE = "wallets.propose_adjustment", "wallets.approve_adjustment"


def player() -> Player:
    return Player.objects.first() or make_player("anna")


def maker() -> User:
    brand = player().brand
    return User.objects.filter(username="maker").first() or make_staff("maker", PROPOSE, APPROVE, brands=(brand,))


def checker(name: str = "checker") -> User:
    return User.objects.filter(username=name).first() or make_staff(name, APPROVE, brands=(player().brand,))


def propose(
    units: int = 5_000_000, *, bucket: str = "cash", actor: User | None = None, note: str = NOTE, currency: str = "EUR"
) -> ApprovalRequest:
    return propose_adjustment(
        player_id=player().pk,
        money=Money(units, currency),
        bucket=bucket,
        reason="vendor-error",
        note=note,
        actor=actor or maker(),
        now=NOW,
    )


def decide(
    request: ApprovalRequest, *, actor: User | None = None, now: datetime = NOW, approve: bool = True
) -> ApprovalRequest:
    return decide_approval(
        request_id=request.pk, checker=actor or checker(), approve=approve, reason="I looked", now=now
    )


def cash() -> int:
    return sum(wallet.cash for wallet in balances_of(player().pk))


def nothing_moved() -> bool:
    return not Transaction.objects.exists() and cash() == 0 and not Adjustment.objects.exists()


def test_a_proposal_moves_nothing_and_a_second_person_posts_it() -> None:
    request = propose()
    assert nothing_moved()
    assert request.summary == f"anna gets 5.00 EUR (cash). A vendor's error: {NOTE}."
    decide(request)
    made = Adjustment.objects.get()
    assert (made.state, made.proposed_by, made.proposed_at) == ("posted", maker(), NOW)
    assert (made.decided_by, cash()) == (checker(), 5_000_000)
    posted = Transaction.objects.get()
    assert (posted.pk, posted.kind, posted.player_id) == (made.transaction_id, "adjustment", player().pk)
    assert posted.details == {
        "adjustment": str(made.public_id),
        "reason": "vendor-error",
        "proposed_by": "maker",
        "approved_by": "checker",
        "digest": made.payload_digest,
    }
    assert [balance.balance for balance in shared_balances().values()] == [-5_000_000]
    with pytest.raises(ApprovalDecided):
        decide(request)


def test_an_adjustment_may_take_money_and_touch_any_bucket_that_is_not_locked() -> None:
    decide(propose(7_000_000, bucket="bonus"))
    decide(propose(-2_500_000, bucket="bonus"))
    (wallet,) = balances_of(player().pk)
    assert (wallet.cash, wallet.bonus, wallet.restricted) == (0, 4_500_000, 0)


def test_what_the_player_does_not_have_can_not_be_taken_and_the_proposal_goes_on_waiting() -> None:
    request = propose(-1)
    with pytest.raises(UnableToExecute, match="not enough funds"):
        decide(request)
    assert nothing_moved()
    assert ApprovalRequest.objects.get().state == "waiting"


@pytest.mark.parametrize("approve", [True, False])
@pytest.mark.parametrize("is_superuser", [False, True])
def test_nobody_decides_on_an_own_proposal_not_even_a_superuser(*, approve: bool, is_superuser: bool) -> None:
    both = make_staff("both", PROPOSE, APPROVE, superuser=is_superuser, brands=(player().brand,))
    request = propose(actor=both)
    with pytest.raises(ApprovalSecondPerson):
        decide(request, actor=both, approve=approve)
    assert nothing_moved()


def test_the_database_refuses_one_person_in_both_parts_whoever_writes() -> None:
    request = propose()
    with pytest.raises(IntegrityError, match="compliance_approval_second_person"), transaction.atomic():
        run(
            "UPDATE compliance_approvalrequest SET state = 'rejected', checker_id = maker_id, decided_at = %(now)s",
            {"now": NOW},
        )
    terms = AdjustmentTerms(uuid7(), player().pk, Money(1, "EUR"), "cash", "goodwill", NOTE)
    with pytest.raises(IntegrityError, match="wallets_adjustment_second_person"):
        post_adjustment(terms=terms, maker=maker(), checker=maker(), asked_at=NOW, now=NOW)
    assert (ApprovalRequest.objects.get(pk=request.pk).state, nothing_moved()) == ("waiting", True)


def test_the_same_terms_are_posted_once_whoever_calls() -> None:
    terms = AdjustmentTerms(uuid7(), player().pk, Money(7, "EUR"), "cash", "goodwill", NOTE)
    made = post_adjustment(terms=terms, maker=maker(), checker=checker(), asked_at=NOW, now=NOW)
    assert made.payload_digest == digest_of(terms)
    with pytest.raises(AdjustmentMade):
        post_adjustment(terms=terms, maker=maker(), checker=checker(), asked_at=NOW, now=NOW)
    assert cash() == 7


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE wallets_adjustment SET amount_units = amount_units + 1",
        "UPDATE wallets_adjustment SET decision_note = 'x'",
        "DELETE FROM wallets_adjustment",
    ],
)
def test_what_is_posted_can_not_be_changed(change: str) -> None:
    decide(propose())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run(change)


def test_terms_changed_behind_the_trigger_are_noticed_at_the_approval() -> None:
    request = propose()
    with tampering():
        run("UPDATE compliance_approvalrequest SET payload = payload || '{\"units\": 99000000}'")
        with pytest.raises(ApprovalStale):
            decide(request)
        assert nothing_moved()


def test_a_proposal_that_nobody_decided_in_time_expires() -> None:
    request = propose()
    with pytest.raises(ApprovalExpired):
        decide(request, now=NOW + LIFETIME)
    assert (ApprovalRequest.objects.get().state, nothing_moved()) == ("expired", True)


def test_only_who_may_proposes_and_decides() -> None:
    nobody = make_staff("nobody", brands=(player().brand,))
    for person in (nobody, checker()):
        with pytest.raises(PermissionDenied):
            propose(actor=person)
    request = propose()
    with pytest.raises(PermissionDenied):
        decide(request, actor=nobody)
    assert nothing_moved()


def test_staff_of_another_brand_sees_no_such_player_and_no_such_proposal() -> None:
    stranger = make_staff("stranger", PROPOSE, APPROVE, brands=(make_brand("borealis"),))
    with pytest.raises(ApprovalUnknown):
        propose(actor=stranger)
    with pytest.raises(ApprovalUnknown):
        decide(propose(), actor=stranger)


@pytest.mark.parametrize(
    "unsound",
    [
        {"units": 0},
        {"bucket": "locked"},
        {"bucket": "house"},
        {"note": "too short"},
        {"note": " " * 30},
        {"currency": "JPY"},
    ],
)
def test_a_proposal_that_makes_no_sense_is_refused(unsound: dict[str, object]) -> None:
    with pytest.raises(AdjustmentNotSound):
        propose(**unsound)  # type: ignore[arg-type]
    assert ApprovalRequest.objects.count() == 0


@pytest.mark.parametrize("units", [600_000_000, -600_000_000])
def test_monitoring_is_asked_and_the_second_person_reads_what_it_says(units: int) -> None:
    put_live()
    request = propose(units)
    (alert,) = Alert.objects.filter(rule_id="AML-29")
    assert alert.player_id == player().pk
    assert "Monitoring: AML-29: A balance was changed by" in request.summary
    assert propose(4_000_000).payload["monitoring"] == []


def test_an_adjustment_posted_without_two_people_breaks_the_books() -> None:
    decide(propose())
    made = Adjustment.objects.get()
    with tampering():
        run("DELETE FROM wallets_adjustment")
        assert [(each.rule, each.row) for each in check_books()] == [
            ("adjustment-has-two-people", f"transaction:{made.transaction_id}")
        ]
    with tampering():
        run("UPDATE wallets_adjustment SET amount_units = amount_units - 1")
        assert [each.rule for each in check_books()] == ["adjustment-moved-its-amount"]


@pytest.mark.django_db(transaction=True)
def test_two_people_approving_at_once_post_it_once() -> None:
    request = propose()
    checkers = [checker(), checker("checker2")]
    barrier = threading.Barrier(2)

    def agree(actor: User) -> str:
        try:
            with connection.cursor():
                barrier.wait(timeout=20)
            return str(decide(request, actor=actor).state)
        except ApprovalDecided:
            return "decided"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(agree, checkers)) == ["decided", "executed"]
    assert cash() == 5_000_000
