"""Planted typologies of harm: RG-01 and on."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from benchmarks.typologies.plots import DAY, HOUR, MINUTE, STORIES, Plot, Story, bets, deposits, fact_at, story
from benchmarks.typologies.world import Act, Life


@story("RG-01")
def _deposits_a_day(plot: Plot) -> list[Life]:
    return [deposits(plot.life("RG-01"), plot.now - 20 * HOUR, 3 * HOUR, [plot.euros(1700, 2000) for _ in range(6)])]


@story("RG-02")
def _deposits_a_quarter(plot: Plot) -> list[Life]:
    return [deposits(plot.life("RG-02"), plot.now - 80 * DAY, 6 * DAY, [plot.euros(8000, 9000) for _ in range(13)])]


@story("RG-03")
def _wagers_a_quarter(plot: Plot) -> list[Life]:
    life = plot.life("RG-03")
    for day in (80, 60, 40, 20, 5):
        life.acts += bets(plot.now - day * DAY, 10, plot.euros(20000, 21000), every=MINUTE, won=Decimal(19000))
    return [life]


def _facts(rule: str, told: str, count: int, days: int, **data: Any) -> Story:
    def tell(plot: Plot) -> list[Life]:
        life = plot.life(rule)
        step = timedelta(days=days) / (count + 1)
        life.acts += [
            fact_at(plot.now - timedelta(days=days) + step * (each + 1), told, **data) for each in range(count)
        ]
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
        life.acts.append(Act(plot.now - day * DAY, "session", until=plot.now - day * DAY + HOUR))
    for day in (6, 5, 4, 2):
        life.acts.append(Act(plot.now - day * DAY, "session", until=plot.now - day * DAY + 2 * HOUR))
    life.acts += bets(plot.now - 2 * DAY, 2, Decimal(1), every=MINUTE)
    return [life]


@story("RG-09")
def _until_nothing(plot: Plot) -> list[Life]:
    life = plot.life("RG-09", is_bare=True)
    for day in (5, 3, 2):
        at = plot.now - day * DAY
        life.acts.append(Act(at, "deposit", Decimal(40)))
        life.acts += bets(at + MINUTE, 8, Decimal(5), every=MINUTE)
    return [life]


@story("RG-10")
def _higher_each_time(plot: Plot) -> list[Life]:
    life = plot.life("RG-10")
    for number, hours in enumerate((150, 120, 95, 70, 45, 20)):
        life.acts += bets(plot.now - hours * HOUR, 6, Decimal(1 + number), every=MINUTE)
    return [life]


@story("RG-11")
def _all_day(plot: Plot) -> list[Life]:
    life = plot.life("RG-11")
    # Local time of Malta is one or two hours ahead: from nine in the morning on, well within one day.
    start = (plot.now - DAY).replace(hour=7, minute=0, second=5)
    life.acts += bets(start, 110, Decimal(1), every=4 * MINUTE)
    return [life]


@story("RG-12")
def _nights(plot: Plot) -> list[Life]:
    life = plot.life("RG-12")
    for day in (9, 6, 3):
        start = (plot.now - day * DAY).replace(hour=0, minute=5, second=0)
        life.acts += bets(start, 20, Decimal(2), every=4 * MINUTE)
    return [life]


@story("RG-13")
def _no_pause(plot: Plot) -> list[Life]:
    life = plot.life("RG-13")
    life.acts += bets(plot.now - 30 * HOUR, 52, Decimal(1), every=4 * MINUTE)
    return [life]


@story("RG-14")
def _again_and_again(plot: Plot) -> list[Life]:
    life = plot.life("RG-14")
    life.acts.append(fact_at(plot.now - 5 * HOUR, "player.logged_in", device=f"again-{plot.number}"))
    return [deposits(life, plot.now - 4 * HOUR, 20 * MINUTE, [plot.euros(10, 20) for _ in range(4)])]


@story("RG-15")
def _chasing(plot: Plot) -> list[Life]:
    life = plot.life("RG-15")
    at = plot.now - 10 * HOUR
    for _ in range(4):
        life.acts.append(Act(at, "deposit", Decimal(50)))
        life.acts += bets(at + 2 * MINUTE, 10, Decimal(5), every=MINUTE)
        at += 18 * MINUTE
    life.acts.append(Act(at, "deposit", Decimal(50)))
    return [life]


@story("RG-16")
def _doubling(plot: Plot) -> list[Life]:
    life = plot.life("RG-16")
    start = plot.now - 5 * HOUR
    life.acts += bets(start, 6, Decimal(1), every=30 * timedelta(seconds=1), won=Decimal(2))
    life.acts += bets(start + 4 * MINUTE, 12, Decimal(1), every=20 * timedelta(seconds=1))
    life.acts += bets(start + 9 * MINUTE, 3, plot.euros(4, 9), every=10 * timedelta(seconds=1))
    return [life]


@story("RG-18")
def _vulnerable(plot: Plot) -> list[Life]:
    life = plot.life("RG-18", jurisdiction="GB", country="GB")
    return [deposits(life, plot.now - 20 * DAY, 3 * DAY, [plot.euros(40, 60) for _ in range(4)])]


@story("RG-19")
def _high_limit(plot: Plot) -> list[Life]:
    life = plot.life("RG-19", jurisdiction="SE", country="SE")
    life.acts.append(
        fact_at(plot.now - DAY, "safer_play.limit.set", plot.euros(10001, 30000), kind="deposit", period="month")
    )
    return [life]


@story("RG-20")
def _means(plot: Plot) -> list[Life]:
    life = plot.life("RG-20", jurisdiction="NL", country="NL")
    # Within one calendar month, whatever the day of the test is.
    start = (plot.now.replace(day=1) - DAY).replace(day=10, hour=12)
    return [deposits(life, start, DAY, [plot.euros(180, 220) for _ in range(4)])]


@story("RG-21")
def _fast(plot: Plot) -> list[Life]:
    life = plot.life("RG-21")
    start = (plot.now - 3 * HOUR).replace(minute=0, second=0, microsecond=0)
    life.acts += bets(start, 110, Decimal("0.2"), every=timedelta(seconds=2.5))
    return [life]


@story("RG-23")
def _young(plot: Plot) -> list[Life]:
    born = date(plot.now.year - 21, 1, 5)
    life = plot.life("RG-23", born=born)
    return [deposits(life, plot.now - 10 * HOUR, 3 * HOUR, [plot.euros(1700, 2000) for _ in range(3)])]


@story("RG-24")
def _returned(plot: Plot) -> list[Life]:
    life = plot.life("RG-24")
    life.acts.append(fact_at(plot.now - 20 * DAY, "safer_play.exclusion.ended", kind="self_exclusion"))
    life.acts += bets(plot.now - 5 * DAY, 3, Decimal(1), every=MINUTE)
    return [life]
