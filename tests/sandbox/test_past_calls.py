"""Calls that the demo seeds in the past: posted as a vendor's, and answered, or the watch would take him for broken."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core import clock
from apps.core.money import Money
from apps.integrations import exchange_log
from apps.integrations.models import Exchange
from apps.integrations.watch.incidents import watch
from apps.providers.game_sessions import open_game_session
from apps.providers.models import Round
from apps.sandbox.seeding.past_calls import PastSeat, bet_at, win_at
from tests.factories.games import make_game, make_player
from tests.factories.integrations import connect_game_vendor

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_round_of_the_past_is_played_and_every_call_has_its_answer() -> None:
    at = clock.now() - timedelta(days=40)
    caleta, game, player = connect_game_vendor("caleta"), make_game(), make_player(cash="10")
    opened = open_game_session(player=player, integration=caleta, game=game, currency="EUR", now=at)
    seat, euro = PastSeat(caleta, game, "EUR", opened.token), Money.from_minor(100, "EUR")
    assert bet_at(at, seat, round_ref="r-1", key="bet", stake=euro)
    assert win_at(at + timedelta(seconds=4), seat, round_ref="r-1", key="win", bet="bet", prize=Money.zero("EUR"))
    assert not bet_at(at, seat, round_ref="r-2", key="too-much", stake=Money.from_minor(100_000, "EUR"))
    played = Round.objects.get()
    assert (played.state, played.staked, played.opened_at) == ("closed", euro.units, at)
    assert exchange_log.flush()
    answers = Exchange.objects.order_by("pk").values_list("reply__status", "reply__outcome")
    assert list(answers) == [(200, "applied"), (200, "applied"), (200, "insufficient_funds")]
    assert watch(now=timezone.now()) == []
