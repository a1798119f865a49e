"""What of play counts, when a bonus becomes cash, and what happens to money that comes late."""

import pytest
from django.test import Client

from apps.bonuses.following import rebuild
from apps.bonuses.models import Grant, LateCredit, Progress, Wager
from apps.core import clock
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game
from apps.transactions.books import check_books
from tests.bonuses.scene import bet, claimed, counted, fresh, give_up, publish, purse, terms_of, win, worked
from tests.contracts.family import Vendor
from tests.factories.games import make_game
from tests.providers.table import EURO, GAME

pytestmark = pytest.mark.django_db(transaction=True)
DAY = 86_400


def test_a_bonus_is_wagered_and_what_is_left_of_it_becomes_cash_up_to_the_limit(
    player: Player, frontend: Client, vendor: Vendor
) -> None:
    amounts = [{"currency": "EUR", "amount": "20.00", "conversion_limit": "30.00"}]
    grant = claimed(frontend, publish(terms_of(amounts=amounts)))
    assert purse(player) == (100, 20)
    bet(vendor, 99, "r1")
    worked()
    assert (counted(grant), fresh(grant).state) == (99, "active")
    # One of cash and four of bonus: the win goes back in that proportion.
    win(vendor, bet(vendor, 5, "r2"), 50, "r2")
    assert purse(player) == (10, 56)
    assert worked() == 1
    done = fresh(grant)
    assert (done.state, done.end_reason, done.progress.counted_units) == ("completed", "wagered", 104 * EURO)
    assert (done.converted_units, done.taken_back_units) == (30 * EURO, 26 * EURO)
    assert purse(player) == (40, 0)
    assert [step.name for step in done.steps.all()] == ["offered", "claimed", "completed"]
    assert worked() == 0


def test_each_game_counts_as_the_offer_says_and_too_large_stakes_not_at_all(
    player: Player, frontend: Client, vendor: Vendor
) -> None:
    make_game("table_1", category="table", title="Table")
    make_game("bingo_1", category="bingo", title="Bingo")
    make_game("slot_2", title="Another slot")
    wagering = {"games": {"slot-2": 50}}
    amounts = [{"currency": "EUR", "amount": "20.00", "stake_limit": "10.00"}]
    grant = claimed(frontend, publish(terms_of(wagering=wagering, amounts=amounts)))
    bet(vendor, 10, "r1")
    bet(vendor, 10.00001, "r2")
    bet(vendor, 7, "r3", game_code="table_1")
    bet(vendor, 3, "r4", game_code="bingo_1")
    bet(vendor, 0.00001, "r5", game_code="slot_2")
    worked()
    shares = list(Wager.objects.order_by("id").values_list("stake_units", "percent", "counted_units", "is_too_large"))
    assert shares == [
        (10 * EURO, 100, 10 * EURO, False), (10 * EURO + 10, 100, 0, True), (7 * EURO, 10, 700_000, False),
        (3 * EURO, 0, 0, False), (10, 50, 5, False),
    ]  # fmt: skip
    progress = fresh(grant).progress
    assert (progress.counted_units, progress.stakes, progress.too_large) == (10_700_005, 5, 1)


def test_only_stakes_of_bonus_money_count_where_the_offer_says_so(
    player: Player, frontend: Client, vendor: Vendor
) -> None:
    grant = claimed(frontend, publish(terms_of(wagering={"stakes": "bonus"})))
    bet(vendor, 98, "r1")
    bet(vendor, 5, "r2")
    worked()
    assert counted(grant) == 3


def test_play_before_the_claim_and_after_the_end_does_not_count(
    player: Player, frontend: Client, vendor: Vendor
) -> None:
    bet(vendor, 30, "before")
    grant = claimed(frontend, publish(terms_of()))
    bet(vendor, 4, "during")
    assert give_up(frontend, grant.public_id).json()["end"] == "given-up"
    bet(vendor, 5, "after")
    worked()
    assert (counted(grant), purse(player)) == (4, (61, 0))


def test_a_stake_taken_back_does_not_count_and_counting_anew_gives_the_same(
    player: Player, frontend: Client, vendor: Vendor
) -> None:
    grant = claimed(frontend, publish(terms_of()))
    first = bet(vendor, 30, "r1")
    win(vendor, bet(vendor, 80, "r2"), 12, "r2")
    vendor.rollback(first, round="r1", **GAME)
    worked()
    assert (counted(grant), purse(player)) == (80, (40.5, 11.5))
    before = [_rows(Progress), _rows(Wager)]
    assert len(before[1]) == 3
    rebuild()
    assert [_rows(Progress), _rows(Wager)] == before
    Progress.objects.update(counted_units=1, bonus_in_units=1)
    assert {(each.invariant, each.rule) for each in check_books()} == {
        ("I14", "bonus-wagered"),
        ("I14", "bonus-bucket"),
    }
    rebuild()
    assert check_books() == []


def _rows(model: type[Progress] | type[Wager]) -> list[tuple[object, ...]]:
    names = [field.attname for field in model._meta.concrete_fields if field.name != "id"]
    return sorted(model.objects.values_list(*names), key=str)


def test_a_win_after_completion_becomes_cash_and_after_expiry_goes_back_to_the_brand(
    player: Player, frontend: Client, vendor: Vendor
) -> None:
    amounts = [{"currency": "EUR", "amount": "20.00", "conversion_limit": "25.00"}]
    first = claimed(frontend, publish(terms_of(amounts=amounts)))
    late = bet(vendor, 110, "late")
    worked()
    assert (fresh(first).state, purse(player)) == ("completed", (10, 0))
    # 100 of the 110 were cash: of 33, three belong to the bonus.
    win(vendor, late, 33, "late")
    assert purse(player) == (40, 3)
    assert worked() == 1
    assert (purse(player), LateCredit.objects.get().settled_units) == ((43, 0), 3 * EURO)

    second = claimed(frontend, publish(terms_of(), code="second"))
    open_bet = bet(vendor, 53, "open")
    worked()
    clock.advance(7 * DAY + 1)
    assert worked() == 1
    assert (fresh(second).state, fresh(second).taken_back_units, purse(player)) == ("expired", 10 * EURO, (0, 0))
    win(vendor, open_bet, 106, "open")
    worked()
    assert purse(player) == (86, 0)
    assert worked() == 0


def test_a_stake_made_in_time_completes_a_bonus_though_it_is_read_late_and_one_made_late_does_not(
    player: Player, frontend: Client, vendor: Vendor
) -> None:
    grant = claimed(frontend, publish(terms_of()))
    bet(vendor, 60, "r1")
    clock.advance(7 * DAY)
    bet(vendor, 45, "too late")
    worked()
    assert (fresh(grant).state, counted(grant)) == ("expired", 60)


def test_a_bonus_of_which_nothing_is_left_ends_and_makes_room(
    player: Player, frontend: Client, vendor: Vendor, caleta: Integration, game: Game
) -> None:
    grant = claimed(frontend, publish(terms_of(wagering={"times": "10"})))
    lost = bet(vendor, 120, "r1", round_closed=False)
    worked()
    clock.advance(3600)
    assert (worked(), fresh(grant).state) == (0, "active")
    win(vendor, lost, 0, "r1")
    vendor.win(lost, 0, round="r1", round_closed=True, **GAME)
    clock.advance(3600)
    worked()
    assert (fresh(grant).state, fresh(grant).end_reason, fresh(grant).end_transaction_id) == (
        "forfeited", "used-up", None,
    )  # fmt: skip
    assert Grant.objects.filter(state="active").count() == 0
