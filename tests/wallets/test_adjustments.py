"""Manual adjustments: two people, no exception; what was shown is what is posted; what is decided stays decided."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django_fsm import TransitionNotAllowed

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.players.models import Player
from apps.transactions.books import check_books
from apps.transactions.models import Transaction
from apps.transactions.posting import InsufficientFunds
from apps.transactions.rollup import shared_balances
from apps.wallets.adjustments import (
    AdjustmentChanged,
    AdjustmentDecided,
    AdjustmentExpired,
    AdjustmentNotSound,
    AdjustmentSecondPerson,
    AdjustmentUnknown,
    approve_adjustment,
    expire_adjustments,
    propose_adjustment,
    reject_adjustment,
)
from apps.wallets.models import Adjustment
from apps.wallets.queries import balances_of
from apps.wallets.tasks import expire_adjustments as expire_task
from tests.factories.integrations import make_brand
from tests.ledger_property.driver import Table, make_player
from tests.transactions.meddling import run, tampering

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_UPDATE = "UPDATE wallets_adjustment SET {}"
NOTE = "The vendor lost a win of the 27th"


def staff(name: str, *permissions: str, superuser: bool = False, brand: str = "aurora") -> User:
    user = User.objects.create(username=name, is_staff=True, is_superuser=superuser)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    StaffScope.objects.create(user=user, brand=make_brand(brand))
    return user


def player() -> Player:
    found = Player.objects.first()
    # Only the brand is asked of the table here.
    return found or make_player(Table(make_brand(), None, None), "anna")  # type: ignore[arg-type]


def maker() -> User:
    return User.objects.filter(username="maker").first() or staff("maker", "propose_adjustment", "approve_adjustment")


def checker() -> User:
    return User.objects.filter(username="checker").first() or staff("checker", "approve_adjustment")


def propose(
    units: int = 5_000_000, *, bucket: str = "cash", actor: User | None = None, note: str = NOTE, currency: str = "EUR"
) -> Adjustment:
    return propose_adjustment(
        player_id=player().pk,
        money=Money(units, currency),
        bucket=bucket,
        reason="vendor-error",
        note=note,
        actor=actor or maker(),
        now=NOW,
    )


def approve(adjustment: Adjustment, *, actor: User | None = None, now: datetime = NOW) -> Adjustment:
    return approve_adjustment(
        adjustment_id=adjustment.pk, payload_digest=adjustment.payload_digest, actor=actor or checker(), now=now
    )


def cash() -> int:
    return sum(wallet.cash for wallet in balances_of(player().pk))


def nothing_moved() -> bool:
    return not Transaction.objects.exists() and cash() == 0


def test_a_proposal_moves_nothing_and_a_second_person_posts_it() -> None:
    adjustment = propose()
    assert nothing_moved()
    approved = approve(adjustment)
    assert (approved.state, approved.decided_by, cash()) == ("posted", checker(), 5_000_000)
    posted = Transaction.objects.get()
    assert (posted.pk, posted.kind, posted.player_id) == (approved.transaction_id, "adjustment", player().pk)
    assert posted.details == {
        "adjustment": str(adjustment.public_id),
        "reason": "vendor-error",
        "proposed_by": "maker",
        "approved_by": "checker",
        "digest": adjustment.payload_digest,
    }
    assert [balance.balance for balance in shared_balances().values()] == [-5_000_000]


def test_an_adjustment_may_take_money_and_touch_any_bucket_that_is_not_locked() -> None:
    approve(propose(7_000_000, bucket="bonus"))
    approve(propose(-2_500_000, bucket="bonus"))
    (wallet,) = balances_of(player().pk)
    assert (wallet.cash, wallet.bonus, wallet.restricted) == (0, 4_500_000, 0)


def test_what_the_player_does_not_have_can_not_be_taken_and_the_proposal_goes_on_waiting() -> None:
    adjustment = propose(-1)
    with pytest.raises(InsufficientFunds), transaction.atomic():
        approve(adjustment)
    assert nothing_moved()
    assert Adjustment.objects.get().state == "proposed"


@pytest.mark.parametrize(
    "decide", [approve, lambda a, actor: reject_adjustment(adjustment_id=a.pk, note="no", actor=actor, now=NOW)]
)
@pytest.mark.parametrize("is_superuser", [False, True])
def test_nobody_decides_on_an_own_proposal_not_even_a_superuser(
    decide: Callable[..., Adjustment], *, is_superuser: bool
) -> None:
    both = staff("both", "propose_adjustment", "approve_adjustment", superuser=is_superuser)
    with pytest.raises(AdjustmentSecondPerson):
        decide(propose(actor=both), actor=both)
    assert nothing_moved()


def test_the_database_refuses_one_person_in_both_parts_whoever_writes() -> None:
    adjustment = propose()
    with pytest.raises(IntegrityError, match="wallets_adjustment_second_person"), transaction.atomic():
        run(
            "UPDATE wallets_adjustment SET state = 'rejected', decided_by_id = proposed_by_id, decided_at = %(now)s",
            {"now": NOW},
        )
    assert Adjustment.objects.get(pk=adjustment.pk).state == "proposed"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("state = 'approved'", "wallets_adjustment_(state|decided)"),
        ("state = 'posted', decided_by_id = %(checker)s, decided_at = %(now)s", "wallets_adjustment_posted"),
        ("state = 'posted', transaction_id = %(uuid)s", "wallets_adjustment_decided"),
        ("state = 'rejected'", "wallets_adjustment_decided"),
        ("decided_at = %(now)s", "wallets_adjustment_decided"),
        ("transaction_id = %(uuid)s", "wallets_adjustment_posted"),
        (
            "state = 'posted', decided_by_id = %(checker)s, decided_at = expires_at, transaction_id = %(uuid)s",
            "wallets_adjustment_in_time",
        ),
    ],
)
def test_the_database_refuses_states_that_make_no_sense(change: str, constraint: str) -> None:
    propose()
    values: dict[str, object] = {"now": NOW, "checker": checker().pk, "uuid": uuid7()}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        run(_UPDATE.format(change), values)


@pytest.mark.parametrize(
    "change",
    ["amount_units = amount_units + 1", "bucket = 'bonus'", "note = 'x'", "expires_at = now()", "payload_digest = ''"],
)
def test_the_terms_of_a_proposal_can_not_be_changed(change: str) -> None:
    propose()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run(_UPDATE.format(change))


def test_terms_changed_behind_the_trigger_are_noticed_at_the_approval() -> None:
    adjustment = propose()
    with tampering():
        run("UPDATE wallets_adjustment SET amount_units = 99000000")
        with pytest.raises(AdjustmentChanged):
            approve(adjustment)
        assert nothing_moved()


def test_the_second_person_decides_on_what_was_shown_and_nothing_else() -> None:
    adjustment = propose()
    with pytest.raises(AdjustmentChanged):
        approve_adjustment(adjustment_id=adjustment.pk, payload_digest="0" * 64, actor=checker(), now=NOW)
    assert nothing_moved()


def test_what_is_decided_stays_decided() -> None:
    posted, rejected = propose(), propose()
    approve(posted)
    reject_adjustment(adjustment_id=rejected.pk, note="Not ours", actor=checker(), now=NOW)
    for adjustment in (posted, rejected):
        with pytest.raises(AdjustmentDecided):
            approve(adjustment)
        with pytest.raises(AdjustmentDecided):
            reject_adjustment(adjustment_id=adjustment.pk, note="no", actor=checker(), now=NOW)
    assert cash() == 5_000_000
    for change in ("UPDATE wallets_adjustment SET decision_note = 'x'", "DELETE FROM wallets_adjustment"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            run(change)


def test_every_state_allows_only_the_moves_it_should() -> None:
    moves: dict[str, Callable[[Adjustment], None]] = {
        "post": lambda a: a.post(by=checker(), at=NOW, note="", transaction_id=uuid7()),
        "reject": lambda a: a.reject(by=checker(), at=NOW, note=""),
        "expire": lambda a: a.expire(at=NOW),
    }
    for state in Adjustment.State:
        for name, move in moves.items():
            adjustment = Adjustment(state=state)
            if state == Adjustment.State.PROPOSED:
                move(adjustment)
                assert adjustment.state == {"post": "posted", "reject": "rejected", "expire": "expired"}[name]
            else:
                with pytest.raises(TransitionNotAllowed):
                    move(adjustment)
    with pytest.raises(AttributeError):
        Adjustment().state = "posted"


def test_a_proposal_that_nobody_decided_in_time_expires() -> None:
    adjustment = propose()
    over = NOW + timedelta(hours=24)
    assert expire_adjustments(now=over - timedelta(microseconds=1)) == 0
    with pytest.raises(AdjustmentExpired):
        approve(adjustment, now=over)
    assert expire_adjustments(now=over) == 1
    assert expire_adjustments(now=over) == 0
    with pytest.raises(AdjustmentDecided):
        approve(adjustment)
    assert nothing_moved()


def test_the_scheduled_task_expires_proposals() -> None:
    propose()
    assert expire_task() == 1
    assert Adjustment.objects.get().state == "expired"


def test_only_who_may_proposes_and_decides() -> None:
    nobody = staff("nobody")
    with pytest.raises(PermissionDenied):
        propose(actor=nobody)
    with pytest.raises(PermissionDenied):
        propose(actor=checker())
    adjustment = propose()
    with pytest.raises(PermissionDenied):
        approve(adjustment, actor=nobody)
    User.objects.filter(pk=checker().pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        approve(adjustment, actor=User.objects.get(username="checker"))
    assert nothing_moved()


def test_staff_of_another_brand_sees_no_such_player_and_no_such_adjustment() -> None:
    stranger = staff("stranger", "propose_adjustment", "approve_adjustment", brand="borealis")
    with pytest.raises(AdjustmentUnknown):
        propose(actor=stranger)
    with pytest.raises(AdjustmentUnknown):
        approve(propose(), actor=stranger)


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
    with pytest.raises(AdjustmentNotSound) as refused:
        propose(**unsound)  # type: ignore[arg-type]
    assert isinstance(refused.value, DomainError)
    assert Adjustment.objects.count() == 0


def test_an_adjustment_posted_without_two_people_breaks_the_books() -> None:
    approved = approve(propose())
    with tampering():
        run("DELETE FROM wallets_adjustment")
        assert [(each.rule, each.row) for each in check_books()] == [
            ("adjustment-has-two-people", f"transaction:{approved.transaction_id}")
        ]
    with tampering():
        run("UPDATE wallets_adjustment SET amount_units = amount_units - 1")
        assert [each.rule for each in check_books()] == ["adjustment-moved-its-amount"]


@pytest.mark.django_db(transaction=True)
def test_two_people_approving_at_once_post_it_once() -> None:
    adjustment = propose()
    checkers = [checker(), staff("checker2", "approve_adjustment")]
    barrier = threading.Barrier(2)

    def decide(actor: User) -> str:
        try:
            with connection.cursor():
                barrier.wait(timeout=20)
            return str(approve(adjustment, actor=actor).state)
        except AdjustmentDecided:
            return "decided"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(decide, checkers)) == ["decided", "posted"]
    assert cash() == 5_000_000
