"""What a simulated provider's protocol has to say: how its notifications look, and which story they tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from apps.sandbox.models import SimulatedNotification, SimulatedPayment


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to the platform."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to tell, with what else belongs into it."""

    word: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class PspProtocol(Protocol):
    """One provider's protocol, from the provider's side."""

    @property
    def title(self) -> str:
        """Its name for people."""
        ...

    @property
    def deposit_story(self) -> Sequence[Told]:
        """What is told after the player has paid."""
        ...

    @property
    def refusal_story(self) -> Sequence[Told]:
        """What is told after the player has given up."""
        ...

    @property
    def payout_stories(self) -> Mapping[str, Sequence[Told]]:
        """What is told of a payout, by its outcome."""
        ...

    @property
    def dispute_story(self) -> Sequence[Told]:
        """What is told after the payer has contested a paid deposit; empty where the protocol knows no disputes."""
        ...

    def call(self, notification: SimulatedNotification) -> Call:
        """Write the request that tells it."""
        ...

    def is_acknowledged(self, notification: SimulatedNotification, status: int, body: bytes) -> bool:
        """Say whether the answer ends the repetitions."""
        ...


def amount_text(payment: SimulatedPayment) -> str:
    """The amount as people write it: `12.50`, `100`, `0.01000000`."""
    whole, _, fraction = payment.shown.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}" if fraction else whole
