"""What every payment provider of the tests can do: tell its stories, alter them, and let the inbox work."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

from django.test import Client

from apps.core import clock
from apps.core.money import Money
from apps.integrations.models import InboundEvent, Integration
from apps.payments.inbox_tasks import process_event
from apps.payments.models import Attempt, Deposit, Instrument, Withdrawal
from apps.payments.operations.references import key_of
from apps.payments.operations.withdrawals import request_withdrawal
from apps.players.models import Player
from apps.transactions.models import Account
from tests.factories.games import make_player
from tests.factories.payments import METHODS, connect_psp

_numbers = count(1)


def next_number() -> int:
    """A number that no message before had."""
    return next(_numbers)


@dataclass(frozen=True)
class Message:
    """One callback, ready to be sent, so that it can be sent again or altered."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Psp:
    """One connected provider, one player, and what the platform's books say of them."""

    failed_payout: ClassVar[str] = "failed"
    """The state in which a payout ends that the provider does not make."""

    vendor: str
    client: Client
    currency: str = "EUR"
    slug: str = ""
    integration: Integration = field(init=False)
    player: Player = field(init=False)

    def __post_init__(self) -> None:
        self.slug = self.slug or self.vendor
        self.integration = connect_psp(self.vendor, slug=self.slug)
        self.player = make_player(cash="1000", currency=self.currency)

    # --- what a provider does

    def send(self, message: Message) -> Any:
        """Deliver one callback; nothing is processed yet."""
        return self.client.post(
            f"/psp/{self.slug}/{message.path}",
            data=message.body,
            content_type="application/json",
            headers=message.headers,
        )

    def tell(self, *messages: Message) -> None:
        """Deliver callbacks that must be taken, and work the inbox off after each."""
        for message in messages:
            response = self.send(message)
            assert response.status_code == 200, response.content
            self.work()

    def work(self) -> list[str]:
        """Process every open event, as the worker would; returns the states they are in then."""
        rows = InboundEvent.objects.filter(state__in=("received", "parked", "failed")).order_by("id")
        return [process_event(row_id=str(row.pk)) for row in rows]

    # --- what the platform has

    def deposit(self, amount: str = "100") -> Deposit:
        """A deposit that this provider was asked for and has accepted."""
        now, money = clock.now(), Money.parse(amount, self.currency)
        deposit = Deposit.objects.create(
            player=self.player,
            brand_id=self.player.brand_id,
            currency=money.currency,
            amount_units=money.units,
            method_id=METHODS[self.vendor],
            integration=self.integration,
            created_at=now,
            changed_at=now,
            expires_at=now + timedelta(days=1),
        )
        self._attempt(deposit)
        return deposit

    def withdrawal(self, amount: str = "100") -> Withdrawal:
        """A withdrawal that was approved, sent and accepted."""
        now = clock.now()
        instrument, _ = Instrument.objects.update_or_create(
            player=self.player,
            method_id=METHODS[self.vendor],
            integration=self.integration,
            token="777",
            defaults={"verification": "verified", "changed_at": now - timedelta(days=30)},
        )
        withdrawal = request_withdrawal(
            player=self.player,
            money=Money.parse(amount, self.currency),
            instrument=str(instrument.public_id),
            remote_address="",
            now=now,
        )
        withdrawal = Withdrawal.objects.get(pk=withdrawal.pk)
        withdrawal.begin_screening(at=now)
        withdrawal.approve(at=now)
        withdrawal.queue(at=now)
        withdrawal.begin_submission(at=now)
        withdrawal.mark_submitted(at=now)
        withdrawal.integration = self.integration
        withdrawal.save()
        self._attempt(withdrawal)
        return withdrawal

    def _attempt(self, payment: Deposit | Withdrawal) -> None:
        Attempt.objects.create(
            deposit=payment if isinstance(payment, Deposit) else None,
            withdrawal=payment if isinstance(payment, Withdrawal) else None,
            integration=self.integration,
            number=1,
            key=key_of(payment, 1),
            state=Attempt.State.ACCEPTED,
            started_at=clock.now(),
        )

    def state(self, payment: Deposit | Withdrawal) -> str:
        """Where a payment stands now."""
        return str(type(payment).objects.values_list("state", flat=True).get(pk=payment.pk))

    def balances(self) -> tuple[str, str]:
        """The player's cash and what is locked of it."""
        accounts = Account.objects.filter(player_id=self.player.pk, currency=self.currency)
        units = dict(accounts.values_list("kind", "balance"))
        return tuple(Money(units[kind], self.currency).format() for kind in ("cash", "locked"))  # type: ignore[return-value]

    # --- stories in each provider's own words

    def paid_in(self, deposit: Deposit, amount: str = "") -> list[Message]:
        """What is told of a deposit that succeeds, in order."""
        raise NotImplementedError

    def not_paid_in(self, deposit: Deposit) -> list[Message]:
        """What is told of a deposit that fails."""
        raise NotImplementedError

    def paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """What is told of a payout that succeeds, in order."""
        raise NotImplementedError

    def not_paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """What is told of a payout that fails."""
        raise NotImplementedError

    def returned(self, withdrawal: Withdrawal) -> list[Message]:
        """What is told when a payout comes back; empty where that cannot be."""
        raise NotImplementedError

    def unknown_word(self) -> Message:
        """A signed callback of a type that nobody has heard of."""
        raise NotImplementedError

    def tampered(self, message: Message) -> list[Message]:
        """The same callback with one signed field changed, each in its turn."""
        raise NotImplementedError

    def resigned(self, message: Message, secret: str) -> Message:
        """The same callback signed with another key."""
        raise NotImplementedError

    def altered(self, message: Message, name: str) -> Message:
        """The same callback with one thing changed that proves it."""
        raise NotImplementedError

    def unsigned(self, message: Message, name: str) -> Message:
        """The same callback with one thing changed that no signature covers."""
        raise NotImplementedError

    def again(self, payment: Deposit, amount: str) -> Message:
        """A second payment under the same reference of ours."""
        raise NotImplementedError

    def in_currency(self, deposit: Deposit, currency: str) -> Message:
        """The payment, told in another currency."""
        raise NotImplementedError

    def is_refused(self, response: Any) -> bool:
        """Whether the platform said no at its door."""
        return bool(response.status_code in {400, 401})


def amount_of(payment: Deposit | Withdrawal) -> str:
    """The amount as people write it."""
    return payment.money.format()


def key(payment: Deposit | Withdrawal) -> str:
    """What the provider was given as our reference."""
    return str(payment.attempts.get().key)
