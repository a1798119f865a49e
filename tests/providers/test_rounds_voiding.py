"""Voiding rounds: two people, every stake back where it came from, and a later result seen by somebody."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection

from apps.compliance.approvals import ApprovalDecided, ApprovalSecondPerson, ApprovalStale
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.core.ids import token_digest, uuid7
from apps.core.request_context import request_context
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.commands import fingerprint
from apps.providers.models import Game, Round, RoundEvent, RoundPolicy
from apps.providers.round_voids import (
    RoundNotVoidable,
    RoundVoidPending,
    TooManyRounds,
    proposals_about,
    propose_void,
)
from apps.providers.rounds import answer_late_result, late_results
from apps.providers.wallet_calls import WalletCall, post_call
from apps.transactions.models import Command, Transaction
from tests.contracts.family import Vendor
from tests.factories.games import make_player
from tests.providers.table import EURO, GAME, balances, cash_of, decide, play, seated, set_restricted, staff

pytestmark = pytest.mark.django_db


def propose(maker: User, *references: str) -> ApprovalRequest:
    rounds = list(Round.objects.filter(external_id__in=references or ("r-1",)))
    return propose_void(rounds=rounds, reason="game crashed", maker=maker, now=clock.now())


def test_two_people_return_every_stake_to_where_it_came_from(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    set_restricted(player, 2 * EURO)
    first = play(vendor, 3)  # two from the restricted bucket, one in cash
    second = play(vendor, 4)
    third = play(vendor, 5)
    vendor.rollback(second, round="r-1", **GAME)
    assert (balances(player), Round.objects.get().held_amount) == ({"cash": 94, "restricted": 0}, 8 * EURO)

    asked = propose(maker)
    assert asked.summary == "Round r-1 of Dragon Rising is voided: 8.00 EUR go back to its player."
    assert balances(player) == {"cash": 94, "restricted": 0}
    with request_context() as context:
        done = decide(asked, checker)

    assert done.result == {"voided": 1, "returned_units": 8 * EURO, "left_alone": []}
    assert balances(player) == {"cash": 100, "restricted": 2}
    voided = Round.objects.get()
    assert (voided.state, voided.staked, voided.rolled_back) == ("voided", 12 * EURO, 12 * EURO)
    assert (voided.bets, voided.rollbacks, voided.held_amount) == (3, 3, 0)
    bets = {one.external_id: one for one in Transaction.objects.filter(kind="bet")}
    corrections = {one.reverses_id: one for one in Transaction.objects.filter(kind="correction")}
    assert corrections.keys() == {bets[first].pk, bets[third].pk}
    correction = corrections[bets[first].pk]
    policy = RoundPolicy.objects.get()
    assert (correction.player_id, correction.round_id) == (player.pk, voided.pk)
    assert (correction.request_id, correction.external_id) == (context.request_id, "")
    assert correction.details == {"approval": asked.pk, "policy": policy.pk, "reason": "game crashed"}
    event = RoundEvent.objects.get()
    assert (event.kind, event.actor, event.reason) == ("voided", "maker, checker", "game crashed")
    assert (event.policy, event.approval_id, event.amount_units) == (policy, asked.pk, 8 * EURO)


def test_a_proposal_stands_on_the_pages_of_its_rounds_and_on_no_other(
    vendor: Vendor, player: Player, maker: User
) -> None:
    play(vendor, 3)
    asked = propose(maker)
    found = Round.objects.get()
    assert proposals_about(found.pk) == [asked]
    # The number of its player, and that of its stake, are in the request too.
    for number in {player.pk, found.staked} - {found.pk}:
        assert proposals_about(number) == []


def test_a_win_after_a_void_is_refused_as_the_protocol_says_and_waits_for_somebody(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    bet = play(vendor, 3)
    decide(propose(maker), checker)
    for _ in range(2):  # vendors repeat themselves
        answer = vendor.win(bet, 900_000, round="r-1", transaction_uuid="late-win", **GAME)
        assert answer["status"] == "RS_ERROR_TRANSACTION_ROLLED_BACK"
    assert vendor.rollback(bet, round="r-1", **GAME)["status"] == "RS_OK"
    assert cash_of(player) == 100 * EURO
    assert Command.objects.get(key=bet).cancelled_by == Transaction.objects.get(kind="correction").pk
    late = late_results().get()
    assert (late.kind, late.amount_units, late.reference) == ("late", 9 * EURO, "late-win")
    assert (late.reason, late.actor) == ("refused: reference_cancelled", "caleta")
    found = Round.objects.get()
    answer_late_result(
        round_id=found.pk, player_id=player.pk, reason="vendor withdrew it", actor=maker, now=clock.now()
    )
    assert not late_results().exists()


def test_nothing_enters_a_voided_round_even_where_closed_ones_are_reopened(
    vendor: Vendor, player: Player, caleta: Integration, maker: User, checker: User
) -> None:
    play(vendor, 3)
    decide(propose(maker), checker)

    def send(verb: str, kind: str, key: str) -> str:
        """As protocols do whose rounds go on after they were closed, and whose wins name no bet."""
        return post_call(
            WalletCall(
                request_id=uuid7(),
                integration_id=caleta.pk,
                verb=verb,
                kind=kind,
                token="\\x" + token_digest(str(vendor.token)).hex(),
                key=key,
                fingerprint=fingerprint(verb, key),
                game_code=GAME["game_code"],
                round_ref="r-1",
                currency="EUR",
                amount=EURO,
                needs_reference=False,
                accept_closed_round=True,
                now=clock.now(),
                started_at=clock.now(),
                method="POST",
                path="/",
                headers={},
                body="",
            )
        ).outcome

    assert (send("debit", "bet", "b"), send("credit", "win", "w")) == ("round_closed", "reference_cancelled")
    assert (cash_of(player), Round.objects.get().state) == (100 * EURO, "voided")
    assert late_results().get().reference == "w"


def test_a_lost_round_that_the_vendor_closed_can_be_voided(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    bet = play(vendor, 3)
    vendor.win(bet, 0, round="r-1", round_closed=True, **GAME)
    decide(propose(maker), checker)
    assert (cash_of(player), Round.objects.get().state) == (100 * EURO, "voided")


def test_a_round_that_paid_can_not_be_voided(vendor: Vendor, player: Player, maker: User, checker: User) -> None:
    bet = play(vendor, 3)
    asked = propose(maker)
    vendor.win(bet, 700_000, round="r-1", **GAME)
    with pytest.raises(ApprovalStale):
        decide(asked, checker)
    with pytest.raises(RoundNotVoidable):
        propose(maker)
    assert cash_of(player) == 104 * EURO


def test_what_was_not_proposed_is_not_returned(vendor: Vendor, player: Player, maker: User, checker: User) -> None:
    play(vendor, 3)
    asked = propose(maker)
    play(vendor, 5)
    with pytest.raises(ApprovalStale):
        decide(asked, checker)
    assert (cash_of(player), Round.objects.get().state) == (92 * EURO, "open")
    assert not Transaction.objects.filter(kind="correction").exists()


def test_many_rounds_of_a_failed_game_take_one_decision_and_what_has_changed_is_left_alone(
    vendor: Vendor, player: Player, caleta: Integration, game: Game, maker: User, checker: User
) -> None:
    other = seated(make_player("bror", cash="50"), caleta, game)
    play(vendor, 3)
    play(vendor, 4, "r-2")
    play(other, 5, "r-3")
    asked = propose(maker, "r-1", "r-2", "r-3")
    assert asked.summary.startswith("3 rounds of Dragon Rising are voided: 12.00 EUR go back to 2 players.")
    assert (asked.brand_id, asked.subject_player_id) == (player.brand_id, None)
    with pytest.raises(RoundVoidPending):
        propose(maker, "r-2")
    play(vendor, 1, "r-2")
    left = Round.objects.get(external_id="r-2")
    assert decide(asked, checker).result == {"voided": 2, "returned_units": 8 * EURO, "left_alone": [left.pk]}
    assert sorted(Round.objects.values_list("external_id", "state")) == [
        ("r-1", "voided"),
        ("r-2", "open"),
        ("r-3", "voided"),
    ]
    with pytest.raises(TooManyRounds):
        propose(maker, "none")


def test_nobody_decides_on_his_own_proposal_not_even_a_superuser(vendor: Vendor, player: Player) -> None:
    root = User.objects.create_superuser("root")
    play(vendor, 3)
    asked = propose(root)
    with pytest.raises(ApprovalSecondPerson):
        decide(asked, root)
    assert cash_of(player) == 97 * EURO


def test_each_step_needs_its_own_permission_and_the_brand(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    play(vendor, 3)
    with pytest.raises(PermissionDenied):
        propose(checker)
    asked = propose(maker)
    with pytest.raises(PermissionDenied):
        decide(asked, staff("other", "resolve_round"))


@pytest.mark.django_db(transaction=True)
def test_two_decisions_at_once_void_the_round_once(vendor: Vendor, player: Player, maker: User, checker: User) -> None:
    play(vendor, 3)
    asked = propose(maker)
    barrier = threading.Barrier(3)

    def decides(actor: User) -> str:
        try:
            barrier.wait(5)
            decide(asked, actor)
        except ApprovalDecided:
            return "too late"
        finally:
            connection.close()
        return "voided"

    others = [staff(name, "approve_round_void") for name in ("second", "third")]
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(decides, [checker, *others]))
    assert sorted(outcomes) == ["too late", "too late", "voided"]
    assert cash_of(player) == 100 * EURO
    assert Transaction.objects.filter(kind="correction").count() == 1
