"""Voiding a round: two people, every stake back where it came from."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from apps.core import clock
from apps.core.request_context import request_context
from apps.players.models import Player
from apps.providers.models import Round, RoundEvent, RoundVoid
from apps.providers.round_voids import (
    RoundHasChanged,
    RoundNotVoidable,
    RoundVoidDecided,
    RoundVoidPending,
    SecondPersonRequired,
    approve_void,
    propose_void,
    reject_void,
)
from apps.transactions.models import Account, Command, Transaction
from apps.transactions.posting import Leg, post, shared_account
from tests.contracts.family import Vendor
from tests.providers.table import EURO, GAME, cash_of, play, staff

pytestmark = pytest.mark.django_db


def propose(player: Player, maker: User, **terms: Any) -> RoundVoid:
    defaults: dict[str, Any] = {
        "round_id": Round.objects.get(external_id="r-1").pk,
        "player_id": player.pk,
        "reason": "game crashed",
        "policy": "void-2026-1",
        "actor": maker,
        "now": clock.now(),
    }
    return propose_void(**(defaults | terms))


def test_two_people_return_every_stake_to_where_it_came_from(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    set_restricted(player, 2 * EURO)
    first = play(vendor, 3)  # two from the restricted bucket, one in cash
    second = play(vendor, 4)
    third = play(vendor, 5)
    vendor.rollback(second, round="r-1", **GAME)
    assert (balances(player), Round.objects.get().held_amount) == ({"cash": 94, "restricted": 0}, 8 * EURO)

    void = propose(player, maker)
    assert (void.state, void.staked_units) == ("proposed", 8 * EURO)
    assert balances(player) == {"cash": 94, "restricted": 0}
    with request_context() as context:
        approve_void(void_id=void.pk, note="seen the log", actor=checker, now=clock.now())

    assert balances(player) == {"cash": 100, "restricted": 2}
    voided = Round.objects.get()
    assert (voided.state, voided.staked, voided.rolled_back) == ("voided", 12 * EURO, 12 * EURO)
    assert (voided.bets, voided.rollbacks, voided.held_amount) == (3, 3, 0)
    bets = {one.external_id: one for one in Transaction.objects.filter(kind="bet")}
    corrections = {one.reverses_id: one for one in Transaction.objects.filter(kind="correction")}
    assert corrections.keys() == {bets[first].pk, bets[third].pk}
    correction = corrections[bets[first].pk]
    assert (correction.player_id, correction.round_id) == (player.pk, voided.pk)
    assert (correction.request_id, correction.external_id) == (context.request_id, "")
    assert correction.details == {"void": void.pk, "policy": "void-2026-1", "reason": "game crashed"}
    void.refresh_from_db(from_queryset=RoundVoid.objects.defer("state"))
    assert (void.decided_by, void.decision_note) == (checker, "seen the log")
    event = RoundEvent.objects.get()
    assert (event.kind, event.actor, event.reason) == ("voided", "checker", "game crashed")


def test_a_voided_bet_is_cancelled_for_its_vendor(vendor: Vendor, player: Player, maker: User, checker: User) -> None:
    bet = play(vendor, 3)
    approve_void(void_id=propose(player, maker).pk, note="", actor=checker, now=clock.now())
    assert vendor.win(bet, 900_000, round="r-1", **GAME)["status"] == "RS_ERROR_TRANSACTION_ROLLED_BACK"
    assert vendor.rollback(bet, round="r-1", **GAME)["status"] == "RS_OK"
    assert cash_of(player) == 100 * EURO
    assert Command.objects.get(key=bet).cancelled_by == Transaction.objects.get(kind="correction").pk


def test_a_lost_round_that_the_vendor_closed_can_be_voided(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    bet = play(vendor, 3)
    vendor.win(bet, 0, round="r-1", round_closed=True, **GAME)
    approve_void(void_id=propose(player, maker).pk, note="", actor=checker, now=clock.now())
    assert (cash_of(player), Round.objects.get().state) == (100 * EURO, "voided")


def test_a_round_that_paid_can_not_be_voided(vendor: Vendor, player: Player, maker: User, checker: User) -> None:
    bet = play(vendor, 3)
    void = propose(player, maker)
    vendor.win(bet, 700_000, round="r-1", **GAME)
    with pytest.raises(RoundNotVoidable):
        approve_void(void_id=void.pk, note="", actor=checker, now=clock.now())
    reject_void(void_id=void.pk, note="paid meanwhile", actor=checker, now=clock.now())
    with pytest.raises(RoundNotVoidable):
        propose(player, maker)
    assert cash_of(player) == 104 * EURO


def test_what_was_not_proposed_is_not_returned(vendor: Vendor, player: Player, maker: User, checker: User) -> None:
    play(vendor, 3)
    void = propose(player, maker)
    play(vendor, 5)
    with pytest.raises(RoundHasChanged):
        approve_void(void_id=void.pk, note="", actor=checker, now=clock.now())
    assert (cash_of(player), Round.objects.get().state) == (92 * EURO, "open")
    assert RoundVoid.objects.get().state == "proposed"
    assert not Transaction.objects.filter(kind="correction").exists()


def test_nobody_decides_on_his_own_proposal_not_even_a_superuser(vendor: Vendor, player: Player) -> None:
    root = User.objects.create_superuser("root")
    play(vendor, 3)
    void = propose(player, root)
    for decide in (approve_void, reject_void):
        with pytest.raises(SecondPersonRequired):
            decide(void_id=void.pk, note="", actor=root, now=clock.now())
    with pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
        RoundVoid.objects.update(state="voided", decided_by=root, decided_at=clock.now())
    assert cash_of(player) == 97 * EURO


def test_each_step_needs_its_own_permission(vendor: Vendor, player: Player, maker: User, checker: User) -> None:
    play(vendor, 3)
    with pytest.raises(PermissionDenied):
        propose(player, checker)
    void = propose(player, maker)
    with pytest.raises(PermissionDenied):
        approve_void(void_id=void.pk, note="", actor=staff("other", "resolve_round"), now=clock.now())


def test_a_round_has_one_proposal_at_a_time_and_one_decision(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    play(vendor, 3)
    void = propose(player, maker)
    with pytest.raises(RoundVoidPending):
        propose(player, maker)
    reject_void(void_id=void.pk, note="no", actor=checker, now=clock.now())
    for decide in (approve_void, reject_void):
        with pytest.raises(RoundVoidDecided):
            decide(void_id=void.pk, note="", actor=checker, now=clock.now())
    assert (cash_of(player), Round.objects.get().state) == (97 * EURO, "open")
    assert propose(player, maker).pk != void.pk


@pytest.mark.django_db(transaction=True)
def test_two_decisions_at_once_void_the_round_once(vendor: Vendor, player: Player, maker: User, checker: User) -> None:
    play(vendor, 3)
    void = propose(player, maker)
    barrier = threading.Barrier(3)

    def decide(actor: User) -> str:
        try:
            barrier.wait(5)
            approve_void(void_id=void.pk, note="", actor=actor, now=clock.now())
        except RoundVoidDecided:
            return "too late"
        finally:
            connection.close()
        return "voided"

    others = [staff(name, "approve_round_void") for name in ("second", "third")]
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(decide, [checker, *others]))
    assert sorted(outcomes) == ["too late", "too late", "voided"]
    assert cash_of(player) == 100 * EURO
    assert Transaction.objects.filter(kind="correction").count() == 1


def set_restricted(player: Player, units: int) -> None:
    """Put money into the restricted bucket by a posting."""
    source = shared_account(brand_id=player.brand_id, currency="EUR", kind="test_funding")
    target = Account.objects.get(player_id=player.pk, currency="EUR", kind="restricted")
    post(
        kind="test_funding",
        brand_id=player.brand_id,
        currency="EUR",
        player_id=player.pk,
        legs=[Leg(debit=source, credit=target.pk, amount=units)],
        now=clock.now(),
    )


def balances(player: Player) -> dict[str, int]:
    """Whole euros by bucket."""
    found = Account.objects.filter(player_id=player.pk, currency="EUR", kind__in=("cash", "restricted"))
    return {kind: units // EURO for kind, units in found.values_list("kind", "balance")}
