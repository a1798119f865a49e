"""Planted typologies: for each rule of the catalogue, lives that it has to find. Figures vary by the seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from benchmarks.typologies.world import Act, Life

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


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


def planted_lives(each: int, *, now: datetime, seed: int, rules: list[str] | None = None) -> list[Life]:
    """So many stories of every rule (or of those named)."""
    dice = random.Random(seed)
    lives = []
    for rule in rules or sorted(STORIES):
        for number in range(each):
            lives += STORIES[rule](Plot(now, dice, number))
    return lives


def _fact(at: datetime, told: str, amount: Decimal = Decimal(0), subject: str = "", **data: Any) -> Act:
    return Act(at, "fact", amount, kind=told, subject=subject, data=data)


def _deposits(life: Life, start: datetime, step: timedelta, amounts: list[Decimal]) -> Life:
    life.acts += [Act(start + step * number, "deposit", amount) for number, amount in enumerate(amounts)]
    return life


def _bets(start: datetime, number: int, stake: Decimal, *, every: timedelta, won: Decimal = Decimal(0)) -> list[Act]:
    return [Act(start + every * each, "bet", stake, won) for each in range(number)]


@story("AML-01")
def _structuring(plot: Plot) -> list[Life]:
    amounts = [plot.euros(1010, 1990) for _ in range(plot.dice.randint(5, 7))]
    return [_deposits(plot.life("AML-01"), plot.now - 6 * _DAY, 18 * _HOUR, amounts)]


@story("AML-02")
def _accrued(plot: Plot) -> list[Life]:
    amounts = [plot.euros(150, 200) for _ in range(14)]
    return [_deposits(plot.life("AML-02"), plot.now - 170 * _DAY, 12 * _DAY, amounts)]


@story("AML-03")
def _large(plot: Plot) -> list[Life]:
    amount = plot.euros(5001, 9000)
    life = _deposits(plot.life("AML-03"), plot.now - 3 * _DAY, _DAY, [amount])
    life.acts.append(_fact(plot.now - 3 * _DAY, "payments.deposit.settled", amount, method="visa_card"))
    return [life]


@story("AML-04")
def _hardly_played(plot: Plot) -> list[Life]:
    amount = plot.euros(600, 1800)
    life = _deposits(plot.life("AML-04"), plot.now - 2 * _DAY, _DAY, [amount])
    life.acts += _bets(plot.now - 40 * _HOUR, 5, Decimal(10), every=_MINUTE)
    life.acts.append(Act(plot.now - 20 * _HOUR, "withdraw", (amount * Decimal("0.92")).quantize(Decimal("0.01"))))
    return [life]


@story("AML-05")
def _circles(plot: Plot) -> list[Life]:
    life = plot.life("AML-05")
    for cycle in range(3 + plot.dice.randint(0, 1)):
        at, amount = plot.now - (28 - 6 * cycle) * _DAY, plot.euros(200, 450)
        life.acts.append(Act(at, "deposit", amount))
        life.acts += _bets(at + _HOUR, 10, (amount / 8).quantize(Decimal("0.01")), every=_MINUTE)
        life.acts.append(Act(at + _DAY, "withdraw", (amount * Decimal("0.97")).quantize(Decimal("0.01"))))
    return [life]


@story("AML-06")
def _many_a_day(plot: Plot) -> list[Life]:
    return [_deposits(plot.life("AML-06"), plot.now - 20 * _HOUR, 2 * _HOUR, [plot.euros(10, 30) for _ in range(6)])]


@story("AML-07")
def _suddenly_often(plot: Plot) -> list[Life]:
    life = _deposits(plot.life("AML-07"), plot.now - 120 * _DAY, 12 * _DAY, [plot.euros(10, 30) for _ in range(9)])
    return [_deposits(life, plot.now - 60 * _HOUR, 7 * _HOUR, [plot.euros(10, 30) for _ in range(7)])]


@story("AML-08")
def _above_peers(plot: Plot) -> list[Life]:
    return [_deposits(plot.life("AML-08"), plot.now - 2 * _HOUR, _HOUR, [plot.euros(3000, 6000)])]


@story("AML-09")
def _stakes_grow(plot: Plot) -> list[Life]:
    life = plot.life("AML-09")
    for day in (60, 45, 30, 15):
        life.acts += _bets(plot.now - day * _DAY, 20, Decimal(1), every=_MINUTE)
    life.acts += _bets(plot.now - _DAY, 40, plot.euros(20, 40), every=_MINUTE)
    return [life]


@story("AML-10")
def _wakes_up(plot: Plot) -> list[Life]:
    life = plot.life("AML-10", registered_days_ago=800)
    life.acts += _bets(plot.now - 230 * _DAY, 3, Decimal(1), every=_MINUTE)
    return [_deposits(life, plot.now - _HOUR, _HOUR, [plot.euros(250, 900)])]


@story("AML-11")
def _somebody_elses(plot: Plot) -> list[Life]:
    life = plot.life("AML-11")
    likeness = round(plot.dice.uniform(0.1, 0.8), 2)
    life.acts.append(
        _fact(plot.now - _DAY, "payments.instrument.added", instrument=f"theirs-{plot.number}", holder_match=likeness)
    )
    return [life]


@story("AML-12")
def _one_card(plot: Plot) -> list[Life]:
    first = plot.life("AML-12", who="a", is_bystander=True)
    second = plot.life("AML-12", who="b")
    for at, life in ((plot.now - 30 * _DAY, first), (plot.now - _DAY, second)):
        life.acts.append(_fact(at, "payments.instrument.added", instrument=f"shared-{plot.number}"))
    return [first, second]


@story("AML-13")
def _one_device(plot: Plot) -> list[Life]:
    first = plot.life("AML-13", who="a", is_bystander=True)
    second = plot.life("AML-13", who="b")
    for at, life in ((plot.now - 5 * _DAY, first), (plot.now - _DAY, second)):
        life.acts.append(_fact(at, "player.logged_in", device=f"both-{plot.number}"))
    return [first, second]


@story("AML-14")
def _many_cards(plot: Plot) -> list[Life]:
    life = plot.life("AML-14")
    for card in range(plot.dice.randint(4, 6)):
        life.acts.append(
            _fact(plot.now - (20 - card) * _DAY, "payments.instrument.added", instrument=f"many-{plot.number}-{card}")
        )
    return [life]


@story("AML-15")
def _failing(plot: Plot) -> list[Life]:
    life = plot.life("AML-15")
    for each in range(5):
        life.acts.append(_fact(plot.now - _HOUR + each * _MINUTE, "payments.deposit.failed", reason="do_not_honour"))
    return [life]


@story("AML-16")
def _far_away(plot: Plot) -> list[Life]:
    life = plot.life("AML-16")
    country = plot.dice.choice(("IR", "KP", "MM"))
    life.acts.append(_fact(plot.now - _DAY, "player.logged_in", ip_country=country, device=f"far-{plot.number}"))
    return [life]


@story("AML-17")
def _three_countries(plot: Plot) -> list[Life]:
    life = plot.life("AML-17")
    life.acts.append(
        _fact(
            plot.now - _DAY, "payments.deposit.settled", Decimal(50), method="card", ip_country="SE", bin_country="BR"
        )
    )
    return [life]


@story("AML-18")
def _anonymous(plot: Plot) -> list[Life]:
    life = plot.life("AML-18")
    for day in (9, 6, 3):
        amount = plot.euros(380, 600)
        life.acts.append(Act(plot.now - day * _DAY, "deposit", amount))
        life.acts.append(_fact(plot.now - day * _DAY, "payments.deposit.settled", amount, method="paysafe_voucher"))
    return [life]


@story("AML-19")
def _chip_dump(plot: Plot) -> list[Life]:
    winner = plot.life("AML-19", who="w")
    for game in range(24):
        winner.acts.append(
            _fact(
                plot.now - _DAY + game * _MINUTE, "providers.peer_game.settled", plot.euros(25, 60),
                counterparty=f"loser-{plot.number}", won=game > 0,
            )
        )  # fmt: skip
    return [winner]


@story("AML-20")
def _both_sides(plot: Plot) -> list[Life]:
    first = plot.life("AML-20", who="a", is_bystander=True)
    second = plot.life("AML-20", who="b")
    for life, outcomes, late in ((first, ["red", "green"], 0), (second, ["black"], 30)):
        life.acts.append(_fact(plot.now - 2 * _DAY + late * _MINUTE, "player.logged_in", device=f"pair-{plot.number}"))
        for number in range(6):
            at = plot.now - _DAY + number * 5 * _MINUTE + late * _MINUTE
            life.acts.append(
                _fact(at, "providers.round.covered", subject=f"r-{plot.number}-{number}", outcomes=outcomes, of=3)
            )
    return [first, second]


@story("AML-21")
def _harvest(plot: Plot) -> list[Life]:
    lives = [plot.life("AML-21", who=who, is_bystander=who != "c") for who in "abc"]
    for late, life in enumerate(lives):
        at = plot.now - 5 * _DAY + late * _HOUR
        life.acts.append(_fact(at, "player.logged_in", device=f"harvest-{plot.number}"))
        life.acts.append(_fact(at + _MINUTE, "bonuses.bonus.claimed", bonus="welcome"))
        life.acts.append(_fact(at + _DAY, "bonuses.bonus.completed", bonus="welcome"))
        life.acts.append(Act(at + _DAY + 30 * _MINUTE, "withdraw", plot.euros(60, 120)))
    return lives


@story("AML-22")
def _only_bonus(plot: Plot) -> list[Life]:
    life = plot.life("AML-22")
    for day in (60, 40, 20):
        life.acts.append(_fact(plot.now - day * _DAY, "bonuses.bonus.claimed", bonus=f"b{day}"))
        for bet in range(10):
            at = plot.now - day * _DAY + _HOUR + bet * _MINUTE
            life.acts.append(Act(at, "bonus_bet", Decimal(5), Decimal(7) if bet % 2 else Decimal(5)))
    life.acts.append(Act(plot.now - 19 * _DAY, "withdraw", Decimal(30)))
    return [life]


@story("AML-23")
def _mule(plot: Plot) -> list[Life]:
    life = plot.life("AML-23")
    for card in range(3):
        life.acts.append(
            _fact(plot.now - (12 - card) * _DAY, "payments.instrument.added", instrument=f"in-{plot.number}-{card}")
        )
    life.acts.append(_fact(plot.now - 6 * _HOUR, "payments.instrument.added", instrument=f"out-{plot.number}"))
    life.acts.append(Act(plot.now - 2 * _HOUR, "withdraw", plot.euros(200, 400)))
    return [life]


@story("AML-24")
def _takeover(plot: Plot) -> list[Life]:
    life = plot.life("AML-24")
    card, amount = f"new-{plot.number}", plot.euros(500, 1500)
    life.acts.append(_fact(plot.now - 10 * _HOUR, "payments.instrument.added", instrument=card))
    life.acts.append(_fact(plot.now - 8 * _HOUR, "payments.withdrawal.requested", amount, instrument=card))
    return [life]


@story("AML-25")
def _charged_back(plot: Plot) -> list[Life]:
    life = _deposits(plot.life("AML-25"), plot.now - 20 * _DAY, _DAY, [Decimal(50)] * 8)
    life.acts += [Act(plot.now - (3 - each) * _DAY, "chargeback", Decimal(50)) for each in range(3)]
    return [life]


@story("AML-26")
def _above_income(plot: Plot) -> list[Life]:
    life = plot.life("AML-26")
    life.acts.append(_fact(plot.now - 40 * _DAY, "verification.income.declared", Decimal(2000)))
    return [_deposits(life, plot.now - 10 * _DAY, _DAY, [plot.euros(160, 190) for _ in range(5)])]


@story("AML-27")
def _listed(plot: Plot) -> list[Life]:
    life = plot.life("AML-27")
    score = round(plot.dice.uniform(0.7, 1.0), 2)
    life.acts.append(
        _fact(plot.now - _DAY, "verification.hit.found", subject=f"s{plot.number}", score=score, topic="pep")
    )
    return [life]


@story("AML-28")
def _paid_out(plot: Plot) -> list[Life]:
    life = plot.life("AML-28", jurisdiction="CA-ON", country="CA")
    life.acts += [Act(plot.now - (20 - 5 * each) * _HOUR, "withdraw", plot.euros(3400, 4000)) for each in range(3)]
    return [life]


@story("RG-01")
def _deposits_a_day(plot: Plot) -> list[Life]:
    return [_deposits(plot.life("RG-01"), plot.now - 20 * _HOUR, 3 * _HOUR, [plot.euros(1700, 2000) for _ in range(6)])]


@story("RG-02")
def _deposits_a_quarter(plot: Plot) -> list[Life]:
    return [_deposits(plot.life("RG-02"), plot.now - 80 * _DAY, 6 * _DAY, [plot.euros(8000, 9000) for _ in range(13)])]


@story("RG-03")
def _wagers_a_quarter(plot: Plot) -> list[Life]:
    life = plot.life("RG-03")
    for day in (80, 60, 40, 20, 5):
        life.acts += _bets(plot.now - day * _DAY, 10, plot.euros(20000, 21000), every=_MINUTE, won=Decimal(19000))
    return [life]


def _facts(rule: str, told: str, count: int, days: int, **data: Any) -> Story:
    def tell(plot: Plot) -> list[Life]:
        life = plot.life(rule)
        step = timedelta(days=days) / (count + 1)
        life.acts += [_fact(plot.now - timedelta(days=days) + step * (each + 1), told, **data) for each in range(count)]
        return [life]

    return tell


STORIES["RG-04"] = _facts("RG-04", "safer_play.exclusion.abandoned", 3, 30)
STORIES["RG-05"] = _facts("RG-05", "safer_play.exclusion.started", 2, 45, kind="time_out")
STORIES["RG-06"] = _facts("RG-06", "safer_play.limit.raised", 3, 7, kind="loss", period="day")
STORIES["RG-07"] = _facts("RG-07", "payments.withdrawal.cancelled", 3, 10)
STORIES["RG-17"] = _facts("RG-17", "payments.deposit.failed", 3, 1, reason="insufficient_funds")
STORIES["RG-22"] = _facts("RG-22", "compliance.contact.received", 1, 2, words=2)


@story("RG-08")
def _more_time(plot: Plot) -> list[Life]:
    life = plot.life("RG-08")
    for day in (20, 17, 13, 10):
        life.acts.append(Act(plot.now - day * _DAY, "session", until=plot.now - day * _DAY + _HOUR))
    for day in (6, 5, 4, 2):
        life.acts.append(Act(plot.now - day * _DAY, "session", until=plot.now - day * _DAY + 2 * _HOUR))
    life.acts += _bets(plot.now - 2 * _DAY, 2, Decimal(1), every=_MINUTE)
    return [life]


@story("RG-09")
def _until_nothing(plot: Plot) -> list[Life]:
    life = plot.life("RG-09", is_bare=True)
    for day in (5, 3, 2):
        at = plot.now - day * _DAY
        life.acts.append(Act(at, "deposit", Decimal(40)))
        life.acts += _bets(at + _MINUTE, 8, Decimal(5), every=_MINUTE)
    return [life]


@story("RG-10")
def _higher_each_time(plot: Plot) -> list[Life]:
    life = plot.life("RG-10")
    for number, hours in enumerate((150, 120, 95, 70, 45, 20)):
        life.acts += _bets(plot.now - hours * _HOUR, 6, Decimal(1 + number), every=_MINUTE)
    return [life]


@story("RG-11")
def _all_day(plot: Plot) -> list[Life]:
    life = plot.life("RG-11")
    # Local time of Malta is one or two hours ahead: from nine in the morning on, well within one day.
    start = (plot.now - _DAY).replace(hour=7, minute=0, second=5)
    life.acts += _bets(start, 110, Decimal(1), every=4 * _MINUTE)
    return [life]


@story("RG-12")
def _nights(plot: Plot) -> list[Life]:
    life = plot.life("RG-12")
    for day in (9, 6, 3):
        start = (plot.now - day * _DAY).replace(hour=0, minute=5, second=0)
        life.acts += _bets(start, 20, Decimal(2), every=4 * _MINUTE)
    return [life]


@story("RG-13")
def _no_pause(plot: Plot) -> list[Life]:
    life = plot.life("RG-13")
    life.acts += _bets(plot.now - 30 * _HOUR, 52, Decimal(1), every=4 * _MINUTE)
    return [life]


@story("RG-14")
def _again_and_again(plot: Plot) -> list[Life]:
    life = plot.life("RG-14")
    life.acts.append(_fact(plot.now - 5 * _HOUR, "player.logged_in", device=f"again-{plot.number}"))
    return [_deposits(life, plot.now - 4 * _HOUR, 20 * _MINUTE, [plot.euros(10, 20) for _ in range(4)])]


@story("RG-15")
def _chasing(plot: Plot) -> list[Life]:
    life = plot.life("RG-15")
    at = plot.now - 10 * _HOUR
    for _ in range(4):
        life.acts.append(Act(at, "deposit", Decimal(50)))
        life.acts += _bets(at + 2 * _MINUTE, 10, Decimal(5), every=_MINUTE)
        at += 18 * _MINUTE
    life.acts.append(Act(at, "deposit", Decimal(50)))
    return [life]


@story("RG-16")
def _doubling(plot: Plot) -> list[Life]:
    life = plot.life("RG-16")
    start = plot.now - 5 * _HOUR
    life.acts += _bets(start, 6, Decimal(1), every=30 * timedelta(seconds=1), won=Decimal(2))
    life.acts += _bets(start + 4 * _MINUTE, 12, Decimal(1), every=20 * timedelta(seconds=1))
    life.acts += _bets(start + 9 * _MINUTE, 3, plot.euros(4, 9), every=10 * timedelta(seconds=1))
    return [life]


@story("RG-18")
def _vulnerable(plot: Plot) -> list[Life]:
    life = plot.life("RG-18", jurisdiction="GB", country="GB")
    return [_deposits(life, plot.now - 20 * _DAY, 3 * _DAY, [plot.euros(40, 60) for _ in range(4)])]


@story("RG-19")
def _high_limit(plot: Plot) -> list[Life]:
    life = plot.life("RG-19", jurisdiction="SE", country="SE")
    life.acts.append(
        _fact(plot.now - _DAY, "safer_play.limit.set", plot.euros(10001, 30000), kind="deposit", period="month")
    )
    return [life]


@story("RG-20")
def _means(plot: Plot) -> list[Life]:
    life = plot.life("RG-20", jurisdiction="NL", country="NL")
    # Within one calendar month, whatever the day of the test is.
    start = (plot.now.replace(day=1) - _DAY).replace(day=10, hour=12)
    return [_deposits(life, start, _DAY, [plot.euros(180, 220) for _ in range(4)])]


@story("RG-21")
def _fast(plot: Plot) -> list[Life]:
    life = plot.life("RG-21")
    start = (plot.now - 3 * _HOUR).replace(minute=0, second=0, microsecond=0)
    life.acts += _bets(start, 110, Decimal("0.2"), every=timedelta(seconds=2.5))
    return [life]


@story("RG-23")
def _young(plot: Plot) -> list[Life]:
    born = date(plot.now.year - 21, 1, 5)
    life = plot.life("RG-23", born=born)
    return [_deposits(life, plot.now - 10 * _HOUR, 3 * _HOUR, [plot.euros(1700, 2000) for _ in range(3)])]


@story("RG-24")
def _returned(plot: Plot) -> list[Life]:
    life = plot.life("RG-24")
    life.acts.append(_fact(plot.now - 20 * _DAY, "safer_play.exclusion.ended", kind="self_exclusion"))
    life.acts += _bets(plot.now - 5 * _DAY, 3, Decimal(1), every=_MINUTE)
    return [life]
