"""Facts about money in and out: bands, cycles, habits, peers, streaks of failures, ages of instruments."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Min

from apps.monitoring.expressions.registry import fact
from apps.monitoring.expressions.values import ABSENT, Unknown, Value
from apps.monitoring.facts.seen import last_seen, seen, sum_of, worth
from apps.monitoring.metrics import MetricReader, Spec
from apps.monitoring.models import Counter, Link, PeerFigure
from apps.monitoring.points import Person, Point

_CYCLE_DEPOSITS = 50
_AGE_BANDS = ((25, "under 25"), (35, "25-34"), (50, "35-49"), (65, "50-64"))


@fact(
    "deposits_in_band",
    title="deposits from {low} of the threshold up to just below {threshold} in {days} days",
    unit="count",
    arguments=("low", "threshold", "days"),
)
def deposits_in_band(point: Point, given: Mapping[str, Any]) -> Value:
    """How many deposits lie in [low × threshold, threshold)."""
    low, high = Decimal(given["low"]) * Decimal(given["threshold"]), Decimal(given["threshold"])
    count = 0
    for event in seen(point, ("deposit",), window=timedelta(days=float(given["days"]))):
        amount = worth(event, given["currency"])
        if isinstance(amount, Unknown):
            return amount
        count += low <= amount < high
    return Decimal(count)


@fact(
    "in_out_cycles",
    title="times in {days} days that {low} to {high} of the deposits left again after at most {turnover} turnovers",
    unit="count",
    arguments=("low", "high", "turnover", "days"),
)
def in_out_cycles(point: Point, given: Mapping[str, Any]) -> Value:
    """Count cycles: deposits, then withdrawals of nearly the same sum, with little play in between."""
    window = timedelta(days=float(given["days"]))
    events = seen(point, ("deposit", "withdrawal"), window=window)
    cycles, currency = 0, given["currency"]
    paid_in, taken_out = Decimal(0), Decimal(0)
    began = None
    for event in events:
        amount = worth(event, currency)
        if isinstance(amount, Unknown):
            return amount
        if event.kind == "deposit":
            if taken_out > 0:  # money came anew: the cycle before ended without a match
                paid_in, taken_out, began = Decimal(0), Decimal(0), None
            paid_in, began = paid_in + amount, began or event.at
        elif began is not None and paid_in > 0:
            taken_out += amount
            if Decimal(given["low"]) <= taken_out / paid_in <= Decimal(given["high"]):
                played = _staked(point, began, event.at, currency)
                if isinstance(played, Unknown):
                    return played
                cycles += played <= Decimal(given["turnover"]) * paid_in
                paid_in, taken_out, began = Decimal(0), Decimal(0), None
    return Decimal(cycles)


def _staked(point: Point, start: Any, end: Any, currency: str) -> Decimal | Unknown:
    hours = (end - start).total_seconds() / 3600
    spec = Spec("stake", "sum", "hours", hours, 0.0, 0.0, is_exact=True, currency=currency)
    at = Point(point.person, end, point.trigger)
    value = MetricReader().read(spec, at, [at])
    return value if isinstance(value, Decimal | Unknown) else Decimal(0)


@fact(
    "usual_deposits",
    title="the player's usual number of deposits in {per} days, over up to {days} days before",
    unit="count",
    arguments=("days", "per"),
)
def usual_deposits(point: Point, given: Mapping[str, Any]) -> Value:
    """Average number of deposits in so many days, over the active time before; absent without a history."""
    per = timedelta(days=float(given["per"]))
    turn = point.at - per
    rows = seen(point, ("deposit",), window=timedelta(days=float(given["days"])))
    before = [event for event in rows if event.at <= turn]
    if not before:
        return ABSENT
    active = max((turn - before[0].at) / per, 1.0)
    return Decimal(str(round(len(before) / active, 4)))


@fact(
    "peer_average",
    title="average deposits in {days} days of players of the same jurisdiction, age and product",
    unit="money",
    arguments=("days",),
)
def peer_average(point: Point, given: Mapping[str, Any]) -> Value:
    """What comparable players deposit, as worked out last night; absent where there are too few of them."""
    band, product = age_band(point.age), main_product(point.person)
    rows = PeerFigure.objects.filter(
        jurisdiction=point.person.jurisdiction, age_band=band, metric="deposit", days=int(given["days"])
    )
    figures = {row.product: row for row in rows.filter(product__in=(product, "any"))}
    found = figures.get(product) or figures.get("any")
    return found.average if found is not None else ABSENT


def age_band(age: int) -> str:
    """Which peers an age belongs to."""
    return next((name for below, name in _AGE_BANDS if age < below), "65+")


def main_product(person: Person) -> str:
    """The product that a player opens most; `any` where none is known."""
    product = Link.objects.filter(player_id=person.id, kind="product").order_by("-times", "value").first()
    return product.value if product is not None else "any"


@fact("days_idle", title="days without any deposit, withdrawal or bet before this", unit="days")
def days_idle(point: Point, given: Mapping[str, Any]) -> Value:  # noqa: ARG001 - takes no arguments
    """Whole days between the activity before this event's day and this event; absent for who was never active."""
    today = point.at.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Counter.objects.filter(
        player_id=point.person.id, span="d", metric__in=("deposit", "withdrawal", "stake"), bucket_start__lt=today
    )
    last = rows.order_by("-bucket_start").values_list("bucket_start", flat=True).first()
    return Decimal((point.at - last).days) if last is not None else ABSENT


