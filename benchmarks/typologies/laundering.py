"""Planted typologies of money laundering and fraud: AML-01 and on."""

from decimal import Decimal

from benchmarks.typologies.plots import DAY, HOUR, MINUTE, Plot, bets, deposits, fact_at, story
from benchmarks.typologies.world import Act, Life


@story("AML-01")
def _structuring(plot: Plot) -> list[Life]:
    amounts = [plot.euros(1010, 1990) for _ in range(plot.dice.randint(5, 7))]
    return [deposits(plot.life("AML-01"), plot.now - 6 * DAY, 18 * HOUR, amounts)]


@story("AML-02")
def _accrued(plot: Plot) -> list[Life]:
    amounts = [plot.euros(150, 200) for _ in range(14)]
    return [deposits(plot.life("AML-02"), plot.now - 170 * DAY, 12 * DAY, amounts)]


@story("AML-03")
def _large(plot: Plot) -> list[Life]:
    amount = plot.euros(5001, 9000)
    life = deposits(plot.life("AML-03"), plot.now - 3 * DAY, DAY, [amount])
    life.acts.append(fact_at(plot.now - 3 * DAY, "payments.deposit.settled", amount, method="visa_card"))
    return [life]


@story("AML-04")
def _hardly_played(plot: Plot) -> list[Life]:
    amount = plot.euros(600, 1800)
    life = deposits(plot.life("AML-04"), plot.now - 2 * DAY, DAY, [amount])
    life.acts += bets(plot.now - 40 * HOUR, 5, Decimal(10), every=MINUTE)
    life.acts.append(Act(plot.now - 20 * HOUR, "withdraw", (amount * Decimal("0.92")).quantize(Decimal("0.01"))))
    return [life]


@story("AML-05")
def _circles(plot: Plot) -> list[Life]:
    life = plot.life("AML-05")
    for cycle in range(3 + plot.dice.randint(0, 1)):
        at, amount = plot.now - (28 - 6 * cycle) * DAY, plot.euros(200, 450)
        life.acts.append(Act(at, "deposit", amount))
        life.acts += bets(at + HOUR, 10, (amount / 8).quantize(Decimal("0.01")), every=MINUTE)
        life.acts.append(Act(at + DAY, "withdraw", (amount * Decimal("0.97")).quantize(Decimal("0.01"))))
    return [life]


@story("AML-06")
def _many_a_day(plot: Plot) -> list[Life]:
    return [deposits(plot.life("AML-06"), plot.now - 20 * HOUR, 2 * HOUR, [plot.euros(10, 30) for _ in range(6)])]


@story("AML-07")
def _suddenly_often(plot: Plot) -> list[Life]:
    life = deposits(plot.life("AML-07"), plot.now - 120 * DAY, 12 * DAY, [plot.euros(10, 30) for _ in range(9)])
    return [deposits(life, plot.now - 60 * HOUR, 7 * HOUR, [plot.euros(10, 30) for _ in range(7)])]


@story("AML-08")
def _above_peers(plot: Plot) -> list[Life]:
    return [deposits(plot.life("AML-08"), plot.now - 2 * HOUR, HOUR, [plot.euros(3000, 6000)])]


@story("AML-09")
def _stakes_grow(plot: Plot) -> list[Life]:
    life = plot.life("AML-09")
    for day in (60, 45, 30, 15):
        life.acts += bets(plot.now - day * DAY, 20, Decimal(1), every=MINUTE)
    life.acts += bets(plot.now - DAY, 40, plot.euros(20, 40), every=MINUTE)
    return [life]


@story("AML-10")
def _wakes_up(plot: Plot) -> list[Life]:
    life = plot.life("AML-10", registered_days_ago=800)
    life.acts += bets(plot.now - 230 * DAY, 3, Decimal(1), every=MINUTE)
    return [deposits(life, plot.now - HOUR, HOUR, [plot.euros(250, 900)])]


@story("AML-11")
def _somebody_elses(plot: Plot) -> list[Life]:
    life = plot.life("AML-11")
    likeness = round(plot.dice.uniform(0.1, 0.8), 2)
    life.acts.append(
        fact_at(plot.now - DAY, "payments.instrument.added", instrument=f"theirs-{plot.number}", holder_match=likeness)
    )
    return [life]


@story("AML-12")
def _one_card(plot: Plot) -> list[Life]:
    first = plot.life("AML-12", who="a", is_bystander=True)
    second = plot.life("AML-12", who="b")
    for at, life in ((plot.now - 30 * DAY, first), (plot.now - DAY, second)):
        life.acts.append(fact_at(at, "payments.instrument.added", instrument=f"shared-{plot.number}"))
    return [first, second]


@story("AML-13")
def _one_device(plot: Plot) -> list[Life]:
    first = plot.life("AML-13", who="a", is_bystander=True)
    second = plot.life("AML-13", who="b")
    for at, life in ((plot.now - 5 * DAY, first), (plot.now - DAY, second)):
        life.acts.append(fact_at(at, "player.logged_in", device=f"both-{plot.number}"))
    return [first, second]


@story("AML-14")
def _many_cards(plot: Plot) -> list[Life]:
    life = plot.life("AML-14")
    for card in range(plot.dice.randint(4, 6)):
        life.acts.append(
            fact_at(plot.now - (20 - card) * DAY, "payments.instrument.added", instrument=f"many-{plot.number}-{card}")
        )
    return [life]


@story("AML-15")
def _failing(plot: Plot) -> list[Life]:
    life = plot.life("AML-15")
    for each in range(5):
        life.acts.append(fact_at(plot.now - HOUR + each * MINUTE, "payments.deposit.failed", reason="do_not_honour"))
    return [life]


