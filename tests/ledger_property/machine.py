# ruff: noqa: FBT001 - Hypothesis names the arguments of rules
"""Random play over several wallets: every answer and balance beside the model's, the books proven after each game."""

import itertools
import os
from datetime import timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from apps.transactions.books import check_books
from tests.ledger_property import driver
from tests.ledger_property.driver import COIN, NOW, Command, Seat
from tests.ledger_property.model import BUCKETS, Model

_COMMON: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
}
PROFILES = {
    # Making an example small can take minutes: the long profile does that.
    "fast": settings(max_examples=30, stateful_step_count=30, phases=[Phase.generate], **_COMMON),
    "long": settings(max_examples=2_000, stateful_step_count=60, **_COMMON),
}
SOUND = PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "fast")]
# A twin has to be found out: always the same games, and no time spent on making the example small.
TWIN = settings(
    max_examples=60,
    stateful_step_count=30,
    derandomize=True,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    **_COMMON,
)

# A few keys that meet again and again, and many that are new.
_FEW_KEYS = st.integers(0, 7).map("k{:02}".format)
_KEYS = st.one_of(_FEW_KEYS, st.integers(0, 9_999).map("n{:04}".format), st.integers(0, 9_999).map("m{:04}".format))
_ROUNDS = st.integers(0, 7).map("r{}".format)
_AMOUNTS = st.one_of(st.integers(0, 30).map(lambda coins: coins * COIN), st.integers(0, 3_000_000), st.just(2**40))
_DRAWS = st.sampled_from([tuple(draw) for size in (1, 2, 3) for draw in itertools.permutations(BUCKETS, size)])
_SEATS = st.integers(0, 4)
_IS_RARE = st.sampled_from([False] * 15 + [True])


