"""Clean players: a month of ordinary play, as the alert rate is stated for."""

import random
from datetime import datetime, timedelta
from decimal import Decimal

from benchmarks.typologies.world import Act, Life

DAYS = 30
_CENT = Decimal("0.01")
_DEPOSITS, _WITHDRAWS = 0.6, 0.06
"""How likely an evening is to begin with a deposit, and to end with a withdrawal."""


def clean_lives(number: int, *, now: datetime, seed: int, bets_a_session: int = 25) -> list[Life]:
    """
    Ordinary players over thirty days: one to three sessions a week in the evening, deposits of 10 to 120 before some of
    them, a withdrawal after a good night, stakes around a habit of their own.
    """
    dice = random.Random(seed)
    return [_life(each, now=now, dice=dice, bets=bets_a_session) for each in range(number)]


def _life(number: int, *, now: datetime, dice: random.Random, bets: int) -> Life:
    life = Life(f"clean-{number}", registered_days_ago=dice.randint(40, 700))
    device, instrument, address = f"device-{number}", f"card-{number}", f"203.0.{number // 250}.{number % 250}"
    habit = Decimal(dice.choice(("0.20", "0.50", "1", "1", "2")))
    a_week = dice.uniform(1, 3)
    for day in range(DAYS, 0, -1):
        if dice.random() > a_week / 7:
            continue
        start = (now - timedelta(days=day)).replace(hour=dice.randint(16, 20), minute=dice.randint(0, 59), second=3)
        life.acts.append(
            Act(start, "fact", kind="player.logged_in", data={"device": device, "address": address, "ip_country": "MT"})
        )
        if dice.random() < _DEPOSITS:
            life.acts += _deposit(start + timedelta(minutes=1), Decimal(dice.randint(10, 120)), instrument)
        life.acts += _evening(start + timedelta(minutes=2), habit, dice, bets)
        end = start + timedelta(minutes=50 + dice.randint(0, 20))
        life.acts.append(Act(start, "session", until=end))
        if dice.random() < _WITHDRAWS:
            life.acts.append(Act(end, "withdraw", Decimal(dice.randint(20, 60))))
    return life


def _deposit(at: datetime, amount: Decimal, instrument: str) -> list[Act]:
    data = {"method": "card", "instrument": instrument, "ip_country": "MT", "bin_country": "MT", "holder_match": 0.99}
    return [
        Act(at, "deposit", amount),
        Act(at + timedelta(seconds=1), "fact", amount, kind="payments.deposit.settled", subject="d", data=data),
    ]


def _evening(start: datetime, habit: Decimal, dice: random.Random, bets: int) -> list[Act]:
    acts = []
    at = start
    for _ in range(bets):
        at += timedelta(seconds=dice.randint(20, 110))
        stake = (habit * Decimal(dice.choice(("1", "1", "1", "1.5", "2")))).quantize(_CENT)
        won = (stake * Decimal(str(dice.choice((0, 0, 0, "0.5", "1.2", "2.6"))))).quantize(_CENT)
        acts.append(Act(at, "bet", stake, won))
    return acts