@story("AML-16")
def _far_away(plot: Plot) -> list[Life]:
    life = plot.life("AML-16")
    country = plot.dice.choice(("IR", "KP", "MM"))
    life.acts.append(fact_at(plot.now - DAY, "player.logged_in", ip_country=country, device=f"far-{plot.number}"))
    return [life]


@story("AML-17")
def _three_countries(plot: Plot) -> list[Life]:
    life = plot.life("AML-17")
    life.acts.append(
        fact_at(
            plot.now - DAY, "payments.deposit.settled", Decimal(50), method="card", ip_country="SE", bin_country="BR"
        )
    )
    return [life]


@story("AML-18")
def _anonymous(plot: Plot) -> list[Life]:
    life = plot.life("AML-18")
    for day in (9, 6, 3):
        amount = plot.euros(380, 600)
        life.acts.append(Act(plot.now - day * DAY, "deposit", amount))
        life.acts.append(fact_at(plot.now - day * DAY, "payments.deposit.settled", amount, method="paysafe_voucher"))
    return [life]


@story("AML-19")
def _chip_dump(plot: Plot) -> list[Life]:
    winner = plot.life("AML-19", who="w")
    for game in range(24):
        winner.acts.append(
            fact_at(
                plot.now - DAY + game * MINUTE, "providers.peer_game.settled", plot.euros(25, 60),
                counterparty=f"loser-{plot.number}", won=game > 0,
            )
        )  # fmt: skip
    return [winner]


@story("AML-20")
def _both_sides(plot: Plot) -> list[Life]:
    first = plot.life("AML-20", who="a", is_bystander=True)
    second = plot.life("AML-20", who="b")
    for life, outcomes, late in ((first, ["red", "green"], 0), (second, ["black"], 30)):
        life.acts.append(fact_at(plot.now - 2 * DAY + late * MINUTE, "player.logged_in", device=f"pair-{plot.number}"))
        for number in range(6):
            at = plot.now - DAY + number * 5 * MINUTE + late * MINUTE
            life.acts.append(
                fact_at(at, "providers.round.covered", subject=f"r-{plot.number}-{number}", outcomes=outcomes, of=3)
            )
    return [first, second]


@story("AML-21")
def _harvest(plot: Plot) -> list[Life]:
    lives = [plot.life("AML-21", who=who, is_bystander=who != "c") for who in "abc"]
    for late, life in enumerate(lives):
        at = plot.now - 5 * DAY + late * HOUR
        life.acts.append(fact_at(at, "player.logged_in", device=f"harvest-{plot.number}"))
        life.acts.append(fact_at(at + MINUTE, "bonuses.bonus.claimed", bonus="welcome"))
        life.acts.append(fact_at(at + DAY, "bonuses.bonus.completed", bonus="welcome"))
        life.acts.append(Act(at + DAY + 30 * MINUTE, "withdraw", plot.euros(60, 120)))
    return lives


@story("AML-22")
def _only_bonus(plot: Plot) -> list[Life]:
    life = plot.life("AML-22")
    for day in (60, 40, 20):
        life.acts.append(fact_at(plot.now - day * DAY, "bonuses.bonus.claimed", bonus=f"b{day}"))
        for bet in range(10):
            at = plot.now - day * DAY + HOUR + bet * MINUTE
            life.acts.append(Act(at, "bonus_bet", Decimal(5), Decimal(7) if bet % 2 else Decimal(5)))
    life.acts.append(Act(plot.now - 19 * DAY, "withdraw", Decimal(30)))
    return [life]


@story("AML-23")
def _mule(plot: Plot) -> list[Life]:
    life = plot.life("AML-23")
    for card in range(3):
        life.acts.append(
            fact_at(plot.now - (12 - card) * DAY, "payments.instrument.added", instrument=f"in-{plot.number}-{card}")
        )
    life.acts.append(fact_at(plot.now - 6 * HOUR, "payments.instrument.added", instrument=f"out-{plot.number}"))
    life.acts.append(Act(plot.now - 2 * HOUR, "withdraw", plot.euros(200, 400)))
    return [life]


@story("AML-24")
def _takeover(plot: Plot) -> list[Life]:
    life = plot.life("AML-24")
    card, amount = f"new-{plot.number}", plot.euros(500, 1500)
    life.acts.append(fact_at(plot.now - 10 * HOUR, "payments.instrument.added", instrument=card))
    life.acts.append(fact_at(plot.now - 8 * HOUR, "payments.withdrawal.requested", amount, instrument=card))
    return [life]


@story("AML-25")
def _charged_back(plot: Plot) -> list[Life]:
    life = deposits(plot.life("AML-25"), plot.now - 20 * DAY, DAY, [Decimal(50)] * 8)
    life.acts += [Act(plot.now - (3 - each) * DAY, "chargeback", Decimal(50)) for each in range(3)]
    return [life]


@story("AML-26")
def _above_income(plot: Plot) -> list[Life]:
    life = plot.life("AML-26")
    life.acts.append(fact_at(plot.now - 40 * DAY, "verification.income.declared", Decimal(2000)))
    return [deposits(life, plot.now - 10 * DAY, DAY, [plot.euros(160, 190) for _ in range(5)])]


@story("AML-27")
def _listed(plot: Plot) -> list[Life]:
    life = plot.life("AML-27")
    score = round(plot.dice.uniform(0.7, 1.0), 2)
    life.acts.append(
        fact_at(plot.now - DAY, "verification.hit.found", subject=f"s{plot.number}", score=score, topic="pep")
    )
    return [life]


@story("AML-28")
def _paid_out(plot: Plot) -> list[Life]:
    life = plot.life("AML-28", jurisdiction="CA-ON", country="CA")
    life.acts += [Act(plot.now - (20 - 5 * each) * HOUR, "withdraw", plot.euros(3400, 4000)) for each in range(3)]
    return [life]
