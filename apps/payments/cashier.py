"""The platform's side of a cashier that calls us and waits (PaymentIQ): reserve, book, release, each idempotent."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.integrations.connections import Connection
from apps.payments.cashier_contract import CashierAnswer, CashierCall, CashierPlayer, Refusal
from apps.payments.cashier_sessions import player_of_cashier_session
from apps.payments.checks.answer import CheckSpec
from apps.payments.contract import Direction, EventKind, PaymentEvent
from apps.payments.contracts import contract_of
from apps.payments.customers import customer_of
from apps.payments.models import Attempt, Check, Deposit, PaymentMethod, PaymentStep, Withdrawal
from apps.payments.operations import deposit_gates, postings
from apps.payments.operations.deposits import LIFETIME
from apps.payments.operations.events import apply_event, told
from apps.payments.operations.references import key_of
from apps.payments.operations.refusals import EventNotSound, EventParked, EventUnhandled
from apps.payments.operations.screening import ask_checks, first_hold, results_of
from apps.payments.operations.steps import lock_withdrawal, record_step
from apps.payments.operations.withdrawals import DUE_AFTER
from apps.players.models import Player, PlayerSession
from apps.safer_play.deposits import DepositLimitReached, note_refusal
from apps.transactions.models import Account
from apps.transactions.posting import InsufficientFunds, lock_wallet
from apps.verification.models import PlayerFact
from apps.verification.operations.facts import proven_kinds

_NOBODY = UUID(int=0)
_TOLD = {Direction.DEPOSIT: EventKind.DEPOSIT_SETTLED, Direction.WITHDRAWAL: EventKind.PAYOUT_PAID}


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class PlatformCashier:
    """One integration's cashier."""

    connection: Connection

    def verify_session(self, *, session_token: str, user_id: str, now: datetime) -> CashierPlayer | Refusal:
        """Say who is behind a session; the session must be that player's own."""
        player = player_of_cashier_session(session_token, integration_id=self.connection.id, now=now)
        if player is None:
            return Refusal.UNKNOWN_SESSION
        if user_id and str(player.public_id) != user_id:
            return Refusal.UNKNOWN_PLAYER
        if _is_out(player):
            return Refusal.BLOCKED
        return _described(player, player.currency, now=now, remote_address=_address_of(player))

    def find_player(
        self, *, now: datetime, user_id: str = "", username: str = "", email: str = ""
    ) -> CashierPlayer | None:
        """Find a player of this brand; None unless all given terms fit exactly one."""
        found = Player.objects.filter(brand__code=self.connection.brand_code)
        if user_id:
            found = found.filter(public_id=_uuid(user_id) or _NOBODY)
        if username:
            found = found.filter(username__iexact=username)
        if email:
            found = found.filter(email__iexact=email)
        players = list(found[:2]) if user_id or username or email else []
        return _described(players[0], players[0].currency, now=now) if len(players) == 1 else None

    def authorize(self, call: CashierCall) -> CashierAnswer:
        """Promise a deposit, or reserve the money of a withdrawal. Repeated: the same promise."""
        # What a withdrawal is asked is kept with it, also when the answer is no.
        if call.direction == Direction.DEPOSIT and (refused := self._refused_by_gates(call)) is not None:
            return refused
        return self._answered(call, self._authorized)

    def transfer(self, call: CashierCall) -> CashierAnswer:
        """Book what has happened at the cashier, whatever was authorized."""
        return self._answered(call, self._transferred)

    def cancel(self, call: CashierCall) -> CashierAnswer:
        """Release what authorize reserved. After a transfer, or a second time: nothing happens, success."""
        return self._answered(call, self._cancelled)

    def notify(self, event: PaymentEvent, now: datetime) -> CashierAnswer:
        """Take a notification; one of no payment of ours is refused, so that the cashier keeps it."""
        try:
            apply_event(connection=self.connection, event=event, now=now)
        except (EventParked, EventUnhandled):
            return CashierAnswer(Refusal.UNKNOWN_PAYMENT)
        except EventNotSound:
            return CashierAnswer(Refusal.CONFLICT)
        return CashierAnswer(None)

    def _answered(self, call: CashierCall, act: Callable[[Player, CashierCall], Attempt | Refusal]) -> CashierAnswer:
        player = self._player(call.user_id)
        if player is None:
            return CashierAnswer(Refusal.UNKNOWN_PLAYER)
        try:
            with transaction.atomic():
                self._claim(call)
                attempt = act(player, call)
            if isinstance(attempt, Refusal):
                return CashierAnswer(attempt, _described(player, player.currency, now=call.now))
        except _Refused as refused:
            if isinstance(refused.__cause__, DepositLimitReached):
                note_refusal(refused.__cause__)
            return CashierAnswer(refused.refusal, _described(player, player.currency, now=call.now))
        except InsufficientFunds:
            return CashierAnswer(Refusal.INSUFFICIENT_FUNDS, _described(player, player.currency, now=call.now))
        payment = attempt.deposit or attempt.withdrawal
        assert payment is not None  # noqa: S101 - by a constraint
        step = PaymentStep.objects.filter(
            event_id=_event_id("transfer", call), integration_id=self.connection.id
        ).first()
        return CashierAnswer(
            None,
            _described(player, payment.currency, now=call.now),
            authorization=str(payment.public_id),
            number=payment.pk,
            transaction_id=step.transaction_id if step else None,
        )

    def _claim(self, call: CashierCall) -> None:
        """Keep two calls about one payment apart, before there is a row to lock. Falls with the transaction."""
        name = f"cashier|{self.connection.id}|{call.psp_reference}"
        digest = hashlib.sha256(name.encode()).digest()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], signed=True)])

    def _player(self, user_id: str) -> Player | None:
        wanted = _uuid(user_id)
        if wanted is None:
            return None
        found = Player.objects.filter(public_id=wanted, brand__code=self.connection.brand_code)
        return found.select_related("brand").first()

    def _authorized(self, player: Player, call: CashierCall) -> Attempt | Refusal:
        known = self._known(player, call)
        if known is not None:
            return Refusal.BLOCKED if _is_turned_down(known) else known
        if call.direction == Direction.DEPOSIT:
            return self._promised(self._new_deposit(player, call), call)
        if player.status == Player.Status.CLOSED or "withdrawal" in player.restrictions:
            raise _Refused(Refusal.BLOCKED)
        attempt = self._new_withdrawal(player, call)
        return Refusal.BLOCKED if _is_turned_down(attempt) else attempt

    def _refused_by_gates(self, call: CashierCall) -> CashierAnswer | None:
        """Ask outside the transaction of the promise, so that what was noticed stays when the answer is no."""
        player = self._player(call.user_id)
        if player is None or self._is_known(call):
            return None
        try:
            deposit_gates.may_begin(player=player, money=call.money, method=call.method, now=call.now)
        except DomainError:
            return CashierAnswer(Refusal.BLOCKED, _described(player, player.currency, now=call.now))
        return None

    def _is_known(self, call: CashierCall) -> bool:
        attempts = Attempt.objects.filter(integration_id=self.connection.id)
        by_key = attempts.filter(key=call.reference) if call.reference else attempts.none()
        return attempts.filter(psp_reference=call.psp_reference).exists() or by_key.exists()

    def _promised(self, attempt: Attempt, call: CashierCall) -> Attempt:
        """Reserve what the deposit will use of limits; refused here, it takes its rows with it."""
        assert attempt.deposit is not None  # noqa: S101 - just made
        try:
            deposit_gates.begun(attempt.deposit, now=call.now)
        except DomainError as refused:
            raise _Refused(Refusal.LIMIT) from refused
        return attempt

    def _transferred(self, player: Player, call: CashierCall) -> Attempt:
        attempt = self._known(player, call) or self._unannounced(player, call)
        event = PaymentEvent(
            kind=_TOLD[call.direction],
            event_id=_event_id("transfer", call),
            word="transfer",
            psp_reference=call.psp_reference,
            amount=call.money,
            fee=call.fee,
            reason=call.reason,
            instrument=call.instrument,
        )
        try:
            told(attempt, event, now=call.now)
        except EventNotSound as error:
            raise _Refused(Refusal.CONFLICT) from error
        return attempt

    def _cancelled(self, player: Player, call: CashierCall) -> Attempt:
        attempt = self._known(player, call)
        if attempt is None:
            raise _Refused(Refusal.UNKNOWN_PAYMENT)
        if attempt.deposit_id is not None:
            event = PaymentEvent(
                kind=EventKind.DEPOSIT_FAILED,
                event_id=_event_id("cancel", call),
                word="cancel",
                reason=call.reason,
            )
            told(attempt, event, now=call.now)
            return attempt
        withdrawal = lock_withdrawal(attempt.withdrawal_id or 0)
        if withdrawal.state == Withdrawal.State.PENDING:
            made = postings.post_released(withdrawal, now=call.now)
            withdrawal.cancel(at=call.now)
            withdrawal.save(update_fields=["state", "changed_at", "closed_at"])
            Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.REFUSED, next_query_at=None)
            record_step(
                withdrawal, "cancel", before=Withdrawal.State.PENDING, now=call.now, transaction_id=made,
                integration_id=self.connection.id, event_id=_event_id("cancel", call), reason=call.reason,
            )  # fmt: skip
        return attempt

    def _known(self, player: Player, call: CashierCall) -> Attempt | None:
        """Find the payment of an earlier call; another player's or direction's under this id is a conflict."""
        attempts = Attempt.objects.select_related("deposit", "withdrawal").filter(integration_id=self.connection.id)
        found = attempts.filter(psp_reference=call.psp_reference).first()
        if found is None and call.reference:
            found = attempts.filter(key=call.reference, psp_reference="").first()
            if found is not None:
                found.psp_reference = call.psp_reference
                found.save(update_fields=["psp_reference"])
        if found is None:
            return None
        payment = found.deposit or found.withdrawal
        direction = Direction.DEPOSIT if found.deposit_id is not None else Direction.WITHDRAWAL
        terms = (payment.player_id, direction, payment.currency) if payment else None
        if terms != (player.pk, call.direction, call.money.currency):
            raise _Refused(Refusal.CONFLICT)
        return found

    def _unannounced(self, player: Player, call: CashierCall) -> Attempt:
        """Make the payment of a transfer that nobody announced: the money has moved at the cashier already."""
        if call.direction == Direction.DEPOSIT:
            return self._new_deposit(player, call)
        self._require_wallet(player, call)
        attempt = self._withdrawal_row(player, call)
        withdrawal = attempt.withdrawal
        assert withdrawal is not None  # noqa: S101 - just made
        # Nothing was locked for it, so it counts as released before it was paid.
        withdrawal.cancel(at=call.now)
        withdrawal.save(update_fields=["state", "changed_at", "closed_at"])
        return attempt

    def _new_deposit(self, player: Player, call: CashierCall) -> Attempt:
        self._require_wallet(player, call)
        deposit = Deposit.objects.create(
            player=player,
            brand_id=player.brand_id,
            currency=call.money.currency,
            amount_units=call.money.units,
            method=_method(call.method),
            integration_id=self.connection.id,
            contract=contract_of(self.connection.id, now=call.now),
            next_step={"type": "wait"},
            created_at=call.now,
            changed_at=call.now,
            expires_at=call.now + LIFETIME,
        )
        record_step(deposit, "initiated", before="", now=call.now, integration_id=self.connection.id)
        deposit.mark_pending(at=call.now)
        deposit.save(update_fields=["state", "changed_at"])
        record_step(
            deposit, "authorize", before=Deposit.State.INITIATED, now=call.now, integration_id=self.connection.id
        )
        return self._attempt(call, deposit=deposit)

    def _new_withdrawal(self, player: Player, call: CashierCall) -> Attempt:
        self._require_wallet(player, call)
        attempt = self._withdrawal_row(player, call)
        withdrawal = attempt.withdrawal
        assert withdrawal is not None  # noqa: S101 - just made
        made = postings.post_locked(withdrawal, now=call.now)
        record_step(withdrawal, "requested", before="", now=call.now, integration_id=self.connection.id)
        answers = ask_checks(withdrawal, now=call.now)
        held = first_hold(answers)
        if held is not None:
            return self._turn_down(attempt, withdrawal, held, results_of(answers), call.now)
        withdrawal.needs_override = any(answer.result == Check.Result.REVIEW for _, answer in answers)
        withdrawal.mark_pending(at=call.now)
        withdrawal.save(update_fields=["state", "needs_override", "changed_at"])
        record_step(
            withdrawal, "authorize", before=Withdrawal.State.REQUESTED, now=call.now, transaction_id=made,
            integration_id=self.connection.id, results=results_of(answers),
        )  # fmt: skip
        return attempt

    def _turn_down(
        self, attempt: Attempt, withdrawal: Withdrawal, held: CheckSpec, results: dict[str, str], now: datetime
    ) -> Attempt:
        """
        Give the money back at once: something has to happen before it may leave.

        Elsewhere such a withdrawal waits on hold. A cashier pays what it was not refused, so nothing can wait here.
        """
        before = withdrawal.state
        made = postings.post_released(withdrawal, now=now)
        withdrawal.begin_screening(at=now)
        withdrawal.hold(reason_code=held.name, player_reason=held.player_reason, at=now)
        withdrawal.reject(reason_code=held.name, at=now)
        withdrawal.save(update_fields=["state", "reason_code", "player_reason", "changed_at", "closed_at"])
        attempt.state = Attempt.State.REFUSED
        attempt.save(update_fields=["state"])
        record_step(
            withdrawal, "rejected", before=before, now=now, transaction_id=made, integration_id=self.connection.id,
            reason=held.name, results=results,
        )  # fmt: skip
        return attempt

    def _withdrawal_row(self, player: Player, call: CashierCall) -> Attempt:
        withdrawal = Withdrawal.objects.create(
            player=player,
            brand_id=player.brand_id,
            currency=call.money.currency,
            amount_units=call.money.units,
            method=_method(call.method),
            integration_id=self.connection.id,
            contract=contract_of(self.connection.id, now=call.now),
            requested_at=call.now,
            changed_at=call.now,
            due_at=call.now + DUE_AFTER,
        )
        return self._attempt(call, withdrawal=withdrawal)

    def _attempt(
        self, call: CashierCall, *, deposit: Deposit | None = None, withdrawal: Withdrawal | None = None
    ) -> Attempt:
        payment = deposit or withdrawal
        assert payment is not None  # noqa: S101 - one of the two
        return Attempt.objects.create(
            deposit=deposit,
            withdrawal=withdrawal,
            integration_id=self.connection.id,
            number=1,
            key=key_of(payment, 1),
            psp_reference=call.psp_reference,
            state=Attempt.State.ACCEPTED,
            contract_id=payment.contract_id,
            started_at=call.now,
            answered_at=call.now,
        )

    def _require_wallet(self, player: Player, call: CashierCall) -> None:
        if not Account.objects.filter(player_id=player.pk, currency=call.money.currency, kind="cash").exists():
            raise _Refused(Refusal.WRONG_CURRENCY)
        lock_wallet(player_id=player.pk, currency=call.money.currency)


