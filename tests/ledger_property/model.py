"""What the wallet has to do, in a few dicts: written from the protocols' rules, not from the SQL."""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from tests.ledger_property.driver import COIN, Command

BUCKETS = ("cash", "bonus", "restricted")
Purse = dict[str, int]


@dataclass(frozen=True)
class Expected:
    """The answer a command must get. Balances: cash, bonus, restricted."""

    outcome: str
    replayed: bool
    balances: tuple[int, int, int]


@dataclass
class Known:
    """A key the wallet remembers: a command with its answer, or a tombstone (no command)."""

    player_id: int
    command: Command | None = None
    answer: Expected | None = None
    moved: Purse = field(default_factory=dict)
    round: tuple[int, str] | None = None
    cancelled: bool = False
    settled: bool = False

    def is_applied(self, *verbs: str) -> bool:
        """Whether it is a command of one of these verbs that moved money."""
        return (
            self.command is not None
            and self.answer is not None
            and self.command.verb in verbs
            and self.answer.outcome == "applied"
        )


class Model:
    """A wallet function without a database."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.purses: dict[tuple[int, str], Purse] = {}
        self.known: dict[str, Known] = {}
        self.closed: dict[tuple[int, str], bool] = {}
        self.currency_of_round: dict[tuple[int, str], str] = {}
        self.expired: set[bytes] = set()
        self.posted = 0

    def purse(self, command: Command) -> Purse:
        """The wallet a command speaks of."""
        return self.purses[command.seat.player_id, command.seat.currency]

    def carry(self, command: Command) -> Expected:
        """Carry a command out and say what must be answered."""
        known = self.known.get(command.key)
        if known is not None:
            return self._again(known, command)
        return {"debit": self._debit, "credit": self._credit, "rollback": self._rollback}[command.verb](command)

    def _answer(self, command: Command, outcome: str) -> Expected:
        purse = self.purse(command)
        return Expected(outcome, False, (purse["cash"], purse["bonus"], purse["restricted"]))

    def _again(self, known: Known, command: Command) -> Expected:
        if known.command is None:
            return self._answer(command, "reference_cancelled" if command.verb == "debit" else "conflict")
        if known.command.terms != command.terms:
            return self._answer(command, "conflict")
        assert known.answer is not None
        return replace(known.answer, replayed=True)

    def _remember(self, command: Command, outcome: str, moved: Purse | None = None, played: str = "") -> Expected:
        answer = self._answer(command, outcome)
        self.known[command.key] = Known(
            command.seat.player_id, command, answer, moved or {}, (command.seat.player_id, played) if played else None
        )
        self.posted += outcome == "applied"
        return answer

    def _debit(self, command: Command) -> Expected:
        purse = self.purse(command)
        played = (command.seat.player_id, command.round_ref)
        if command.seat.token in self.expired:
            return self._remember(command, "session_expired")
        left, moved = command.amount, {}
        for bucket in command.draw:
            moved[bucket] = min(left, purse[bucket])
            left -= moved[bucket]
        if left:
            return self._remember(command, "insufficient_funds")
        if (
            self.closed.get(played)
            or self.currency_of_round.get(played, command.seat.currency) != command.seat.currency
        ):
            return self._remember(command, "round_closed")
        self._enter(played, command)
        for bucket, amount in moved.items():
            purse[bucket] -= amount
        return self._remember(command, "applied", moved, command.round_ref)

    def _credit(self, command: Command) -> Expected:
        bet = self.known.get(command.reference or "")
        if bet is None and command.needs_reference:
            return self._answer(command, "reference_missing")
        if bet is not None and (bet.command is None or bet.cancelled):
            return self._answer(command, "reference_cancelled")
        if bet is not None and (not bet.is_applied("debit") or bet.player_id != command.seat.player_id):
            return self._answer(command, "reference_missing")
        played = bet.round if bet is not None else (command.seat.player_id, command.round_ref)
        assert played is not None
        if self.currency_of_round.get(played, command.seat.currency) != command.seat.currency:
            return self._answer(command, "wrong_currency")
        if self.closed.get(played):
            return self._answer(command, "round_closed")
        moved = _split(command, bet.moved if bet else {})
        self._enter(played, command)
        for bucket, amount in moved.items():
            self.purse(command)[bucket] += amount
        if bet is not None:
            bet.settled = True
        return self._remember(command, "applied", moved, played[1])

    def _rollback(self, command: Command) -> Expected:  # noqa: PLR0911 - one return a rule
        assert command.reference is not None
        target = self.known.get(command.reference)
        if target is None:
            self.known[command.reference] = Known(command.seat.player_id)
            return self._remember(command, "reference_missing")
        if target.player_id != command.seat.player_id:
            return self._answer(command, "conflict")
        if target.command is None or target.cancelled:
            return self._remember(command, "reference_cancelled")
        if not target.is_applied("debit", "credit"):
            return self._remember(command, "reference_missing")
        if target.settled:
            return self._remember(command, "reference_settled")
        if target.command.seat.currency != command.seat.currency:
            return self._answer(command, "wrong_currency")
        sign = 1 if target.command.verb == "debit" else -1
        purse = self.purse(command)
        after = {bucket: purse[bucket] + sign * target.moved.get(bucket, 0) for bucket in BUCKETS}
        if min(after.values()) < 0:
            return self._answer(command, "insufficient_funds")
        purse.update(after)
        target.cancelled = True
        return self._remember(command, "applied")

    def _enter(self, played: tuple[int, str], command: Command) -> None:
        self.currency_of_round.setdefault(played, command.seat.currency)
        self.closed[played] = command.close_round


def _split(command: Command, stake: Purse) -> Purse:
    """A win goes where its stake came from, in proportion and whole coins; the rest is cash where there was any."""
    total = sum(stake.values())
    if not total:
        return {command.draw[0]: command.amount}
    given = {bucket: amount for bucket, amount in stake.items() if amount}
    if len(given) == 1:
        return dict.fromkeys(given, command.amount)
    rest = "cash" if "cash" in given else "restricted"
    moved = {
        bucket: int(Fraction(command.amount * amount, total) / COIN) * COIN
        for bucket, amount in given.items()
        if bucket != rest
    }
    moved[rest] = command.amount - sum(moved.values())
    return moved
