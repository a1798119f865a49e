"""A player's money at a glance: what came and went by account, and week by week beside what play did to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, Sum
from django.db.models.functions import TruncWeek

from apps.core.admin_display import amount_text
from apps.core.ids import uuid7, uuid7_time
from apps.payments.models import Deposit, Withdrawal

WEEKS = 13
_HEIGHT, _WIDTH, _BAR = 90, 780, 15
_SERIES = (("deposits", "Deposited"), ("withdrawals", "Withdrawn"), ("play", "Won less staked"))
# Stakes and wins of one player: bounded by the ids, which begin with their time.
_PLAY = """
SELECT date_trunc('week', t.created_at AT TIME ZONE 'UTC')::date,
       sum(CASE WHEN x.credit_version IS NOT NULL THEN x.amount ELSE 0 END)
       - sum(CASE WHEN x.debit_version IS NOT NULL THEN x.amount ELSE 0 END)
  FROM transactions_transaction t JOIN transactions_transfer x ON x.transaction_id = t.id
 WHERE t.player_id = %(player)s AND t.currency = %(currency)s AND t.kind IN ('bet', 'win', 'rollback')
   AND t.id >= core_uuid7_floor(%(floor)s) AND t.created_at >= %(since)s
 GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the chart, in its coordinates."""

    x: float
    y: float
    height: float
    series: str
    title: str


@dataclass(slots=True)
class Chart:
    """Bars by week around a base line; amounts in the titles."""

    currency: str
    bars: list[Bar] = field(default_factory=list)
    labels: list[tuple[float, str]] = field(default_factory=list)
    base: float = 0.0
    width: int = _WIDTH
    height: int = _HEIGHT * 2
    legend: tuple[tuple[str, str], ...] = _SERIES

    @property
    def is_empty(self) -> bool:
        """Whether nothing has moved in these weeks."""
        return not self.bars


def sums_by_instrument(player_id: int) -> list[dict[str, Any]]:
    """Sum up what a player paid in and took out, by currency, method and account, in ledger units; two queries."""
    names = ("currency", "method__name", "instrument_id", "instrument__masked")
    deposits = Deposit.objects.filter(player_id=player_id, settled_units__gt=0).order_by().values(*names)
    withdrawals = Withdrawal.objects.filter(player_id=player_id).order_by().values(*names)
    paid = Sum("paid_units", filter=Q(state=Withdrawal.State.PAID), default=0)
    still_open = Sum("amount_units", filter=~Q(state__in=Withdrawal.CLOSED), default=0)
    rows: list[dict[str, Any]] = [
        *map(dict, deposits.annotate(deposited=Sum("settled_units"), reversed=Sum("reversed_units"))),
        *map(dict, withdrawals.annotate(paid=paid, open=still_open)),
    ]
    sums: dict[tuple[str, str, int], dict[str, Any]] = {}
    for row in rows:
        empty = {"deposited": 0, "reversed": 0, "paid": 0, "open": 0}
        sums.setdefault((row["currency"], row["method__name"], row["instrument_id"] or 0), empty).update(row)
    return [sums[key] for key in sorted(sums)]


def weekly_chart(player_id: int, currency: str, *, now: datetime) -> Chart:
    """Draw thirteen weeks of deposits, withdrawals and play of one player in one currency; three queries."""
    monday = (now.astimezone(UTC) - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    since = monday - timedelta(weeks=WEEKS - 1)
    weeks = [(since + timedelta(weeks=each)).date() for each in range(WEEKS)]
    found = {
        "deposits": _by_week(
            Deposit.objects.filter(player_id=player_id), "settled_at", "settled_units", currency, since
        ),
        "withdrawals": {
            week: -units
            for week, units in _by_week(
                Withdrawal.objects.filter(player_id=player_id, state=Withdrawal.State.PAID),
                "closed_at", "paid_units", currency, since,
            ).items()
        },
        "play": _play(player_id, currency, since),
    }  # fmt: skip
    return _drawn(currency, weeks, found)


def _by_week(rows: Any, at: str, units: str, currency: str, since: datetime) -> dict[Any, int]:
    asked = rows.filter(currency=currency, **{f"{at}__gte": since, f"{units}__gt": 0}).order_by()
    summed = asked.annotate(week=TruncWeek(at, tzinfo=UTC)).values_list("week").annotate(units=Sum(units))
    return {week.date(): int(total) for week, total in summed}


def _play(player_id: int, currency: str, since: datetime) -> dict[Any, int]:
    floor = uuid7_time(uuid7()) - timedelta(weeks=WEEKS + 1)
    with connection.cursor() as cursor:
        cursor.execute(_PLAY, {"player": player_id, "currency": currency, "since": since, "floor": floor})
        return {week: int(units) for week, units in cursor.fetchall() if units}


def _drawn(currency: str, weeks: Iterable[Any], found: Mapping[str, Mapping[Any, int]]) -> Chart:
    chart = Chart(currency, base=_HEIGHT)
    largest = max((abs(units) for by_week in found.values() for units in by_week.values()), default=0)
    step = _WIDTH / WEEKS
    for place, week in enumerate(weeks):
        chart.labels.append((step * place + step / 2, f"{week:%d %b}"))
        for number, (name, title) in enumerate(_SERIES):
            units = found[name].get(week, 0)
            if not units:
                continue
            height = max(2.0, abs(units) / largest * (_HEIGHT - 14))
            x = step * place + (step - _BAR * len(_SERIES)) / 2 + _BAR * number
            y = _HEIGHT - height if units > 0 else float(_HEIGHT)
            chart.bars.append(
                Bar(
                    round(x, 1),
                    round(y, 1),
                    round(height, 1),
                    name,
                    f"{week:%d %b}: {title} {amount_text(units, currency)}",
                )
            )
    return chart