def _is_turned_down(attempt: Attempt) -> bool:
    return attempt.withdrawal is not None and attempt.withdrawal.state == Withdrawal.State.REJECTED


def _event_id(verb: str, call: CashierCall) -> str:
    return f"{verb}:{call.direction.value}:{call.psp_reference}"[:200]


def _method(code: str) -> PaymentMethod:
    """A cashier knows more ways to pay than we have listed; what it names exists."""
    method, _ = PaymentMethod.objects.get_or_create(code=code[:40], defaults={"name": code[:40].title()})
    return method


def _address_of(player: Player) -> str:
    """Where the player last logged in from, who is being sent to the cashier now; the cashier itself sees a proxy."""
    known = PlayerSession.objects.filter(player_id=player.pk, remote_address__isnull=False).order_by("-pk")
    return known.values_list("remote_address", flat=True).first() or ""


def _described(player: Player, currency: str, *, now: datetime, remote_address: str = "") -> CashierPlayer:
    cash = Account.objects.filter(player_id=player.pk, currency=currency, kind="cash").values_list("balance", flat=True)
    return CashierPlayer(
        customer=customer_of(player, remote_address=remote_address),
        balance=Money(cash.first() or 0, currency),
        category=player.jurisdiction_id,
        is_verified=PlayerFact.Kind.IDENTITY in proven_kinds(player.pk, now),
    )


def _is_out(player: Player) -> bool:
    return player.status in (Player.Status.SUSPENDED, Player.Status.CLOSED)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
