"""The words a rule may use: metrics, facts, fields of event and player. Whatever is not here does not exist."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from apps.monitoring.expressions.values import Kind, Value

Unit = Literal["money", "count", "minutes", "share", "text", "days", "hours"]


@dataclass(frozen=True, slots=True)
class Metric:
    """Something counted in buckets."""

    title: str
    is_money: bool
    source: Literal["ledger", "facts"]
    has_slots: bool = False


# `deposit` is money that came, gross; `withdrawal` what was asked for, less what was released or came back.
METRICS: dict[str, Metric] = {
    "deposit": Metric("deposits", is_money=True, source="ledger"),
    "withdrawal": Metric("withdrawals asked for", is_money=True, source="ledger"),
    "payout": Metric("payouts", is_money=True, source="ledger"),
    "stake": Metric("stakes", is_money=True, source="ledger", has_slots=True),
    "win": Metric("wins", is_money=True, source="ledger", has_slots=True),
    "bonus_stake": Metric("stakes from bonus money", is_money=True, source="ledger"),
    "chargeback": Metric("chargebacks and reversals", is_money=True, source="ledger"),
    "adjustment": Metric("adjustments by staff", is_money=True, source="ledger"),
    "anonymous_deposit": Metric("deposits by prepaid card, voucher or crypto", is_money=True, source="facts"),
    "deposit_failed": Metric("failed deposits", is_money=False, source="facts"),
    "deposit_declined": Metric("deposits declined for want of funds", is_money=False, source="facts"),
    "withdrawal_cancelled": Metric("withdrawals cancelled by the player", is_money=False, source="facts"),
    "instrument_added": Metric("payment instruments added", is_money=False, source="facts"),
    "login": Metric("log-ins", is_money=False, source="facts"),
    "login_failed": Metric("failed log-ins", is_money=False, source="facts"),
    "limit_raised": Metric("limits raised", is_money=False, source="facts"),
    "limit_lowered": Metric("limits lowered", is_money=False, source="facts"),
    "time_out": Metric("time-outs taken", is_money=False, source="facts"),
    "exclusion_ended": Metric("exclusions ended", is_money=False, source="facts"),
    "exclusion_abandoned": Metric("visits to self-exclusion left without finishing", is_money=False, source="facts"),
    "bonus_claimed": Metric("bonuses claimed", is_money=False, source="facts"),
    "bonus_completed": Metric("bonuses played through", is_money=False, source="facts"),
    "game_launched": Metric("games opened", is_money=False, source="facts"),
    "peer_game": Metric("games against other players", is_money=False, source="facts"),
    "covered_round": Metric("rounds with known outcomes covered", is_money=False, source="facts"),
    "screening_hit": Metric("screening results", is_money=False, source="facts"),
    "income_declared": Metric("incomes declared", is_money=False, source="facts"),
    "contact": Metric("messages to us", is_money=False, source="facts"),
    "registration": Metric("registrations", is_money=False, source="facts"),
}
TRIGGERS = frozenset(METRICS) | {"deposit_settled", "withdrawal_requested", "limit_set", "play"}
"""What may set a rule off. `play` is betting: at most one evaluation a player and five minutes of it in a batch."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A way to make one number of a window of buckets."""

    title: str
    unit: Callable[[Metric], Unit]
    needs_slots: bool = False


AGGREGATES: dict[str, Aggregate] = {
    "sum": Aggregate("sum of {}", lambda m: "money" if m.is_money else "count"),
    "count": Aggregate("number of {}", lambda _: "count"),
    "average": Aggregate("average of {}", lambda m: "money" if m.is_money else "count"),
    "largest": Aggregate("largest of {}", lambda m: "money" if m.is_money else "count"),
    "active_days": Aggregate("days with {}", lambda _: "days"),
    "minutes": Aggregate("minutes with {}", lambda _: "minutes", needs_slots=True),
    "busiest": Aggregate("most {} in five minutes", lambda _: "count", needs_slots=True),
    "deviation": Aggregate("standard deviations of {} above the days before", lambda _: "count"),
}
WINDOW_UNITS = ("days", "hours", "minutes")
WINDOWS = ("local_day", "local_month")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the event or of the player."""

    kind: Kind
    title: str
    unit: Unit = "text"


# No names: what rules read is kept with the decision, for ever. The gate turns a holder's name into a likeness first.
EVENT_FIELDS: dict[str, Field] = {
    "amount": Field(Kind.NUMBER, "its amount", "money"),
    "deposit_amount": Field(Kind.NUMBER, "the deposit being made now", "money"),
    "method": Field(Kind.TEXT, "its method"),
    "method_group": Field(Kind.TEXT, "its group of methods"),
    "holder_match": Field(Kind.NUMBER, "likeness of holder and player", "share"),
    "instrument": Field(Kind.TEXT, "the instrument"),
    "instrument_age_hours": Field(Kind.NUMBER, "age of the instrument", "hours"),
    "ip_country": Field(Kind.TEXT, "country of the address"),
    "bin_country": Field(Kind.TEXT, "country of the instrument"),
    "document_country": Field(Kind.TEXT, "country of the document"),
    "device": Field(Kind.TEXT, "the device"),
    "screening_score": Field(Kind.NUMBER, "screening score", "share"),
    "screening_topic": Field(Kind.TEXT, "what the screening found"),
    "limit_kind": Field(Kind.TEXT, "kind of limit"),
    "limit_period": Field(Kind.TEXT, "period of the limit"),
    "words": Field(Kind.NUMBER, "words of the list in the message", "count"),
    "purpose": Field(Kind.TEXT, "what was asked for"),
}
PLAYER_FIELDS: dict[str, Field] = {
    "age": Field(Kind.NUMBER, "the player's age", "count"),
    "country": Field(Kind.TEXT, "country of residence"),
    "jurisdiction": Field(Kind.TEXT, "jurisdiction"),
    "days_registered": Field(Kind.NUMBER, "days since registration", "days"),
}

FactReader = Callable[[Any, Mapping[str, Any]], Value]


@dataclass(frozen=True, slots=True)
class FactWord:
    """A fact that is more than a sum of buckets: a streak, a pattern, a link. Computed by `read(point, arguments)`."""

    title: str
    kind: Kind
    unit: Unit
    arguments: frozenset[str]
    read: FactReader
    cost: int = 10


FACTS: dict[str, FactWord] = {}


def fact(
    name: str, *, title: str, unit: Unit, arguments: tuple[str, ...] = (), kind: Kind = Kind.NUMBER, cost: int = 10
) -> Callable[[FactReader], FactReader]:
    """Enter the decorated function into the registry; rules name it and its arguments, and nothing more."""

    def enter(read: FactReader) -> FactReader:
        if name in FACTS:
            raise ValueError(f"two facts are called {name}")
        FACTS[name] = FactWord(title, kind, unit, frozenset(arguments), read, cost)
        return read

    return enter
