"""Plays rounds against the platform's wallet, as a provider does: journal first, then send, until it is known."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction as database

from apps.core.ids import uuid7
from apps.sandbox.models import SimulatedRound, SimulatedSession, SimulatedTransaction
from apps.sandbox.vendors.catalogue import paytable_of
from apps.sandbox.vendors.speakers.registry import SPEAKERS, send_and_hang_up
from apps.sandbox.vendors.wire import Answer, NoAnswer

_Kind = SimulatedTransaction.Kind
_State = SimulatedTransaction.State
_Round = SimulatedRound.State

SCENARIOS = ("clean", "duplicate", "dropped_reply", "reorder", "rollback", "late_bet", "conflict")
ROUND_PREFIX = "sim-"
_ROLLBACK_ATTEMPTS = 500


@dataclass(frozen=True, slots=True)
class Patience:
    """How a vendor repeats itself. Hub88: three retries after a second each, then rollbacks with growing pauses."""

    retries: int = 3
    pause_seconds: float = 1.0
    longest_pause_seconds: float = 30.0
    gave_up: Callable[[float], bool] = threading.Event().wait
    """Waits so many seconds; True when the vendor is being stopped and must leave the rest to later."""


class LeftOpen(Exception):
    """The vendor stops with the round's outcome unknown; `resume` goes on with it."""


@dataclass(frozen=True, slots=True)
class Played:
    """How a round ended. `balance` (x 100 000) as the platform last said it."""

    round: SimulatedRound
    balance: int | None
    status: str


def play_round(
    session: SimulatedSession, *, stake: int, scenario: str, rng: random.Random, patience: Patience
) -> Played:
    """
    Spin once and settle with the platform.

    :param stake: amount x 100 000
    :param scenario: one of SCENARIOS: what goes wrong on the way
    :raises LeftOpen: if the vendor was stopped meanwhile
    """
    spin = paytable_of(session.vendor_id, session.game_code).spin(rng)
    round_ = SimulatedRound(
        reference=f"{ROUND_PREFIX}{uuid7()}",
        session=session,
        vendor=session.vendor,
        scenario=scenario,
        symbols=list(spin.symbols),
        stake=stake,
        payout=spin.payout(stake),
    )
    return _Play(round_, patience).run(scenario)


def resume(round_: SimulatedRound, *, patience: Patience) -> Played:
    """
    Settle a round that a stopped or killed vendor left open: a bet of unknown fate is rolled back, a win sent again.

    :raises LeftOpen: if the vendor was stopped again
    """
    return _Play(round_, patience).resume()


