"""Bets in flight against an exclusion and a lower limit (Q12): none accepted after the commit, none lost before."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from apps.core.ids import token_digest, uuid7
from apps.core.money import Money
from apps.players.models import Player
from apps.providers.contract import Outcome
from apps.providers.models import Round
from apps.providers.wallet_calls import WalletCall, close_lanes, post_call
from apps.safer_play.exclusions import ExclusionTerms, exclude_person
from apps.safer_play.models import Tally
from apps.sandbox.seating import seat_player
from tests.factories.integrations import connect_game_vendor
from tests.safer_play.scene import limit, load_policies

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
BETTORS = 6

pytestmark = pytest.mark.django_db(transaction=True)


def call(integration_id: int, token: str, *, verb: str = "debit", reference: str | None = None) -> WalletCall:
    return WalletCall(
        request_id=uuid7(),
        integration_id=integration_id,
        verb=verb,
        kind="bet" if verb == "debit" else "win",
        token="\\x" + token_digest(token).hex(),
        key=str(uuid4()),
        fingerprint="\\x00",
        reference=reference,
        game_code="race",
        round_ref=str(uuid4()),
        currency="EUR",
        amount=1000,
        draw=["cash"],
        now=NOW,
        started_at=datetime.now(UTC),
        method="POST",
        path="/race",
        headers={},
        body="",
    )


def applied() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM transactions_command WHERE outcome = 'applied' AND kind = 'debit'")
        return int(cursor.fetchone()[0])


class Bettors:
    """Threads that bet until they are stopped, and what they were answered."""

    def __init__(self) -> None:
        load_policies()
        self.integration = connect_game_vendor("caleta")
        self.seat = seat_player(
            provider="caleta",
            user_id="",
            currency="EUR",
            cash=Money.parse("1000", "EUR"),
            promo=None,
            blocked=None,
            game_code="race",
            now=NOW,
        )
        self.outcomes: list[tuple[str, Outcome]] = []
        self.running = threading.Event()
        self.threads = [threading.Thread(target=self._bet) for _ in range(BETTORS)]

    @property
    def player(self) -> Player:
        """Whose seat it is."""
        return Player.objects.select_related("jurisdiction", "brand").get(pk=self.seat.player.pk)

    def until(self, outcome: Outcome, count: int) -> None:
        """Wait for so many answers of that kind."""
        while sum(each is outcome for _, each in self.outcomes) < count:
            self.threads[0].join(timeout=0.005)

    def run(self, act: Callable[[], None], *, then: Outcome) -> int:
        """Bet, act in the midst of it, go on until bets are refused; returns how many stood at the commit."""
        self.running.set()
        for thread in self.threads:
            thread.start()
        self.until(Outcome.APPLIED, 5 * BETTORS)
        act()
        at_commit = applied()
        self.until(then, BETTORS)
        self.running.clear()
        for thread in self.threads:
            thread.join()
        close_lanes()
        return at_commit

    def _bet(self) -> None:
        try:
            while self.running.is_set():
                sent = call(self.integration.pk, self.seat.token)
                self.outcomes.append((sent.key, post_call(sent).outcome))
        finally:
            connection.close()


def test_no_bet_is_accepted_after_an_exclusion_and_each_earlier_one_settles() -> None:
    bettors = Bettors()
    terms = ExclusionTerms(kind="self_exclusion", lasts=timedelta(days=30))

    def exclude() -> None:
        exclude_person(player_id=bettors.player.pk, terms=terms, now=NOW)

    at_commit = bettors.run(exclude, then=Outcome.BLOCKED)
    assert applied() == at_commit
    assert {outcome for _, outcome in bettors.outcomes} == {Outcome.APPLIED, Outcome.BLOCKED}
    accepted = [key for key, outcome in bettors.outcomes if outcome is Outcome.APPLIED]
    assert len(accepted) == at_commit
    wins = [call(bettors.integration.pk, bettors.seat.token, verb="credit", reference=key) for key in accepted]
    assert {post_call(win).outcome for win in wins} == {Outcome.APPLIED}
    close_lanes()
    assert Round.objects.filter(won=1000).count() == at_commit


def test_no_bet_goes_beyond_a_limit_that_is_set_while_bets_are_in_flight() -> None:
    bettors = Bettors()
    at_commit = bettors.run(lambda: limit_to_nothing(bettors.player), then=Outcome.LIMIT)
    assert applied() == at_commit
    assert {outcome for _, outcome in bettors.outcomes} == {Outcome.APPLIED, Outcome.LIMIT}
    hours = Tally.objects.filter(grain="h").values_list("staked", flat=True)
    assert sum(hours) == at_commit * 1000


def limit_to_nothing(player: Player) -> None:
    limit(player, "wager", "0", "day", now=NOW)


def test_bets_at_once_take_the_last_of_a_limit_once() -> None:
    bettors = Bettors()
    limit(bettors.player, "loss", "0.05", "day", now=NOW)
    bettors.running.set()
    for thread in bettors.threads:
        thread.start()
    bettors.until(Outcome.LIMIT, 3 * BETTORS)
    bettors.running.clear()
    for thread in bettors.threads:
        thread.join()
    close_lanes()
    assert applied() == 50
