"""Who works on which withdrawal, the clock of each, and what may be approved together."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import connection, connections

from apps.brands.models import StaffScope
from apps.core import clock
from apps.payments.models import Instrument, PaymentStep, Withdrawal, WithdrawalReason
from apps.payments.operations.claims import (
    QueueEmpty,
    WithdrawalHeld,
    claim_next,
    claim_withdrawal,
    reassign_withdrawal,
    release_claim,
)
from apps.payments.operations.decisions import (
    WithdrawalSecondPerson,
    approve_together,
    approve_withdrawal,
    digest_of,
    hold_withdrawal,
    people_needed,
    reject_withdrawal,
    release_to_review,
)
from apps.payments.operations.instruments import judge_instrument
from apps.payments.operations.screening import screen_withdrawal
from apps.payments.withdrawal_queue import clock_of, slow, targets
from apps.players.models import Player
from apps.transactions.books import check_books
from tests.factories.games import frontend_of
from tests.payments.play import fresh, requested, wallet

CODENAMES = (
    "approve_withdrawal", "hold_withdrawal", "claim_withdrawal", "reassign_withdrawal", "judge_instrument",
)  # fmt: skip


def officer(name: str, player: Player) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=CODENAMES))
    StaffScope.objects.create(user=user, brand=player.brand)
    return user


def in_review(player: Player, instrument: Instrument, amount: str = "300") -> Withdrawal:
    withdrawal = requested(player, instrument, amount)
    return screen_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())


def approve(withdrawal: Withdrawal, actor: User) -> Withdrawal:
    return approve_withdrawal(
        withdrawal_id=withdrawal.pk, digest=digest_of(fresh(withdrawal)), actor=actor, note="Seen", now=clock.now()
    )


def test_what_is_due_first_is_taken_first(player: Player, instrument: Instrument) -> None:
    first, second = in_review(player, instrument), in_review(player, instrument, "310")
    Withdrawal.objects.filter(pk=second.pk).update(due_at=first.requested_at)
    anna = officer("anna", player)
    assert [claim_next(actor=anna, now=clock.now()).pk for _ in range(2)] == [second.pk, first.pk]
    with pytest.raises(QueueEmpty):
        claim_next(actor=anna, now=clock.now())
    assert PaymentStep.objects.filter(name="claimed", actor=anna).count() == 2


def test_those_who_ask_at_once_get_different_ones(player: Player, instrument: Instrument) -> None:
    rows = {in_review(player, instrument, str(300 + number)).pk for number in range(3)}
    people = [officer(f"person{number}", player) for number in range(4)]
    barrier, taken = threading.Barrier(4), []

    def act(actor: User) -> None:
        try:
            barrier.wait()
            taken.append(claim_next(actor=actor, now=clock.now()).pk)
        except QueueEmpty:
            taken.append(0)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=(person,)) for person in people]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(taken) == [0, *sorted(rows)]


def test_nobody_decides_past_its_holder(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    anna, bert = officer("anna", player), officer("bert", player)
    claim_withdrawal(withdrawal_id=withdrawal.pk, actor=anna, now=clock.now())
    terms: dict[str, Any] = {"withdrawal_id": withdrawal.pk, "actor": bert, "now": clock.now()}
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: approve(withdrawal, bert),
        lambda: reject_withdrawal(reason_code="other", note="No", **terms),
        lambda: hold_withdrawal(reason_code="other", note="No", **terms),
        lambda: claim_withdrawal(**terms),
        lambda: release_claim(**terms),
    )
    for refused in attempts:
        with pytest.raises(WithdrawalHeld, match="anna has it"):
            refused()
    assert fresh(withdrawal).state == "in_review"
    assert wallet(player) == ("4700.00", "300.00")
    assert approve(withdrawal, anna).state == "approved"
    assert fresh(withdrawal).holder is None


def test_it_can_be_given_back_and_given_to_somebody(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    anna, bert = officer("anna", player), officer("bert", player)
    claim_withdrawal(withdrawal_id=withdrawal.pk, actor=anna, now=clock.now())
    assert reassign_withdrawal(
        withdrawal_id=withdrawal.pk, to=bert, note="Anna is ill", actor=bert, now=clock.now()
    ).holder == bert  # fmt: skip
    assert release_claim(withdrawal_id=withdrawal.pk, actor=bert, now=clock.now()).holder is None
    with pytest.raises(PermissionDenied):
        reassign_withdrawal(
            withdrawal_id=withdrawal.pk, to=User.objects.create_user("dora"), note="", actor=bert, now=clock.now()
        )


def test_the_second_person_finds_it_in_the_queue_again(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument, "1500")
    anna, bert = officer("anna", player), officer("bert", player)
    claim_next(actor=anna, now=clock.now())
    assert approve(withdrawal, anna).state == "in_review"
    with pytest.raises(QueueEmpty):
        claim_next(actor=anna, now=clock.now())
    assert claim_next(actor=bert, now=clock.now()).pk == withdrawal.pk
    assert approve(withdrawal, bert).state == "approved"


def test_the_clock_stands_while_the_player_has_to_do_something(player: Player, instrument: Instrument) -> None:
    withdrawal, anna = in_review(player, instrument), officer("anna", player)
    due, begins = withdrawal.due_at, clock.now()
    hold_withdrawal(withdrawal_id=withdrawal.pk, reason_code="documents", note="Passport", actor=anna, now=begins)
    shown = frontend_of(player).get(f"/api/v1/withdrawals/{withdrawal.public_id}").json()
    assert (shown["state"], shown["reason"]) == ("processing", "documents-needed")
    later = begins + timedelta(days=3)
    assert not Withdrawal.objects.filter(slow(later)).exists()
    with pytest.raises(QueueEmpty):
        claim_next(actor=anna, now=later)
    release_to_review(withdrawal_id=withdrawal.pk, note="Seen", actor=anna, now=later)
    after = fresh(withdrawal)
    assert (after.due_at, after.clock_stopped_at) == (due + timedelta(days=3), None)


def test_a_hold_that_would_tip_off_tells_nothing_and_does_not_stop_the_clock(
    player: Player, instrument: Instrument
) -> None:
    withdrawal, anna = in_review(player, instrument), officer("anna", player)
    hold_withdrawal(withdrawal_id=withdrawal.pk, reason_code="aml-review", note="Smurf", actor=anna, now=clock.now())
    after = fresh(withdrawal)
    assert (after.player_reason, after.clock_stopped_at) == ("", None)
    assert not WithdrawalReason.objects.filter(would_tip_off=True).exclude(player_reason="").exists()


def test_each_state_has_its_time(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    limit = targets()["in_review"]
    assert limit == timedelta(hours=4)
    at = withdrawal.changed_at
    assert [clock_of(withdrawal, limit, at=at + timedelta(hours=each))[1] for each in (0, 3, 4)] == [
        "good", "warning", "bad",
    ]  # fmt: skip
    assert not Withdrawal.objects.filter(slow(at + timedelta(hours=3, minutes=59))).exists()
    assert Withdrawal.objects.filter(slow(at + limit)).get().pk == withdrawal.pk


def test_only_what_needs_no_second_look_is_approved_together(player: Player, instrument: Instrument) -> None:
    safe, large = in_review(player, instrument, "300"), in_review(player, instrument, "1500")
    held, changed = in_review(player, instrument, "310"), in_review(player, instrument, "320")
    anna, bert = officer("anna", player), officer("bert", player)
    claim_withdrawal(withdrawal_id=held.pk, actor=bert, now=clock.now())
    shown = [(each.pk, digest_of(fresh(each))) for each in (safe, large, held)] + [(changed.pk, "0" * 64)]
    results = approve_together(shown=shown, actor=anna, note="Morning round", now=clock.now())
    assert [(pk, type(refusal).__name__) for pk, refusal in results] == [
        (safe.pk, "NoneType"), (large.pk, "NotSafeInBulk"), (held.pk, "WithdrawalHeld"),
        (changed.pk, "WithdrawalChanged"),
    ]  # fmt: skip
    assert [fresh(each).state for each in (safe, large, held, changed)] == ["approved", *["in_review"] * 3]


def test_whoever_judged_the_account_does_not_approve_and_two_others_have_to(
    player: Player, instrument: Instrument
) -> None:
    anna, bert, carl = (officer(name, player) for name in ("anna", "bert", "carl"))
    withdrawal = in_review(player, instrument, "300")
    for verdict in ("blocked", "unblocked"):
        judge_instrument(
            instrument_id=instrument.pk, verdict=verdict, note="A letter of the bank", actor=anna, now=clock.now()
        )
    # Somebody else touches it last: the first editor still may not.
    judge_instrument(
        instrument_id=instrument.pk, verdict="mismatch", note="Another letter", actor=bert, now=clock.now()
    )
    assert people_needed(fresh(withdrawal)) == 2
    for editor in (anna, bert):
        with pytest.raises(WithdrawalSecondPerson):
            approve(withdrawal, editor)
    assert approve(withdrawal, carl).state == "in_review"
    assert approve(withdrawal, officer("dora", player)).state == "approved"


def test_money_that_two_queues_hold_breaks_the_books(player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    assert check_books() == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payments_withdrawal SET state = 'submitted' WHERE id = %s", [withdrawal.pk])
        found = [each for each in check_books() if each.rule == "held-in-one-queue"]
        assert [(each.expected, each.found) for each in found] == [
            ("1 live attempt", "0 live attempts while submitted")
        ]  # fmt: skip
        cursor.execute("UPDATE payments_withdrawal SET state = 'in_review' WHERE id = %s", [withdrawal.pk])