class _Play:
    """One round on its way. Every transaction is in the journal before its first byte is on the wire."""

    def __init__(self, round_: SimulatedRound, patience: Patience) -> None:
        self._round = round_
        self._patience = patience
        self._speaker = SPEAKERS[round_.vendor_id]
        self._words = self._speaker.words
        self._last: Answer | None = None

    def run(self, scenario: str) -> Played:
        bet = self._transaction(_Kind.BET, self._round.stake)
        with database.atomic():
            self._round.save(force_insert=True)
            bet.save(force_insert=True)
        getattr(self, f"_{scenario}")(bet)
        return self._played()

    def resume(self) -> Played:
        rows = {row.kind: row for row in self._round.transactions.select_related("vendor", "round__session")}
        bet = rows[_Kind.BET]
        if _Kind.ROLLBACK in rows or bet.state == _State.UNKNOWN:
            self._take_back(bet, rows.get(_Kind.ROLLBACK))
        elif bet.state == _State.ACCEPTED:
            self._pay(bet, rows.get(_Kind.WIN))
        else:
            self._close(_Round.REFUSED)
        return self._played()

    # What may happen to a round, one method a scenario.

    def _clean(self, bet: SimulatedTransaction) -> None:
        if self._bet(bet):
            self._pay(bet)

    def _duplicate(self, bet: SimulatedTransaction) -> None:
        if self._bet(bet):
            self._again(bet)
            self._again(self._pay(bet))

    def _dropped_reply(self, bet: SimulatedTransaction) -> None:
        if not self._speaker.repeats_bets:
            # Such a vendor never asks twice: it takes the bet back.
            self._rollback(bet)
            return
        self._hang_up(bet)
        if self._bet(bet):
            win = self._journal(_Kind.WIN, self._round.payout, bet.pk)
            self._hang_up(win)
            self._pay(bet, win)

    def _reorder(self, bet: SimulatedTransaction) -> None:
        win = self._journal(_Kind.WIN, self._round.payout, bet.pk)
        early = self._deliver(win)
        if early is not None:
            self._settle(win, early)
            if early.status not in self._words.early_win:
                self._note(win, f"{early.status} for a win before its bet")
        if self._bet(bet):
            self._pay(bet, win)

    def _rollback(self, bet: SimulatedTransaction) -> None:
        self._hang_up(bet)
        self._again(self._take_back(bet))

    def _late_bet(self, bet: SimulatedTransaction) -> None:
        rollback = self._take_back(bet)
        late = self._deliver(bet)
        if late is None:
            return
        self._settle(bet, late)
        if late.status not in self._words.late_bet:
            self._note(bet, f"{late.status} for a bet whose rollback {rollback.pk} came first")

    def _conflict(self, bet: SimulatedTransaction) -> None:
        if not self._bet(bet):
            return
        try:
            other = self._speaker.send(bet, amount=bet.amount + 100_000)
        except NoAnswer:
            other = None
        if other is not None and other.status not in self._words.other_terms:
            self._note(bet, f"{other.status} for the same id with another amount")
        self._pay(bet)

    # The steps they are made of.

    def _bet(self, bet: SimulatedTransaction) -> bool:
        """Send a bet; when its fate stays unknown, take it back. True if it was accepted."""
        answer = self._deliver(bet)
        if answer is None:
            self._take_back(bet)
            return False
        accepted = self._settle(bet, answer)
        if not accepted:
            self._close(_Round.REFUSED)
        return accepted

    def _pay(self, bet: SimulatedTransaction, win: SimulatedTransaction | None = None) -> SimulatedTransaction:
        """Send the win of an accepted bet until it is answered; nothing (0) won closes the round just the same."""
        win = win or self._journal(_Kind.WIN, self._round.payout, bet.pk)
        answer = self._insist(win)
        if not self._settle(win, answer):
            self._note(win, f"{answer.status} for the win of an accepted bet")
        self._close(_Round.SETTLED)
        return win

    def _take_back(
        self, bet: SimulatedTransaction, rollback: SimulatedTransaction | None = None
    ) -> SimulatedTransaction:
        rollback = rollback or self._journal(_Kind.ROLLBACK, 0, bet.pk)
        answer = self._insist(rollback)
        if not self._settle(rollback, answer) and answer.status not in self._words.nothing_to_take_back:
            self._note(rollback, f"{answer.status} for a rollback")
        self._close(_Round.CANCELLED)
        return rollback

    def _deliver(self, row: SimulatedTransaction) -> Answer | None:
        """Send, and again a few times while there is no answer; None if there never was one."""
        repeats = row.kind != _Kind.BET or self._speaker.repeats_bets
        for attempt in range(self._patience.retries + 1 if repeats else 1):
            if attempt and self._patience.gave_up(self._patience.pause_seconds):
                raise LeftOpen
            try:
                row.attempts += 1
                answer = self._speaker.send(row)
            except NoAnswer as error:
                row.status = str(error)[:48]
            else:
                self._last = answer
                return answer
        row.save(update_fields=["attempts", "status"])
        return None

    def _insist(self, row: SimulatedTransaction) -> Answer:
        """Send until there is a logical answer, with growing pauses."""
        pause = self._patience.pause_seconds
        for _ in range(_ROLLBACK_ATTEMPTS):
            answer = self._deliver(row)
            if answer is not None:
                return answer
            if self._patience.gave_up(pause):
                break
            pause = min(pause * 2, self._patience.longest_pause_seconds)
        raise LeftOpen

    def _again(self, row: SimulatedTransaction) -> None:
        """Send something answered once more: it must be answered the same, and have no second effect."""
        first = self._last
        second = self._deliver(row)
        row.save(update_fields=["attempts"])
        if first is None or second is None:
            return
        same = second.status == first.status or second.status in self._words.repeated
        if not same or first.balance != second.balance:
            self._note(row, f"first {first.status} {first.balance}, repeated {second.status} {second.balance}")

    def _hang_up(self, row: SimulatedTransaction) -> None:
        row.attempts += 1
        send_and_hang_up(row)

    # The journal.

    def _transaction(self, kind: str, amount: int, target: UUID | None = None) -> SimulatedTransaction:
        return SimulatedTransaction(
            round=self._round, vendor=self._round.vendor, kind=kind, amount=amount, target=target
        )

    def _journal(self, kind: str, amount: int, target: UUID) -> SimulatedTransaction:
        row = self._transaction(kind, amount, target)
        row.save(force_insert=True)
        return row

    def _settle(self, row: SimulatedTransaction, answer: Answer) -> bool:
        """Write down what was answered; True if it was accepted."""
        accepted = answer.status in self._words.accepted
        self._record(row, _State.ACCEPTED if accepted else _State.REFUSED, answer.status)
        return accepted

    def _record(self, row: SimulatedTransaction, state: str, status: str) -> None:
        row.state = state
        row.status = status[:48]
        row.save(update_fields=["state", "status", "attempts"])

    def _note(self, row: SimulatedTransaction, text: str) -> None:
        row.unexpected = text[:300]
        row.save(update_fields=["unexpected"])

    def _close(self, state: str) -> None:
        self._round.state = state
        self._round.save(update_fields=["state"])

    def _played(self) -> Played:
        last = self._last
        return Played(self._round, last.balance if last else None, last.status if last else "")
