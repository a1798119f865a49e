"""What tests of payments do again and again."""

import uuid
from typing import Any

from django.test import Client

from apps.core import clock
from apps.core.money import Money
from apps.integrations.connections import connection
from apps.payments.contract import EventKind, PaymentEvent
from apps.payments.models import Deposit, Instrument, Withdrawal
from apps.payments.operations.deposits import request_deposit
from apps.payments.operations.events import Applied, apply_event
from apps.payments.operations.screening import screen_withdrawal
from apps.payments.operations.submission import submit_withdrawal
from apps.payments.operations.withdrawals import request_withdrawal
from apps.players.models import Player
from apps.transactions.models import Account, AccountKind
from apps.transactions.posting import Leg, open_player_accounts, shared_account
from apps.transactions.posting import post as post_to_ledger
from apps.wallets.queries import balances_of


def euro(amount: str) -> Money:
    """So much."""
    return Money.parse(amount, "EUR")


def wallet(player: Player) -> tuple[str, str]:
    """Cash and locked, in euro."""
    (found,) = balances_of(player.pk)
    return found.money("cash").format(), found.money("locked").format()


def shared(kind: AccountKind) -> str:
    """Sum of the balances of shared accounts of a kind, in euro, from their transfers."""
    from django.db import connection as database  # noqa: PLC0415 - the name is taken

    accounts = list(Account.objects.filter(kind=kind).values_list("pk", flat=True))
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(CASE WHEN credit_account_id = ANY(%(a)s) THEN amount ELSE 0 END"
            " - CASE WHEN debit_account_id = ANY(%(a)s) THEN amount ELSE 0 END), 0)::bigint FROM transactions_transfer",
            {"a": accounts},
        )
        return Money(cursor.fetchone()[0], "EUR").format()


def post(client: Client, path: str, body: Any, key: str | None = None) -> Any:
    """POST to the player API under a new key, or that one."""
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    return client.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)


def requested(player: Player, instrument: Instrument, amount: str = "100") -> Withdrawal:
    """A withdrawal that has just been requested."""
    return request_withdrawal(
        player=player,
        money=euro(amount),
        instrument=str(instrument.public_id),
        remote_address="203.0.113.7",
        now=clock.now(),
    )


def sent(player: Player, instrument: Instrument, amount: str = "100") -> Withdrawal:
    """A withdrawal that has been screened and submitted."""
    withdrawal = requested(player, instrument, amount)
    screen_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())
    return submit_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())


def settled_deposit(player: Player, amount: str = "100", method: str = "bank") -> Deposit:
    """A deposit that the test bank has taken and settled."""
    deposit, _ = request_deposit(
        player=player, money=euro(amount), method=method, slug="", client_key=uuid.uuid4().hex,
        remote_address="203.0.113.7", now=clock.now(),
    )  # fmt: skip
    tell(deposit, EventKind.DEPOSIT_SETTLED, amount=euro(amount))
    return Deposit.objects.get(pk=deposit.pk)


def spend_all(player: Player) -> None:
    """Take all cash out of a player's wallet, as play would."""
    accounts = open_player_accounts(player_id=player.pk, brand_id=player.brand_id, currency="EUR")
    house = shared_account(brand_id=player.brand_id, currency="EUR", kind="house")
    units = Account.objects.values_list("balance", flat=True).get(pk=accounts.cash)
    post_to_ledger(
        kind="correction", brand_id=player.brand_id, currency="EUR", player_id=player.pk,
        legs=[Leg(accounts.cash, house, units)], now=clock.now(),
    )  # fmt: skip


def tell(
    payment: Deposit | Withdrawal, kind: EventKind, event_id: str = "", *, reference_override: str = "", **facts: Any
) -> Applied:
    """Bring the provider's event about a payment's last attempt."""
    attempt = payment.attempts.order_by("number").last()
    assert attempt is not None
    found = connection(attempt.integration.slug)
    assert found is not None
    event = PaymentEvent(
        kind=kind, event_id=event_id or uuid.uuid4().hex, reference=reference_override or attempt.key,
        psp_reference=attempt.psp_reference, **facts,
    )  # fmt: skip
    return apply_event(connection=found, event=event, now=clock.now())


def fresh(withdrawal: Withdrawal) -> Withdrawal:
    """Read a withdrawal anew."""
    return Withdrawal.objects.get(pk=withdrawal.pk)
