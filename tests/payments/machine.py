"""Random lives of deposits and withdrawals: what providers do and say, in any order and number, and where we crash."""

import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from unittest import mock

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.core import clock
from apps.integrations.connections import connection
from apps.payments.contract import EventKind, PaymentEvent
from apps.payments.models import Attempt, Deposit, Instrument, Withdrawal
from apps.payments.operations import deposits, submission
from apps.payments.operations.events import EventNotSound, EventParked, apply_event
from apps.payments.operations.screening import screen_withdrawal
from apps.payments.operations.withdrawals import request_withdrawal
from apps.players.models import Player
from apps.transactions.books import check_books
from tests.factories.games import make_player
from tests.payments.bank import Bank
from tests.payments.conftest import make_instrument
from tests.payments.play import euro, wallet

_COMMON: dict[str, Any] = {
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    # Making an example small costs more than it tells here.
    "phases": (Phase.generate,),
    "stateful_step_count": 12,
}
SOUND = settings(max_examples=20, print_blob=True, **_COMMON)
TWIN = settings(max_examples=50, derandomize=True, report_multiple_bugs=False, **_COMMON)

MODES = st.sampled_from(["ok", "refuse", "error", "lose_answer"])
CRASHES = st.sampled_from(["", "", "", "attempt committed", "request sent", "reply stored"])


class Killed(BaseException):
    """The worker's process ends here."""


