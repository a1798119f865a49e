"""What stories of planted typologies are made with. The stories themselves lie in `laundering` and `harm`."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from benchmarks.typologies.world import Act, Life

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Plot:
    """What a story is made with: the end of time, dice, and how many have been told."""

    now: datetime
    dice: random.Random
    number: int

    def life(self, rule: str, **more: Any) -> Life:
        """A player of this story."""
        return Life(f"{rule.lower()}-{self.number}{more.pop('who', '')}", rule, **more)

    def euros(self, low: float, high: float) -> Decimal:
        """An amount between two."""
        return Decimal(str(round(self.dice.uniform(low, high), 2)))


Story = Callable[[Plot], list[Life]]
STORIES: dict[str, Story] = {}


def story(rule: str) -> Callable[[Story], Story]:
    """Enter the decorated story."""

    def enter(tell: Story) -> Story:
        STORIES[rule] = tell
        return tell

    return enter


def fact_at(at: datetime, told: str, amount: Decimal = Decimal(0), subject: str = "", **data: Any) -> Act:
    """A fact that another part tells."""
    return Act(at, "fact", amount, kind=told, subject=subject, data=data)


def deposits(life: Life, start: datetime, step: timedelta, amounts: list[Decimal]) -> Life:
    """Deposits of a life, a step apart."""
    life.acts += [Act(start + step * number, "deposit", amount) for number, amount in enumerate(amounts)]
    return life


def bets(start: datetime, number: int, stake: Decimal, *, every: timedelta, won: Decimal = Decimal(0)) -> list[Act]:
    """Bets of one stake, alike."""
    return [Act(start + every * each, "bet", stake, won) for each in range(number)]
