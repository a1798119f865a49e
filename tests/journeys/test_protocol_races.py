"""Many at once, on the live platform: one effect, one winner, exact money, whatever the protocol."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from apps.sandbox.conformance.evolution import EvolutionSide
from apps.sandbox.conformance.scenarios import Wire, new_id
from apps.sandbox.conformance.swipegames import SwipeGamesSide
from apps.sandbox.conformance.valkyrie_side import ValkyrieSide
from apps.sandbox.management.commands.conformance import over
from tests.journeys.conftest import Demo

AT_ONCE = 12


@pytest.fixture
def http(demo: Demo) -> Iterator[httpx2.Client]:
    limits = httpx2.Limits(max_connections=AT_ONCE)
    with httpx2.Client(base_url=demo.base_url, timeout=20, trust_env=False, limits=limits) as client:
        yield client


def side_of(kind: Any, slug: str, demo: Demo, http: httpx2.Client) -> Any:
    return kind(Wire(over(http)), slug, demo.document["integrations"][slug]["credentials"])


def at_once(*work: Callable[[], Any]) -> Counter[Any]:
    """Run all of it from a barrier, and count what came back."""
    barrier = threading.Barrier(len(work))
    answers: list[Any] = []

    def run(each: Callable[[], Any]) -> None:
        barrier.wait()
        answers.append(each())

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(work)
    return Counter(answers)


@pytest.mark.parametrize("turn", range(5))
def test_evolution_debits_once_and_settles_or_cancels_but_never_both(
    turn: int, demo: Demo, http: httpx2.Client
) -> None:
    side = side_of(EvolutionSide, "evolution", demo, http)
    player, ref, game = side.seat(cash="100"), new_id(), new_id()
    debits = at_once(*[lambda: side.move("debit", player, ref, "10", game=game)["status"]] * AT_ONCE)
    assert debits == {"OK": AT_ONCE}
    assert side.money(player)[0] == "90.00"
    ends = at_once(
        *[lambda: ("credit", side.move("credit", player, ref, "25", game=game)["status"])] * 4,
        *[lambda: ("cancel", side.move("cancel", player, ref, "10", game=game)["status"])] * 4,
    )
    won = ends["credit", "OK"] == 4
    assert ends == {
        ("credit", "OK" if won else "BET_ALREADY_SETTLED"): 4,
        ("cancel", "BET_ALREADY_SETTLED" if won else "OK"): 4,
    }
    assert side.money(player)[0] == ("115.00" if won else "100.00")


def test_evolution_bets_of_one_game_never_overdraw(demo: Demo, http: httpx2.Client) -> None:
    side = side_of(EvolutionSide, "evolution", demo, http)
    player, game = side.seat(cash="50"), new_id()
    debits = at_once(*[lambda: side.move("debit", player, new_id(), "10", game=game)["status"]] * AT_ONCE)
    assert debits == {"OK": 5, "INSUFFICIENT_FUNDS": AT_ONCE - 5}
    assert side.money(player)[0] == "0"


@pytest.mark.parametrize("turn", range(6))
def test_a_swipe_games_refund_and_its_late_bet_leave_no_stake_taken(turn: int, demo: Demo, http: httpx2.Client) -> None:
    side = side_of(SwipeGamesSide, "swipegames", demo, http)
    player, bet, round_id = side.seat(cash="100"), new_id(), new_id()
    answers = at_once(
        *[lambda: ("bet", side.move("bet", player, "10", round=round_id, tx=bet).status)] * 3,
        *[lambda: ("refund", side.refund(player, bet, "10").status)] * 3,
    )
    assert answers["refund", 200] == 3
    assert answers["bet", 200] in (0, 3)
    assert side.money(player)[0] == "100.00"


@pytest.mark.parametrize("turn", range(5))
def test_one_valkyrie_id_of_two_players_is_good_for_one(turn: int, demo: Demo, http: httpx2.Client) -> None:
    side = side_of(ValkyrieSide, "valkyrie", demo, http)
    players, tx, game = [side.seat(cash="100") for _ in range(2)], new_id(), new_id()
    refs = [new_id(), new_id()]

    def withdraw(place: int) -> str:
        terms = {"providerBetRef": refs[place], "providerRoundId": game}
        answer = side.post(players[place], "WITHDRAW", tx, "10", **terms)
        return str(answer.get("error", {}).get("code", "OK"))

    answers = at_once(*[lambda: (0, withdraw(0))] * 4, *[lambda: (1, withdraw(1))] * 4)
    winner = 0 if answers[0, "OK"] else 1
    assert answers == {(winner, "OK"): 4, (1 - winner, "PAM_ERR_DUPLICATE_TRANS"): 4}
    assert sorted(side.money(player)[0] for player in players) == ["100.00", "90.00"]
