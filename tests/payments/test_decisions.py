"""Who decides on withdrawals, and the legal moves of the state machines."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django_fsm import TransitionNotAllowed

from apps.brands.models import StaffScope
from apps.core import clock
from apps.integrations.connections import forget_connections
from apps.integrations.models import Integration
from apps.payments.models import Approval, Attempt, Deposit, Instrument, Withdrawal
from apps.payments.operations.decisions import (
    WithdrawalChanged,
    WithdrawalNotOpen,
    WithdrawalSecondPerson,
    approve_withdrawal,
    digest_of,
    hold_withdrawal,
    people_needed,
    reject_withdrawal,
    release_to_review,
)
from apps.payments.operations.instruments import judge_instrument
from apps.payments.operations.reasons import ReasonMissing
from apps.payments.operations.resolution import attest_outcome
from apps.payments.operations.screening import screen_withdrawal
from apps.payments.operations.steps import PaymentUnknown
from apps.payments.operations.submission import submit_withdrawal
from apps.players.models import Player
from tests.factories.games import LONG_AGO, frontend_of, make_player
from tests.payments.bank import Bank
from tests.payments.play import fresh, requested, sent, wallet


def officer(name: str, player: Player, *, permitted: bool = True) -> User:
    user = User.objects.create_user(name, is_staff=True)
    if permitted:
        wanted = ("approve_withdrawal", "hold_withdrawal")
        user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    StaffScope.objects.create(user=user, brand=player.brand)
    return user


def in_review(player: Player, instrument: Instrument, amount: str = "300") -> Withdrawal:
    withdrawal = requested(player, instrument, amount)
    return screen_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())


def approve(withdrawal: Withdrawal, actor: User, digest: str = "") -> Withdrawal:
    return approve_withdrawal(
        withdrawal_id=withdrawal.pk,
        digest=digest or digest_of(fresh(withdrawal)),
        actor=actor,
        note="Looked at it.",
        now=clock.now(),
    )


def test_above_the_automatic_tier_one_person_decides(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    assert withdrawal.state == "in_review"
    assert approve(withdrawal, officer("anna", player)).state == "approved"


def test_from_the_second_tier_on_two_people_decide(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument, "1000")
    anna, bert = officer("anna", player), officer("bert", player)
    assert approve(withdrawal, anna).state == "in_review"
    with pytest.raises(WithdrawalSecondPerson):
        approve(withdrawal, anna)
    assert approve(withdrawal, bert).state == "approved"


def test_against_a_check_two_people_decide(player: Player, instrument: Instrument) -> None:
    Instrument.objects.update(verification="unverified")
    withdrawal = in_review(player, instrument, "20")
    assert (withdrawal.state, withdrawal.needs_override) == ("in_review", True)
    assert approve(withdrawal, officer("anna", player)).state == "in_review"
    assert approve(withdrawal, officer("bert", player)).state == "approved"


def test_a_changed_instrument_voids_an_approval(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument, "1000")
    anna, bert, carl = (officer(name, player) for name in ("anna", "bert", "carl"))
    shown = digest_of(withdrawal)
    approve(withdrawal, anna)
    Instrument.objects.update(token="MT00OTHER", changed_at=clock.now(), changed_by=bert)

    with pytest.raises(WithdrawalChanged):
        approve(withdrawal, carl, shown)
    with pytest.raises(WithdrawalSecondPerson):
        approve(withdrawal, bert)
    assert approve(withdrawal, carl).state == "in_review"
    assert approve(withdrawal, anna).state == "approved"
    assert Approval.objects.count() == 3


def test_without_the_permission_or_the_brand_nobody_decides(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    with pytest.raises(PermissionDenied):
        approve(withdrawal, officer("dora", player, permitted=False))
    stranger = officer("emil", player)
    StaffScope.objects.filter(user=stranger).delete()
    with pytest.raises(PaymentUnknown):
        approve(withdrawal, stranger)
    assert fresh(withdrawal).state == "in_review"


def test_a_rejection_gives_the_money_back_and_says_why(player: Player, instrument: Instrument) -> None:
    withdrawal, anna = in_review(player, instrument), officer("anna", player)
    terms: dict[str, Any] = {"withdrawal_id": withdrawal.pk, "note": "", "actor": anna, "now": clock.now()}
    with pytest.raises(ReasonMissing):
        reject_withdrawal(reason_code="", **terms)
    assert reject_withdrawal(reason_code="fraud-review", **terms).state == "rejected"
    assert wallet(player) == ("5000.00", "0.00")
    with pytest.raises(WithdrawalNotOpen):
        reject_withdrawal(reason_code="fraud-review", **terms)


def test_what_was_on_hold_needs_two_people_and_tells_the_player_nothing(player: Player, instrument: Instrument) -> None:
    withdrawal, anna = in_review(player, instrument), officer("anna", player)
    terms: dict[str, Any] = {"withdrawal_id": withdrawal.pk, "note": "", "actor": anna, "now": clock.now()}
    hold_withdrawal(reason_code="aml-review", **terms)
    shown = frontend_of(player).get(f"/api/v1/withdrawals/{withdrawal.public_id}")
    assert (shown.json()["state"], shown.json()["reason"]) == ("processing", "")
    assert b"aml" not in shown.content
    release_to_review(**terms)
    assert approve(withdrawal, anna).state == "in_review"


def test_checks_that_ask_for_a_person(player: Player, instrument: Instrument) -> None:
    Instrument.objects.update(changed_at=clock.now() - timedelta(hours=1))
    other = make_player("other")
    Instrument.objects.create(player=other, method_id="bank", token=instrument.token, changed_at=clock.now())
    first = in_review(player, instrument, "50")
    answers = dict(first.checks.values_list("name", "result"))
    assert (answers["instrument-age"], answers["instrument-owner"]) == ("review", "review")
    second = in_review(player, instrument, "50")
    assert second.checks.get(name="duplicate").result == "review"


def test_screening_twice_asks_once(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    asked = withdrawal.checks.count()
    screen_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())
    assert withdrawal.checks.count() == asked


def test_two_people_with_evidence_settle_what_no_query_clears(
    player: Player, instrument: Instrument, bank: Bank
) -> None:
    bank.mode = "deaf"
    withdrawal = sent(player, instrument)
    anna, bert = officer("anna", player), officer("bert", player)
    for user in (anna, bert):
        user.user_permissions.add(Permission.objects.get(codename="resolve_withdrawal"))
    anna, bert = User.objects.get(pk=anna.pk), User.objects.get(pk=bert.pk)
    terms: dict[str, Any] = {
        "withdrawal_id": withdrawal.pk,
        "evidence": "Bank statement 214, line 7",
        "now": clock.now(),
    }

    with pytest.raises(ReasonMissing):
        attest_outcome(was_paid=True, actor=anna, **{**terms, "evidence": "trust me"})
    assert attest_outcome(was_paid=True, actor=anna, **terms).state == "unknown"
    with pytest.raises(WithdrawalSecondPerson):
        attest_outcome(was_paid=True, actor=anna, **terms)
    # Whoever says otherwise does not agree.
    assert attest_outcome(was_paid=False, actor=bert, **terms).state == "unknown"
    assert attest_outcome(was_paid=True, actor=bert, **terms).state == "paid"
    assert wallet(player) == ("4900.00", "0.00")


@pytest.mark.parametrize("verdict", ["blocked", "mismatch"])
def test_an_approval_falls_when_the_account_is_changed_while_no_provider_is_there(
    player: Player, instrument: Instrument, bank: Bank, verdict: str
) -> None:
    withdrawal = in_review(player, instrument)
    digest, judge = digest_of(withdrawal), officer("judge", player)
    judge.user_permissions.add(Permission.objects.get(codename="judge_instrument"))
    for name in ("anna", "bert")[: people_needed(withdrawal)]:
        terms: dict[str, Any] = {"digest": digest, "note": "Looked at", "now": clock.now()}
        approve_withdrawal(withdrawal_id=withdrawal.pk, actor=officer(name, player), **terms)
    Integration.objects.update(switch="off")
    forget_connections()
    assert submit_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now()).state == "blocked"
    judge_instrument(
        instrument_id=instrument.pk, verdict=verdict, note="The bank's letter", actor=User.objects.get(pk=judge.pk),
        now=clock.now(),
    )  # fmt: skip
    Integration.objects.update(switch="on")
    forget_connections()
    after = submit_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())
    assert (after.state, after.approved_at, bank.calls["/payout"]) == ("screening", None, 0)
    screened = screen_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())
    assert screened.state == {"blocked": "on_hold", "mismatch": "in_review"}[verdict]
    assert wallet(player)[1] == withdrawal.money.format()


def test_what_happened_is_never_altered(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    for rows in (withdrawal.steps, withdrawal.checks):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.all().delete()


FLIGHT = {"submitting", "submitted", "pending", "unknown"}
WITHDRAWAL_MOVES: dict[str, tuple[set[str], str]] = {
    "begin_screening": ({"requested"}, "screening"),
    "screen_again": ({"on_hold"}, "screening"),
    "void_approval": ({"approved", "queued", "blocked"}, "screening"),
    "hold": ({"screening", "in_review"}, "on_hold"),
    "send_to_review": ({"screening", "on_hold"}, "in_review"),
    "approve": ({"screening", "in_review"}, "approved"),
    "reject": ({"on_hold", "in_review", "blocked"}, "rejected"),
    "cancel": ({"requested", "screening", "on_hold", "in_review", "pending"}, "cancelled"),
    "queue": ({"approved", "blocked"} | FLIGHT, "queued"),
    "block": ({"queued"}, "blocked"),
    "begin_submission": ({"queued"}, "submitting"),
    "mark_submitted": ({"submitting"}, "submitted"),
    "mark_unknown": ({"submitting", "submitted", "pending"}, "unknown"),
    "mark_pending": ({"requested", "submitting", "submitted", "unknown"}, "pending"),
    "mark_paid": ({"queued", "blocked", "failed", "cancelled", "rejected"} | FLIGHT, "paid"),
    "mark_failed": ({"queued", "blocked"} | FLIGHT, "failed"),
    "mark_returned": (FLIGHT | {"paid", "failed"}, "returned"),
}
DEPOSIT_MOVES: dict[str, tuple[set[str], str]] = {
    "mark_pending": ({"initiated"}, "pending"),
    "settle": ({"initiated", "pending", "failed", "expired"}, "settled"),
    "fail": ({"initiated", "pending", "expired"}, "failed"),
    "expire": ({"initiated", "pending"}, "expired"),
    "reverse": ({"settled", "reversed"}, "reversed"),
}
EXTRAS: dict[str, dict[str, Any]] = {
    "hold": {"reason_code": "x", "player_reason": ""},
    "reject": {"reason_code": "x"},
    "mark_failed": {"reason_code": "x"},
    "mark_paid": {"units": 1},
    "settle": {"units": 1},
    "fail": {"reason": "x"},
    "reverse": {"units": 1},
}


@pytest.mark.parametrize(("model", "moves"), [(Withdrawal, WITHDRAWAL_MOVES), (Deposit, DEPOSIT_MOVES)])
def test_every_state_allows_its_own_moves_and_no_other(model: Any, moves: dict[str, tuple[set[str], str]]) -> None:
    assert {found.name for found in model(state=model.State.values[0]).get_all_state_transitions()} == set(moves)
    for state in model.State.values:
        for name, (sources, target) in moves.items():
            row = model(state=state)
            move = getattr(row, name)
            if state in sources:
                move(at=LONG_AGO, **EXTRAS.get(name, {}))
                assert row.state == target
            else:
                with pytest.raises(TransitionNotAllowed):
                    move(at=LONG_AGO, **EXTRAS.get(name, {}))
                assert row.state == state


def test_a_state_is_not_typed_in(player: Player, instrument: Instrument) -> None:
    withdrawal = requested(player, instrument)
    with pytest.raises(AttributeError):
        withdrawal.state = "paid"


def test_the_database_allows_one_live_attempt(player: Player, instrument: Instrument) -> None:
    withdrawal = sent(player, instrument)
    first = withdrawal.attempts.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.create(
            withdrawal=withdrawal, integration=first.integration, number=2, key="w-2", started_at=clock.now()
        )
