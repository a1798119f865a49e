"""What a speaker is: one simulated vendor's protocol, seen from the vendor."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from django.http import HttpRequest, HttpResponse

from apps.sandbox.models import SimulatedSession, SimulatedTransaction, SimulatedVendor
from apps.sandbox.vendors.paytable import SCALE
from apps.sandbox.vendors.wire import TIMEOUT_SECONDS, Answer


@dataclass(frozen=True, slots=True)
class Words:
    """Which answers the vendor's documents allow, by what happened."""

    accepted: frozenset[str]
    out_of_money: frozenset[str]
    early_win: frozenset[str]
    """For a win whose bet has not arrived."""
    late_bet: frozenset[str]
    """For a bet whose rollback came first."""
    other_terms: frozenset[str]
    """For an id that comes again with another amount."""
    nothing_to_take_back: frozenset[str] = frozenset()
    """For a rollback of a bet that never arrived, beside what accepts it."""
    repeated: frozenset[str] = field(default_factory=frozenset)
    """For something that comes again, beside its first answer."""
    unknown: frozenset[str] = frozenset()
    """After these the vendor does not know whether the command was applied."""
    messages: tuple[tuple[str, str], ...] = ()
    """What the player is told."""


class Refused(Exception):
    """A call of the platform to the vendor gets an HTTP error; `document` is the vendor's own body."""

    def __init__(self, status: int, document: dict[str, object]) -> None:
        super().__init__(str(document))
        self.status = status
        self.document = document


class Speaker(Protocol):
    """One simulated vendor's protocol."""

    slug: str
    title: str
    demo_currency: str | None
    words: Words
    repeats_bets: bool
    """Whether a bet without an answer is sent again before it is taken back."""

    def send(
        self, row: SimulatedTransaction, *, amount: int | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> Answer:
        """
        Send a transaction and wait for the platform's answer.

        :param amount: instead of the transaction's own (x 100 000), to provoke a conflict
        :raises NoAnswer: if it is not known what the platform did
        """
        ...

    def balance(self, session: SimulatedSession) -> Answer:
        """
        Ask for a player's balance.

        :raises NoAnswer: if the platform does not say
        """
        ...

    def api(self, request: HttpRequest, vendor: SimulatedVendor, path: str) -> HttpResponse:
        """
        Answer a call of the platform to the vendor's API.

        :raises Refused: in the vendor's own words
        """
        ...


def main_units(amount: int) -> Decimal:
    """An amount x 100 000 as a decimal in main units."""
    return Decimal(amount) / SCALE


def scaled(amount: Decimal) -> int:
    """A decimal in main units as an amount x 100 000; what is finer is not shown."""
    return int(amount * SCALE)
