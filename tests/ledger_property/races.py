"""
Several vendors' calls at the same moment, on connections of their own.

Each race returns what went wrong, in words; an empty list is a sound wallet. Retries are those that the platform itself
makes: after a unique violation (somebody else took the key at this very moment) the call is sent once more.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from django.db import DatabaseError, IntegrityError, connections

from apps.transactions.books import check_books
from tests.ledger_property import driver
from tests.ledger_property.driver import COIN, Command, Reply, Seat

Answers = list[list[Reply] | DatabaseError]
_START_TIMEOUT_SECONDS = 20


def at_once(batches: Sequence[Sequence[Command]]) -> Answers:
    """Send every batch on a thread and connection of its own, all let go at the same moment."""
    barrier = threading.Barrier(len(batches))

    def run(batch: Sequence[Command]) -> list[Reply] | DatabaseError:
        try:
            driver.count_of("transactions_cursor")  # connected before the start, not after it
            barrier.wait(timeout=_START_TIMEOUT_SECONDS)
            try:
                return driver.send(*batch)
            except IntegrityError:
                return driver.send(*batch)
        except DatabaseError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(batches)) as pool:
        return list(pool.map(run, batches))


def outcomes(answers: Answers) -> Counter[str]:
    """How often each outcome came; errors by the name of their class, replays marked."""
    counted: Counter[str] = Counter()
    for answer in answers:
        if isinstance(answer, DatabaseError):
            counted[type(answer.__cause__ or answer).__name__] += 1
        else:
            counted.update(reply.outcome + ("/replayed" if reply.replayed else "") for reply in answer)
    return counted


def the_same_bet_eight_times_at_once() -> list[str]:
    """One is applied, seven are told what it was told."""
    seat = _seat(cash=100 * COIN)
    bet = Command("debit", seat, "k", 10 * COIN)
    answers = at_once([[bet]] * 8)
    wrong = _differs(outcomes(answers), Counter({"applied": 1, "applied/replayed": 7}))
    balances = {reply.balances for answer in answers if isinstance(answer, list) for reply in answer}
    return (
        wrong
        + _differs(balances, {(90 * COIN, 0, 0)})
        + _differs(driver.balances_of(seat), (90 * COIN, 0, 0))
        + _books()
    )


def bets_for_more_than_there_is() -> list[str]:
    """Ten bets of thirty at a hundred: three are applied, seven refused, none fails."""
    seat = _seat(cash=100 * COIN)
    bets = [[Command("debit", seat, f"k{number}", 30 * COIN, round_ref=f"r{number}")] for number in range(10)]
    wrong = _differs(outcomes(at_once(bets)), Counter({"applied": 3, "insufficient_funds": 7}))
    return wrong + _differs(driver.balances_of(seat), (10 * COIN, 0, 0)) + _books()


def a_rollback_against_its_bet() -> list[str]:
    """Whichever comes first, the stake is not gone: taken back, or refused by the tombstone."""
    wrong: list[str] = []
    seat = _seat(cash=100 * COIN)
    for number in range(6):
        bet = Command("debit", seat, f"b{number}", 10 * COIN, round_ref=f"r{number}")
        back = Command("rollback", seat, f"x{number}", 0, bet.key, names_currency=False)
        seen = outcomes(at_once([[bet], [back]]))
        if seen not in (Counter({"applied": 2}), Counter({"reference_cancelled": 1, "reference_missing": 1})):
            wrong.append(f"round {number}: {dict(seen)}")
    return wrong + _differs(driver.balances_of(seat), (100 * COIN, 0, 0)) + _books()


def a_win_against_a_rollback() -> list[str]:
    """A bet is either paid or taken back."""
    wrong: list[str] = []
    seat = _seat(cash=100 * COIN)
    due = 100
    for number in range(6):
        bet = Command("debit", seat, f"b{number}", 10 * COIN, round_ref=f"r{number}")
        driver.send(bet)
        win = Command("credit", seat, f"w{number}", 25 * COIN, bet.key, bet.round_ref)
        back = Command("rollback", seat, f"x{number}", 0, bet.key, names_currency=False)
        paid, returned = at_once([[win], [back]])
        seen = outcomes([paid]) + outcomes([returned])
        if seen not in (
            Counter({"applied": 1, "reference_cancelled": 1}),
            Counter({"applied": 1, "reference_settled": 1}),
        ):
            wrong.append(f"round {number}: {dict(seen)}")
        due += 15 if outcomes([paid])["applied"] else 0
    return wrong + _differs(driver.balances_of(seat), (due * COIN, 0, 0)) + _books()


def one_key_and_two_players() -> list[str]:
    """The key belongs to whoever came first; the other one is told so and keeps his money."""
    wrong: list[str] = []
    anna, bo = _seats(2, cash=100 * COIN)
    for number in range(6):
        bet = Command("debit", anna, f"k{number}", 10 * COIN, round_ref=f"r{number}")
        seen = outcomes(at_once([[bet], [replace(bet, seat=bo)]]))
        wrong += _differs(seen, Counter({"applied": 1, "conflict": 1}))
    left = driver.balances_of(anna)[0] + driver.balances_of(bo)[0]
    return wrong + _differs(left, 140 * COIN) + _books()


def batches_crossing() -> list[str]:
    """Two batches over the same wallets, one in the order of the other reversed: neither blocks the other for good."""
    wrong: list[str] = []
    seats = _seats(8, cash=100 * COIN)
    for number in range(3):
        there = [Command("debit", seat, f"a{number}-{place}", COIN, round_ref="a") for place, seat in enumerate(seats)]
        back = [
            Command("debit", seat, f"b{number}-{place}", COIN, round_ref="b") for place, seat in enumerate(seats[::-1])
        ]
        wrong += _differs(outcomes(at_once([there, back])), Counter({"applied": 16}))
        if wrong:
            break
    return wrong + _differs({driver.balances_of(seat)[0] for seat in seats}, {94 * COIN}) + _books()


def many_wallets_under_mixed_fire() -> list[str]:
    """Four threads with the same bets, wins and rollbacks of six wallets in orders of their own: each counts once."""
    seats = _seats(6, cash=1_000 * COIN)
    work: list[Command] = []
    for place, seat in enumerate(seats):
        for number in range(5):
            bet = Command("debit", seat, f"b{place}-{number}", 10 * COIN, round_ref=f"r{number}")
            win = Command("credit", seat, f"w{place}-{number}", 4 * COIN, bet.key, bet.round_ref)
            work += [bet, win] if number % 2 else [bet]
    orders = [work, work[::-1], work[10:] + work[:10], work[::2] + work[1::2]]
    batches = [[order[start : start + 7] for start in range(0, len(order), 7)] for order in orders]
    failures = [
        type(answer.__cause__ or answer).__name__
        for wave in zip(*batches, strict=True)
        for answer in at_once(wave)
        if isinstance(answer, DatabaseError)
    ]
    # A win that came before its bet was refused, as a vendor would see and retry; after this everything is applied.
    driver.send(*work)
    due = (1_000 - 5 * 10 + 2 * 4) * COIN
    return failures + _differs({driver.balances_of(seat)[0] for seat in seats}, {due}) + _books()


RACES: dict[str, Callable[[], list[str]]] = {
    "eight at once": the_same_bet_eight_times_at_once,
    "overdraft": bets_for_more_than_there_is,
    "rollback against its bet": a_rollback_against_its_bet,
    "win against rollback": a_win_against_a_rollback,
    "one key, two players": one_key_and_two_players,
    "batches crossing": batches_crossing,
    "mixed fire": many_wallets_under_mixed_fire,
}


def _seats(count: int, *, cash: int) -> list[Seat]:
    table = driver.lay_table()
    seats = [driver.sit(table, driver.make_player(table, f"player{number}")) for number in range(count)]
    for seat in seats:
        driver.fund(seat, cash=cash)
    return seats


def _seat(*, cash: int) -> Seat:
    return _seats(1, cash=cash)[0]


def _differs(found: object, expected: object) -> list[str]:
    return [] if found == expected else [f"expected {expected}, found {found}"]


def _books() -> list[str]:
    return [str(each) for each in check_books()]
