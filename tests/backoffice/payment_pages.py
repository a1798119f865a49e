"""Pages and buttons of payments, as tests use them."""

from typing import Any

from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.core.ids import uuid7
from apps.integrations.models import InboundEvent, Integration
from apps.payments.models import Instrument, Withdrawal
from apps.payments.operations.screening import screen_withdrawal
from apps.players.models import Player
from tests.payments.play import requested


def in_review(player: Player, instrument: Instrument, amount: str = "300") -> Withdrawal:
    """A withdrawal that waits for people."""
    withdrawal = requested(player, instrument, amount)
    return screen_withdrawal(withdrawal_id=withdrawal.pk, now=clock.now())


def page(name: str, row: Any) -> str:
    """The address of a row."""
    return reverse(f"admin:{name}_change", args=[row.pk])


def press(client: Client, name: str, row: Any, button: str, **terms: Any) -> Any:
    """Press a button, and follow."""
    return client.post(reverse(f"admin:{name}_{button}", args=[row.pk]), terms, follow=True)


def said(reply: Any) -> list[str]:
    """What the page answered."""
    return [str(message) for message in reply.context["messages"]]


def event(integration: Integration, state: str = "failed", references: tuple[str, ...] = ()) -> InboundEvent:
    """What a provider sent, kept in the inbox."""
    return InboundEvent.objects.create(
        integration=integration,
        event_id=str(uuid7()),
        word="PAID",
        references=list(references),
        terms_digest="0" * 64,
        body=b'{"amount": 1.50, "api_key": "hush-hush"}',
        headers={"Content-Type": "application/json"},
        exchange_id=uuid7(),
        received_at=clock.now(),
        last_delivered_at=clock.now(),
        state=state,
        error="ValueError: odd amount",
    )
