"""Limits inside the posting path of bets: exact to the unit, open rounds counted, wins and rollbacks never refused."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client

from apps.core import clock
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.game_sessions import open_game_session
from apps.providers.models import Game, Round
from apps.safer_play.guarding import rebuild_tally, refresh_guard_of
from apps.safer_play.models import Guard, Refusal, Tally
from apps.transactions.books import check_books
from tests.contracts.family import Vendor
from tests.factories.integrations import make_brand
from tests.providers.table import EURO, cash_of, seated
from tests.safer_play.scene import bet, frontend_of, limit, player_in, win

OK, REFUSED, BLOCKED = "RS_OK", "RS_ERROR_BET_LIMIT_EXCEEDED", "RS_ERROR_USER_DISABLED"


def refusals() -> list[tuple[str, str, int | None]]:
    return list(Refusal.objects.order_by("pk").values_list("rule", "period", "headroom_units"))


def test_a_player_without_limits_has_no_guard_and_no_tally(player: Player, vendor: Vendor) -> None:
    assert bet(vendor, 500, "r1") == OK
    assert (Guard.objects.count(), Tally.objects.count()) == (0, 0)


@pytest.mark.parametrize("kind", ["wager", "loss"])
def test_a_limit_is_used_to_the_last_unit_and_not_beyond(player: Player, vendor: Vendor, kind: str) -> None:
    limit(player, kind, "10", "day")
    assert bet(vendor, 6, "r1") == OK
    assert bet(vendor, 4.00001, "r2") == REFUSED
    assert refusals() == [(kind, "day", 4 * EURO)]
    assert bet(vendor, 4, "r3") == OK
    assert bet(vendor, 0.00001, "r4") == REFUSED
    assert cash_of(player) == 990 * EURO
    assert set(Round.objects.values_list("external_id", flat=True)) == {"r1", "r3"}


def test_a_refused_bet_stays_refused_when_it_is_sent_again_after_the_limit_has_given_way(
    player: Player, vendor: Vendor
) -> None:
    limit(player, "wager", "1", "day")
    assert bet(vendor, 2, "r1") == REFUSED
    first = vendor.sent[-1]
    clock.advance(86_400 * 2)
    assert vendor.call("bet", **first)["status"] == REFUSED
    assert cash_of(player) == 1000 * EURO


def test_a_win_gives_a_loss_limit_room_again_and_a_wager_limit_none(player: Player, vendor: Vendor) -> None:
    limit(player, "loss", "10", "day")
    assert bet(vendor, 10, "r1") == OK
    assert bet(vendor, 1, "r2") == REFUSED
    vendor.sent.pop()
    assert win(vendor, 3) == OK
    assert bet(vendor, 3.00001, "r3") == REFUSED
    assert bet(vendor, 3, "r4") == OK
    limit(player, "wager", "12", "day")
    assert bet(vendor, 0.00001, "r5") == REFUSED
    assert [rule for rule, _, _ in refusals()] == ["loss", "loss", "wager"]


def test_an_open_round_counts_as_lost_until_it_wins(player: Player, vendor: Vendor) -> None:
    limit(player, "loss", "5", "week")
    assert bet(vendor, 5, "open", round_closed=False) == OK
    assert bet(vendor, 1, "next") == REFUSED


def test_a_bet_taken_back_counts_as_never_made_in_the_minute_in_which_it_was(player: Player, vendor: Vendor) -> None:
    limit(player, "wager", "10", "day", window="rolling")
    assert bet(vendor, 10, "r1") == OK
    taken_back = vendor.sent[-1]
    clock.advance(3 * 3600)
    assert bet(vendor, 1, "r2") == REFUSED
    reply = vendor.rollback(taken_back["transaction_uuid"], round="r1", game_code="clt_dragonrising")
    assert reply["status"] == OK
    assert list(Tally.objects.filter(grain="h").values_list("staked", flat=True)) == [0]
    assert bet(vendor, 10, "r3") == OK


def test_wins_and_rollbacks_are_never_refused_because_of_a_limit(player: Player, vendor: Vendor) -> None:
    assert bet(vendor, 50, "r1") == OK
    first = vendor.sent[-1]
    limit(player, "loss", "0", "day")
    limit(player, "stake", "0")
    assert win(vendor, 7) == OK
    assert bet(vendor, 1, "r2") == REFUSED
    rolled = vendor.rollback(first["transaction_uuid"], round="r1", game_code="clt_dragonrising")
    # Caleta does not roll back what has won; the answer is the protocol's, never the limit's.
    assert rolled["status"] != REFUSED
    assert cash_of(player) == 957 * EURO


def test_play_of_the_running_period_before_the_limit_was_set_counts(player: Player, vendor: Vendor) -> None:
    assert bet(vendor, 30, "r1") == OK
    assert win(vendor, 5) == OK
    limit(player, "loss", "26", "month")
    assert bet(vendor, 1.00001, "r2") == REFUSED
    assert bet(vendor, 1, "r3") == OK


def test_a_calendar_day_begins_anew_at_midnight_of_the_jurisdiction(player: Player, vendor: Vendor) -> None:
    limit(player, "wager", "5", "day")
    assert bet(vendor, 5, "r1") == OK
    assert bet(vendor, 1, "r2") == REFUSED
    returns_at = Refusal.objects.get().returns_at
    assert returns_at is not None
    assert returns_at.astimezone(ZoneInfo("Europe/Malta")).time() == time(0)
    clock.advance((returns_at - clock.now()).total_seconds() - 5)
    assert bet(vendor, 1, "r3") == REFUSED
    clock.advance(5.1)
    assert bet(vendor, 5, "r4") == OK


def test_a_rolling_day_gives_room_back_as_its_oldest_minute_leaves(player: Player, vendor: Vendor) -> None:
    limit(player, "wager", "5", "day", window="rolling")
    assert bet(vendor, 2, "r1") == OK
    clock.advance(3600)
    assert bet(vendor, 3, "r2") == OK
    assert bet(vendor, 1, "r3") == REFUSED
    returns_at = Refusal.objects.get().returns_at
    assert returns_at is not None
    clock.advance((returns_at - clock.now()).total_seconds() - 1)
    assert bet(vendor, 1, "r4") == REFUSED
    clock.advance(1.1)
    assert bet(vendor, 2.00001, "r5") == REFUSED
    assert bet(vendor, 2, "r6") == OK


def test_of_several_limits_the_one_with_the_least_room_is_named(player: Player, vendor: Vendor) -> None:
    limit(player, "wager", "100", "day")
    limit(player, "loss", "20", "week")
    limit(player, "wager", "50", "month")
    assert bet(vendor, 60, "r1") == REFUSED
    assert refusals() == [("loss", "week", 20 * EURO)]


def test_a_single_stake_is_limited_for_itself(player: Player, vendor: Vendor) -> None:
    limit(player, "stake", "2")
    assert [bet(vendor, 2, f"r{i}") for i in range(3)] == [OK] * 3
    assert bet(vendor, 2.00001, "r9") == REFUSED


def test_bonus_money_is_a_stake_but_no_loss_of_ones_own(player: Player, vendor: Vendor) -> None:
    vendor.sandbox(userId=str(player.public_id), promoAmount=20, cashAmount=5, gameId="clt_dragonrising")
    limit(player, "loss", "1", "day")
    assert bet(vendor, 5, "r1", is_free=True) == OK
    assert bet(vendor, 1.00001, "r2") == REFUSED
    limit(player, "wager", "9", "day")
    assert bet(vendor, 4.00001, "r3", is_free=True) == REFUSED
    assert bet(vendor, 4, "r4", is_free=True) == OK
    assert [rule for rule, _, _ in refusals()] == ["loss", "wager"]


def test_time_logged_in_is_limited_over_all_log_ins_and_two_at_once_count_once(player: Player, vendor: Vendor) -> None:
    now = clock.now()
    frontend_of(player, at=now - timedelta(minutes=50))
    frontend_of(player, at=now - timedelta(minutes=30))
    limit(player, "session", None, "week", minutes=51)
    assert bet(vendor, 1, "r1") == OK
    clock.advance(61)
    assert bet(vendor, 1, "r2") == REFUSED
    assert refusals() == [("session", "week", 0)]


def test_play_in_a_currency_without_a_limit_does_not_walk_around_the_one_there_is(
    player: Player, caleta: Integration, game: Game
) -> None:
    vendor = Vendor("caleta", seated(player, caleta, game).client, currency="USD", user=str(player.public_id))
    vendor.sandbox(userId=str(player.public_id), cashAmount=50, gameId="clt_dragonrising")
    assert bet(vendor, 1, "r1") == OK
    limit(player, "loss", "10", "day")
    assert bet(vendor, 1, "r2") == REFUSED
    limit(player, "loss", "2", "day", currency="USD")
    assert bet(vendor, 1, "r3") == OK
    assert bet(vendor, 1, "r4") == REFUSED


def test_a_raised_limit_counts_at_its_time_although_no_task_has_run(player: Player, vendor: Vendor) -> None:
    limit(player, "wager", "5", "week", window="rolling")
    limit(player, "wager", "8", "week", window="rolling")
    assert bet(vendor, 6, "r1") == REFUSED
    clock.advance(24 * 3600 + 1)
    assert bet(vendor, 8, "r2") == OK


def test_no_play_without_a_limit_where_the_law_says_so(caleta: Integration, game: Game, policies: None) -> None:
    player = player_in("SE")
    vendor = seated(player, caleta, game)
    assert bet(vendor, 1, "r1") == REFUSED
    limit(player, "deposit", "100", "month")
    assert bet(vendor, 1, "r2") == OK


@pytest.mark.parametrize(
    ("age", "at", "above"), [(24, 2, 2.00001), (25, 5, 5.00001), (18, 2, 2.00001), (70, 5, 5.00001)]
)
def test_in_britain_the_law_limits_the_stake_of_a_slot_cycle_by_age(
    caleta: Integration, game: Game, policies: None, age: int, at: float, above: float
) -> None:
    vendor, _ = british(caleta, game, age)
    assert bet(vendor, above, "r1") == REFUSED
    assert bet(vendor, at, "r2") == OK
    # Of a cycle: a second stake in the same round counts with the first.
    assert bet(vendor, 0.00001, "r2") == REFUSED
    assert [rule for rule, _, _ in refusals()] == ["product_stake"] * 2
    assert Refusal.objects.exclude(policy_version_id=None).count() == 2


def test_in_britain_slot_cycles_begin_at_least_two_and_a_half_seconds_apart(
    caleta: Integration, game: Game, policies: None
) -> None:
    vendor, _ = british(caleta, game, 40)
    at = clock.now()
    for seconds, round_ref, said in ((0, "r1", OK), (2.499, "r2", REFUSED), (2.499, "r1", OK), (2.5, "r3", OK)):
        with time_machine.travel(at + timedelta(seconds=seconds), tick=False):
            assert bet(vendor, 1, round_ref) == said, (seconds, round_ref)
    assert [rule for rule, _, _ in refusals()] == ["pace"]


def test_the_twenty_fifth_birthday_raises_the_stake(caleta: Integration, game: Game, policies: None) -> None:
    vendor, player = british(caleta, game, 25)
    tomorrow = clock.now().date() + timedelta(days=1)
    Player.objects.filter(pk=player.pk).update(birth_date=tomorrow.replace(year=tomorrow.year - 25))
    refresh_guard_of(player_id=player.pk, now=clock.now())
    assert bet(vendor, 2.01, "r1") == REFUSED
    refresh_guard_of(player_id=player.pk, now=clock.now() + timedelta(days=2))
    assert bet(vendor, 2.01, "r2") == OK


def british(caleta: Integration, game: Game, age: int) -> tuple[Vendor, Player]:
    player = player_in("GB", currency="GBP", age=age, brand=make_brand(currencies=("GBP",)))
    opened = open_game_session(
        player=player, integration=caleta, game=game, currency="GBP", now=clock.now() - timedelta(seconds=5)
    )
    return Vendor("caleta", Client(), currency="GBP", token=opened.token, user=str(player.public_id)), player


def test_the_tally_equals_a_rebuild_from_the_ledger_and_the_books_say_when_it_does_not(
    player: Player, vendor: Vendor
) -> None:
    limit(player, "loss", "500", "month")
    for number in range(6):
        assert bet(vendor, 3 + number, f"r{number}") == OK
        if number % 2:
            assert win(vendor, 2) == OK
        if number == 4:
            vendor.rollback(vendor.sent[-1]["transaction_uuid"], round=f"r{number}", game_code="clt_dragonrising")
        clock.advance(1700)
    kept = sorted(Tally.objects.values_list("grain", "bucket", "staked", "own_staked", "own_won"))
    assert check_books() == []
    rebuild_tally(player_id=player.pk, now=clock.now())
    rebuilt = sorted(Tally.objects.values_list("grain", "bucket", "staked", "own_staked", "own_won"))
    assert [row for row in kept if any(row[2:])] == [row for row in rebuilt if any(row[2:])]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE safer_play_tally SET staked = staked + 1 WHERE grain = 'h'")
    assert {each.rule for each in check_books()} == {"tally-is-sum"}
    rebuild_tally(player_id=player.pk, now=clock.now())
    assert check_books() == []
