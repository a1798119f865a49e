"""A small ledger with one of everything: bets, a win, a rollback, a refusal, a tombstone, mixed buckets."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apps.transactions.posting import shared_account
from tests.ledger_property import driver
from tests.ledger_property.driver import COIN, Command, Seat


@dataclass(frozen=True)
class Scene:
    """The ids that a test may want to meddle with."""

    seat: Seat
    bet: UUID
    win: UUID
    rolled_back: UUID
    rollback: UUID
    mixed: UUID
    provider: int

    @property
    def values(self) -> dict[str, Any]:
        """For SQL parameters."""
        return {
            "cash": self.seat.cash, "bonus": self.seat.bonus, "restricted": self.seat.restricted,
            "bet": self.bet, "win": self.win, "rolled_back": self.rolled_back, "rollback": self.rollback,
            "mixed": self.mixed, "provider": self.provider,
        }  # fmt: skip


def play_scene() -> Scene:
    """Play it and return its ids."""
    table = driver.lay_table()
    seat = driver.sit(table, driver.make_player(table, "anna"))
    driver.fund(seat, cash=100 * COIN, bonus=3 * COIN, restricted=2 * COIN)

    def applied(command: Command) -> UUID:
        (reply,) = driver.send(command)
        assert reply.outcome == "applied"
        assert reply.transaction_id is not None
        return reply.transaction_id

    bet = applied(Command("debit", seat, "bet", 10 * COIN, round_ref="r1"))
    win = applied(Command("credit", seat, "win", 25 * COIN, "bet", "r1"))
    rolled_back = applied(Command("debit", seat, "lost", 7 * COIN, round_ref="r2"))
    rollback = applied(Command("rollback", seat, "back", 0, "lost", "r2"))
    mixed = applied(Command("debit", seat, "mixed", 6 * COIN, round_ref="r3", draw=("bonus", "restricted", "cash")))
    refused = Command("debit", seat, "refused", 9_999 * COIN, round_ref="r4")
    assert [reply.outcome for reply in driver.send(refused)] == ["insufficient_funds"]
    assert [reply.outcome for reply in driver.send(Command("rollback", seat, "early", 0, "late"))] == [
        "reference_missing"
    ]
    provider = shared_account(
        brand_id=table.brand.pk, currency="EUR", kind="provider", integration_id=table.integration.pk
    )
    return Scene(seat, bet, win, rolled_back, rollback, mixed, provider)