@dataclass
class Letter:
    """One event that a bank tells, perhaps often."""

    slug: str
    kind: EventKind
    key: str
    event_id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Payments(RuleBasedStateMachine):
    """One player, two banks that may carry his payments; whatever happens, it ends as the banks' own books say."""

    banks: ClassVar[dict[str, Bank]] = {}

    @initialize()
    def begin(self) -> None:
        """Everything of an example is rolled back after it."""
        self.scope: Any = transaction.atomic()
        # As the transaction around every test: not one inside which no vendor may be called.
        vars(self.scope)["_from_testcase"] = True
        self.scope.__enter__()
        for bank in self.banks.values():
            bank.mode = "ok"
            bank.payouts.clear()
        self.now: datetime = clock.now()
        self.letters: list[Letter] = []
        self.asked = 0
        self.player: Player = make_player(cash="1000")
        self.instrument: Instrument = make_instrument(self.player)

    # --- what we do

    @precondition(lambda self: self.asked < 3)
    @rule(amount=st.sampled_from(["20", "30"]), first=MODES, second=MODES, crash=CRASHES)
    def pay_out(self, amount: str, first: str, second: str, crash: str) -> None:
        """The player asks for money, and a worker takes it up."""
        self.asked += 1
        withdrawal = request_withdrawal(
            player=self.player, money=euro(amount), instrument=str(self.instrument.public_id), remote_address="",
            now=self.now,
        )  # fmt: skip
        screen_withdrawal(withdrawal_id=withdrawal.pk, now=self.now)
        self._let_go(withdrawal.pk)
        self.submit(first, second, crash)

    def submit(self, first: str, second: str, crash: str) -> None:
        """A worker sends what is to be sent, and may not live to the end of it."""
        self._set(first, second)
        for pk in self._of("approved", "queued", "blocked"):
            with self._crashing(crash):
                submission.submit_withdrawal(withdrawal_id=pk, now=self.now)

    @rule(first=MODES, second=MODES, crash=CRASHES)
    def resolve(self, first: str, second: str, crash: str) -> None:
        """Days later somebody asks what has become of it."""
        self._set(first, second)
        self.now += timedelta(days=2)
        self.submit(first, second, "")
        for pk in self._due():
            with self._crashing(crash):
                submission.resolve_attempt(attempt_id=pk, now=self.now)

    @rule(first=MODES, second=MODES, repeated=st.booleans())
    def pay_in(self, first: str, second: str, repeated: bool) -> None:  # noqa: FBT001 - a strategy's
        """The player begins a deposit, and may press the button twice."""
        self._set(first, second)
        key = uuid.uuid4().hex
        for _ in range(2 if repeated else 1):
            with suppress(deposits.DepositNotPossible, deposits.DepositUnclear, deposits.DepositInProgress):
                deposits.request_deposit(
                    player=self.player, money=euro("50"), method="bank", slug="", client_key=key, remote_address="",
                    now=self.now,
                )  # fmt: skip

    # --- what banks do and say

    @precondition(lambda self: any(bank.payouts for bank in self.banks.values()))
    @rule(data=st.data(), outcome=st.sampled_from(["paid", "paid", "failed", "returned"]))
    def decide(self, data: st.DataObject, outcome: str) -> None:
        """A bank makes up its mind on something it has accepted; what it paid may come back."""
        orders = [(slug, key) for slug, bank in sorted(self.banks.items()) for key in bank.payouts]
        slug, key = data.draw(st.sampled_from(orders))
        self._decide(slug, key, outcome)

    def _decide(self, slug: str, key: str, outcome: str) -> None:
        was = self.banks[slug].payouts[key]
        if key.startswith("d-"):
            if was == "accepted":
                is_paid = outcome != "failed"
                self.banks[slug].payouts[key] = "settled" if is_paid else "failed"
                self._write(slug, EventKind.DEPOSIT_SETTLED if is_paid else EventKind.DEPOSIT_FAILED, key)
        elif was == "accepted":
            self.banks[slug].payouts[key] = "failed" if outcome == "failed" else "paid"
            self._write(slug, EventKind.PAYOUT_PENDING, key)
            self._write(slug, EventKind.PAYOUT_FAILED if outcome == "failed" else EventKind.PAYOUT_PAID, key)
        elif was == "paid" and outcome == "returned":
            self.banks[slug].payouts[key] = "returned"
            self._write(slug, EventKind.PAYOUT_RETURNED, key)

    @precondition(lambda self: self.letters)
    @rule(data=st.data(), times=st.integers(1, 2))
    def deliver(self, data: st.DataObject, times: int) -> None:
        """Any event, whether or not it came before, as often as it likes."""
        letter = data.draw(st.sampled_from(self.letters))
        for _ in range(times):
            self._deliver(letter)

    @invariant()
    def no_bank_holds_two_payouts_for_one_withdrawal(self) -> None:
        """Counted at the banks: what is accepted, paid or came back was ordered once."""
        ordered: dict[str, int] = {}
        for bank in self.banks.values():
            for key, state in bank.payouts.items():
                if key.startswith("w-") and state != "failed":
                    name = key.rsplit("-", 1)[0]
                    ordered[name] = ordered.get(name, 0) + 1
        assert all(count == 1 for count in ordered.values()), ordered

    def teardown(self) -> None:
        """When all is heard and asked, our states are the banks', and so is the money."""
        if not hasattr(self, "scope"):
            return
        try:
            self._come_to_rest()
            self._compare()
        finally:
            transaction.set_rollback(True)
            self.scope.__exit__(None, None, None)

    def _come_to_rest(self) -> None:
        self._set("ok", "ok")
        for _ in range(3):
            self.now += timedelta(days=2)
            for pk in self._of("approved", "queued", "blocked"):
                submission.submit_withdrawal(withdrawal_id=pk, now=self.now)
            for pk in self._due():
                submission.resolve_attempt(attempt_id=pk, now=self.now)
            for slug, bank in self.banks.items():
                for key in list(bank.payouts):
                    self._decide(slug, key, "paid")
            for letter in [*reversed(self.letters), *self.letters]:
                self._deliver(letter)

    def _compare(self) -> None:
        cash = euro("1000")
        for withdrawal in Withdrawal.objects.all():
            told = self._told_of(withdrawal)
            assert withdrawal.state == (told or "failed"), (withdrawal.state, told)
            cash -= withdrawal.money if withdrawal.state == "paid" else euro("0")
        for deposit in Deposit.objects.all():
            told = self._told_of(deposit)
            assert (deposit.state == "settled") == (told == "settled"), (deposit.state, told)
            cash += deposit.money if told == "settled" else euro("0")
        assert wallet(self.player) == (cash.format(), "0.00")
        self.no_bank_holds_two_payouts_for_one_withdrawal()
        assert list(check_books()) == []

    def _told_of(self, payment: Deposit | Withdrawal) -> str:
        """What the bank that carries it has in its own books; empty where none accepted it, or it failed."""
        keys = set(payment.attempts.values_list("key", flat=True))
        found = {state for bank in self.banks.values() for key, state in bank.payouts.items() if key in keys}
        return next(iter(found - {"failed"}), "")

    # --- how

    def _deliver(self, letter: Letter) -> None:
        found = connection(letter.slug)
        assert found is not None
        event = PaymentEvent(letter.kind, letter.event_id, reference=letter.key, psp_reference=f"B{letter.key}")
        with suppress(EventParked, EventNotSound):
            apply_event(connection=found, event=event, now=self.now)

    def _write(self, slug: str, kind: EventKind, key: str) -> None:
        self.letters.append(Letter(slug, kind, key))

    def _set(self, *modes: str) -> None:
        for bank, mode in zip(self.banks.values(), modes, strict=True):
            bank.mode = mode

    def _of(self, *states: str) -> list[int]:
        return list(Withdrawal.objects.filter(state__in=states).order_by("pk").values_list("pk", flat=True))

    def _due(self) -> list[int]:
        due = Attempt.objects.filter(withdrawal__isnull=False, next_query_at__lte=self.now).order_by("pk")
        return list(due.values_list("pk", flat=True))

    def _let_go(self, pk: int) -> None:
        """What a check wants people to look at, people let go."""
        withdrawal = Withdrawal.objects.get(pk=pk)
        if withdrawal.state == "in_review":
            withdrawal.approve(at=self.now)
            withdrawal.save(update_fields=["state", "approved_at", "changed_at"])

    def _crashing(self, where: str) -> Any:
        """End the worker: before the request, before its answer is written down, or right after that."""
        return _Crash(where)


class _Crash:
    """Kills the worker at one line; the rest of what it would have done never happens."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._patches: list[Any] = []

    def __enter__(self) -> None:
        recorded = submission._recorded

        def after(*arguments: Any) -> bool:
            recorded(*arguments)
            raise Killed

        target = {"attempt committed": "_call", "request sent": "_recorded", "reply stored": "_recorded"}
        if self._where:
            double = after if self._where == "reply stored" else mock.Mock(side_effect=Killed)
            patch = mock.patch.object(submission, target[self._where], double)
            self._patches.append(patch)
            patch.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        for patch in self._patches:
            patch.stop()
        return kind is Killed
