"""Resettling a round: the difference to the right result, paid or taken back by two people."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.compliance.approvals import ApprovalStale, UnableToExecute
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.core.money import Money
from apps.integrations.exchange_log import flush
from apps.players.models import Player
from apps.providers.models import Round, RoundEvent
from apps.providers.resettling import Correction, RoundNotResettled, propose_resettling
from apps.providers.round_voids import RoundNotVoidable, propose_void
from apps.providers.rounds import late_results
from apps.reporting.following import follow_ledger, rebuild
from apps.reporting.models import GameDay
from apps.transactions.models import Transaction
from tests.contracts.family import Vendor
from tests.providers.table import EURO, GAME, balances, cash_of, decide, play, set_restricted

pytestmark = pytest.mark.django_db


def propose(maker: User, right_win: str, **terms: Any) -> ApprovalRequest:
    found = Round.objects.get(external_id="r-1")
    correction = Correction(
        right_win=Money.parse(right_win, "EUR"), **({"reference": "TICKET-77", "evidence": "mail of 3 May"} | terms)
    )
    return propose_resettling(
        round_id=found.pk,
        player_id=found.player_id,
        correction=correction,
        reason="wrong paytable",
        maker=maker,
        now=clock.now(),
    )


def played(vendor: Vendor, *, stake: int = 3, won: int = 5) -> str:
    bet = play(vendor, stake)
    vendor.win(bet, won * 100_000, round="r-1", round_closed=True, **GAME)
    return bet


def test_what_was_paid_too_little_is_paid_with_the_vendors_reference_and_the_policy(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    played(vendor)
    asked = propose(maker, "12.50")
    assert asked.summary == (
        "Round r-1 paid 5.00 EUR; right is 12.50 EUR: 7.50 EUR are paid to the player."
        " The vendor's reference: TICKET-77. Evidence: mail of 3 May."
    )
    assert decide(asked, checker).result == {"moved_units": 7_500_000, "not_recovered_units": 0}
    found = Round.objects.get()
    assert (cash_of(player), found.state, found.won, found.corrected) == (109_500_000, "adjusted", 5 * EURO, 7_500_000)
    assert found.net == 9_500_000
    correction = Transaction.objects.get(kind="correction")
    event = RoundEvent.objects.get()
    assert (correction.round_id, correction.reverses_id) == (found.pk, None)
    assert correction.details == {
        "resettles": found.pk,
        "approval": asked.pk,
        "policy": event.policy_id,
        "reference": "TICKET-77",
        "evidence": "mail of 3 May",
        "reason": "wrong paytable",
    }
    assert (event.kind, event.amount_units, event.reference) == ("resettled", 7_500_000, "TICKET-77")
    with pytest.raises(RoundNotVoidable):
        propose_void(rounds=[found], reason="twice", maker=maker, now=clock.now())


def test_what_was_paid_too_much_is_taken_back(vendor: Vendor, player: Player, maker: User, checker: User) -> None:
    played(vendor, won=50)
    decide(propose(maker, "5"), checker)
    assert (cash_of(player), Round.objects.get().corrected) == (102 * EURO, -45 * EURO)


def test_more_than_the_player_has_waits_or_is_let_go_and_nothing_goes_below_zero(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    played(vendor, stake=100, won=50)
    play(vendor, 40, "r-2", round_closed=True)
    asked = propose(maker, "5")
    with pytest.raises(UnableToExecute, match=r"45\.00 EUR are to be taken back, and 35\.00 EUR of them are not there"):
        decide(asked, checker)
    assert (cash_of(player), Round.objects.get(external_id="r-1").state) == (10 * EURO, "closed")
    done = decide(propose(maker, "5", takes_what_is_there=True), checker)
    assert done.result == {"moved_units": -10 * EURO, "not_recovered_units": 35 * EURO}
    assert (cash_of(player), Round.objects.get(external_id="r-1").corrected) == (0, -10 * EURO)
    assert "35.00 EUR could not be taken back" in RoundEvent.objects.get(kind="resettled").reason


def test_a_result_after_a_void_counts_the_stake_that_was_returned(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    bet = play(vendor, 3)
    void = propose_void(rounds=[Round.objects.get()], reason="crash", maker=maker, now=clock.now())
    decide(void, checker)
    vendor.win(bet, 900_000, round="r-1", **GAME)
    assert late_results().count() == 1
    asked = propose(maker, "9")
    assert "had 3.00 EUR of stakes returned; right is 9.00 EUR: 6.00 EUR are paid to the player" in asked.summary
    decide(asked, checker)
    assert cash_of(player) == 106 * EURO  # as if the round had been played: 100 - 3 + 9
    assert not late_results().exists()


def test_a_win_that_arrives_after_all_is_paid_as_the_protocol_says_and_waits_for_somebody(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    bet = played(vendor)
    decide(propose(maker, "12.50"), checker)
    vendor.win(bet, 750_000, round="r-1", **GAME)
    assert cash_of(player) == 117 * EURO
    assert late_results().get().reason == "paid, although staff had resolved the round"


def test_a_round_that_has_changed_an_open_one_and_a_right_one_are_refused(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    bet = play(vendor, 3)
    with pytest.raises(RoundNotResettled, match="open"):
        propose(maker, "5")
    vendor.win(bet, 500_000, round="r-1", round_closed=True, **GAME)
    with pytest.raises(RoundNotResettled, match="just that"):
        propose(maker, "5")
    with pytest.raises(RoundNotResettled, match="reference"):
        propose(maker, "6", reference=" ")
    asked = propose(maker, "8")
    vendor.win(bet, 100_000, round="r-1", **GAME)
    with pytest.raises(ApprovalStale):
        decide(asked, checker)
    assert cash_of(player) == 103 * EURO


def test_a_mixed_stake_is_corrected_in_its_buckets_by_whole_coins(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    set_restricted(player, 2 * EURO)
    played(vendor)  # two euro of the three were restricted
    before = balances(player)
    decide(propose(maker, "8"), checker)
    assert (before, balances(player)) == ({"cash": 100, "restricted": 3}, {"cash": 101, "restricted": 5})


@pytest.mark.django_db(transaction=True)
def test_reports_count_a_correction_as_a_win_or_a_win_taken_back(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    played(vendor)
    assert flush(10)
    follow_ledger()
    decide(propose(maker, "8"), checker)
    decide(propose(maker, "1"), checker)
    assert flush(10)
    follow_ledger()
    day = GameDay.objects.get()
    followed = (day.bets, day.staked, day.won, day.won_back, day.rounds, day.winning_rounds)
    assert followed == (1, 3 * EURO, 8 * EURO, 7 * EURO, 1, 1)
    rebuild()
    day = GameDay.objects.get()
    assert (day.bets, day.staked, day.won, day.won_back, day.rounds, day.winning_rounds) == followed