class Play(RuleBasedStateMachine):
    """Five seats: two wallets of one player, an expired session on the first of them, two more players."""

    sent: Bundle[Command] = Bundle("sent")

    def __init__(self) -> None:
        """Lay the table in a transaction of this game's own, which its end takes back."""
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self._failed = True
        self.model = Model()
        table = driver.lay_table()
        anna, bo, cy = (driver.make_player(table, name) for name in ("anna", "bo", "cy"))
        expired = driver.sit(table, anna, expires_at=NOW - timedelta(seconds=1))
        self.model.expired.add(expired.token)
        self.seats: list[Seat] = [
            driver.sit(table, anna),
            driver.sit(table, bo),
            driver.sit(table, anna, "USD"),
            driver.sit(table, cy),
            expired,
        ]
        for seat in self.seats[:4]:
            self.model.purses[seat.player_id, seat.currency] = dict.fromkeys(BUCKETS, 0)
            self._fund(seat, 2_000_000, 700_000, 300_001)
        self._funded = 4
        self._failed = False

    def teardown(self) -> None:
        """Prove the books of this game, unless it has failed already, and forget it."""
        try:
            if not self._failed:
                assert check_books() == []
                assert driver.count_of("transactions_transaction") == self.model.posted + self._funded
                assert driver.count_of("transactions_command") == len(self.model.known)
        finally:
            transaction.set_rollback(True)
            self._transaction.__exit__(None, None, None)

    @rule(target=sent, seat=_SEATS, key=_KEYS, amount=_AMOUNTS, played=_ROUNDS, draw=_DRAWS, close=_IS_RARE)
    def bet(self, seat: int, key: str, amount: int, played: str, draw: tuple[str, ...], close: bool) -> Command:
        """A bet, mostly with a key not seen before."""
        return self._play(
            Command("debit", self.seats[seat], key, amount, round_ref=played, draw=draw, close_round=close)
        )

    @rule(target=sent, bet=sent, key=_KEYS, amount=_AMOUNTS, draw=_DRAWS, close=_IS_RARE, names_currency=st.booleans())
    def win(
        self, bet: Command, key: str, amount: int, draw: tuple[str, ...], close: bool, names_currency: bool
    ) -> Command:
        """A win that names something sent before."""
        return self._play(
            Command(
                "credit", bet.seat, key, amount, bet.key, bet.round_ref, close_round=close, draw=draw,
                names_currency=names_currency,
            )
        )  # fmt: skip

    @rule(
        target=sent,
        seat=_SEATS,
        key=_KEYS,
        reference=_FEW_KEYS,
        amount=_AMOUNTS,
        played=_ROUNDS,
        draw=_DRAWS,
        needs=st.booleans(),
    )
    def stray_win(
        self, seat: int, key: str, reference: str, amount: int, played: str, draw: tuple[str, ...], needs: bool
    ) -> Command:
        """A win of anybody for anything, or for nothing at all."""
        return self._play(
            Command(
                "credit", self.seats[seat], key, amount, reference if needs else None, played, draw=draw,
                names_currency=False, needs_reference=needs,
            )
        )  # fmt: skip

    @rule(target=sent, bet=sent, key=_KEYS)
    def rollback(self, bet: Command, key: str) -> Command:
        """A rollback of something sent before."""
        if key == bet.key:
            return bet
        return self._play(Command("rollback", bet.seat, key, 0, bet.key, bet.round_ref, names_currency=False))

    @rule(target=sent, seat=_SEATS, key=_KEYS, reference=_FEW_KEYS)
    def stray_rollback(self, seat: int, key: str, reference: str) -> Any:
        """A rollback of anybody for anything: unknown, another player's, another wallet's."""
        if key == reference:
            return multiple()
        return self._play(Command("rollback", self.seats[seat], key, 0, reference, names_currency=False))

    @rule(
        seat=st.integers(0, 3), number=st.integers(0, 99_999), coins=st.integers(1, 40), prize=st.integers(1, 10**6),
        draw=_DRAWS, take_back=st.sampled_from(["bet", "win", "nothing"]),
    )  # fmt: skip
    def story(self, seat: int, number: int, coins: int, prize: int, draw: tuple[str, ...], take_back: str) -> None:
        """A whole round as vendors play it, and then perhaps a rollback that comes too late."""
        bet = self._play(
            Command("debit", self.seats[seat], f"sb{number}", coins * COIN, round_ref=f"s{number}", draw=draw)
        )
        win = self._play(Command("credit", bet.seat, f"sw{number}", prize, bet.key, bet.round_ref, draw=draw))
        if take_back != "nothing":
            target = bet if take_back == "bet" else win
            self._play(Command("rollback", bet.seat, f"sr{number}", 0, target.key, bet.round_ref, names_currency=False))

    @rule(command=sent)
    def again(self, command: Command) -> None:
        """The same once more."""
        self._play(command)

    @rule(commands=st.lists(sent, min_size=2, max_size=6, unique_by=lambda command: command.key))
    def batch(self, commands: list[Command]) -> None:
        """Several in one commit, old ones and their repeats; the wallet carries them in the order of their keys."""
        self._play(*commands)

    @rule(
        bets=st.lists(st.tuples(_SEATS, _KEYS, _AMOUNTS, _DRAWS), min_size=2, max_size=6, unique_by=lambda bet: bet[1]),
        played=_ROUNDS,
    )
    def crowd(self, bets: list[tuple[int, str, int, tuple[str, ...]]], played: str) -> None:
        """Several bets in one commit; a refused one does not fail its neighbours."""
        self._play(
            *(
                Command("debit", self.seats[s], key, amount, round_ref=played, draw=draw)
                for s, key, amount, draw in bets
            )
        )

    @invariant()
    def wallets_hold_what_the_model_says(self) -> None:
        """Compare every balance."""
        if self._failed:
            return
        for seat in self.seats[:4]:
            purse = self.model.purses[seat.player_id, seat.currency]
            assert driver.balances_of(seat) == tuple(purse[bucket] for bucket in BUCKETS), seat

    def _play(self, *commands: Command) -> Command:
        self._failed = True
        replies = dict(zip((command.key for command in commands), driver.send(*commands), strict=True))
        for command in sorted(commands, key=lambda each: each.key):
            expected, reply = self.model.carry(command), replies[command.key]
            assert (reply.outcome, reply.replayed, reply.balances) == (
                expected.outcome,
                expected.replayed,
                expected.balances,
            ), command
        self._failed = False
        return commands[0]

    def _fund(self, seat: Seat, cash: int, bonus: int, restricted: int) -> None:
        driver.fund(seat, cash=cash, bonus=bonus, restricted=restricted)
        purse = self.model.purses[seat.player_id, seat.currency]
        for bucket, amount in zip(BUCKETS, (cash, bonus, restricted), strict=True):
            purse[bucket] += amount