@fact(
    "failed_in_a_row",
    title="failed deposits in a row within {minutes} minutes",
    unit="count",
    arguments=("minutes",),
)
def failed_in_a_row(point: Point, given: Mapping[str, Any]) -> Value:
    """The longest run of failed deposits, without a successful one between, that ends in the window."""
    events = seen(point, ("deposit", "deposit_failed"), window=timedelta(minutes=float(given["minutes"])))
    run = 0
    for event in events:
        run = run + 1 if event.kind == "deposit_failed" else 0
    return Decimal(run)


@fact("instrument_age", title="hours since the newest payout instrument was added or changed", unit="hours")
def instrument_age(point: Point, given: Mapping[str, Any]) -> Value:  # noqa: ARG001 - takes no arguments
    """Hours since an instrument was added; the event's own instrument where it names one. Absent: none is known."""
    told = point.event.get("instrument_age_hours")
    if told is not None:
        return Decimal(str(told))
    named = point.event.get("instrument")
    if named:
        first = Link.objects.filter(player_id=point.person.id, kind="instrument", value=str(named)[:80]).aggregate(
            at=Min("first_at")
        )["at"]
    else:
        last = last_seen(point, "instrument_added")
        first = last.at if last is not None else None
    if first is None:
        return ABSENT
    return Decimal(str(round(max((point.at - first).total_seconds(), 0.0) / 3600, 4)))


@fact("declared_income", title="declared monthly income", unit="money")
def declared_income(point: Point, given: Mapping[str, Any]) -> Value:
    """The last income the player declared or proved, a month; absent when he never did."""
    last = last_seen(point, "income_declared")
    return worth(last, given["currency"]) if last is not None else ABSENT


@fact(
    "screening_score",
    title="highest screening score within {days} days",
    unit="share",
    arguments=("days",),
)
def screening_score(point: Point, given: Mapping[str, Any]) -> Value:
    """The highest score of an open screening result; absent when there is none."""
    events = seen(point, ("screening_hit",), window=timedelta(days=float(given["days"])))
    cleared = {event.subject for event in events if event.data.get("cleared")}
    scores = [Decimal(str(event.data.get("score", 0))) for event in events if event.subject not in cleared]
    return max(scores) if scores else ABSENT


@fact(
    "net_deposits",
    title="deposits less payouts in {days} days",
    unit="money",
    arguments=("days",),
)
def net_deposits(point: Point, given: Mapping[str, Any]) -> Value:
    """Deposits less payouts, from single events and so exact to the second."""
    events = seen(point, ("deposit", "payout"), window=timedelta(days=float(given["days"])))
    paid_in = sum_of([each for each in events if each.kind == "deposit"], given["currency"])
    paid_out = sum_of([each for each in events if each.kind == "payout"], given["currency"])
    if isinstance(paid_in, Unknown):
        return paid_in
    return paid_out if isinstance(paid_out, Unknown) else paid_in - paid_out
