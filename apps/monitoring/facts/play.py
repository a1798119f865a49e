"""Facts about single bets: chasing losses, and raising the stake after a run of losses. Read from the ledger itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Any

from django.db import connection

from apps.monitoring.expressions.registry import fact
from apps.monitoring.expressions.values import Value
from apps.monitoring.facts.seen import seen
from apps.monitoring.metrics import SLOT, floored, ledger_floor
from apps.monitoring.models import Counter
from apps.monitoring.points import Point

_LOOK_BACK = timedelta(hours=2)
_MOST_BETS = 3_000
_BETS = """
SELECT t.created_at, t.kind, t.round_id,
       sum(x.amount) FILTER (WHERE x.debit_version IS NOT NULL),
       sum(x.amount) FILTER (WHERE x.credit_version IS NOT NULL)
  FROM transactions_transaction t JOIN transactions_transfer x ON x.transaction_id = t.id
 WHERE t.player_id = %(player)s AND t.id >= %(floor)s AND t.kind IN ('bet', 'win')
   AND t.created_at > %(start)s AND t.created_at <= %(end)s
 GROUP BY t.id, t.created_at, t.kind, t.round_id ORDER BY t.created_at DESC, t.id DESC LIMIT %(most)s
"""


@fact(
    "chasing_deposits",
    title="deposits in {hours} hours, each within {minutes} minutes after losing {share} of the one before",
    unit="count",
    arguments=("minutes", "share", "hours"),
)
def chasing_deposits(point: Point, given: Mapping[str, Any]) -> Value:
    """Deposits made shortly after nearly all of the last one was lost."""
    window = timedelta(hours=float(given["hours"]))
    # One deposit before the window may be what the first one in it chases.
    deposits = [each for each in seen(point, ("deposit",), window=window * 2) if (each.units or 0) > 0]
    rows = list(
        Counter.objects.filter(
            player_id=point.person.id, span="s", metric__in=("stake", "win"),
            bucket_start__gt=point.at - window * 2, bucket_start__lte=point.at,
        )
        .values_list("bucket_start", "metric", "total", "currency")
    )  # fmt: skip
    near = timedelta(minutes=float(given["minutes"]))
    count = 0
    for before, after in pairwise(deposits):
        if after.at <= point.at - window:
            continue
        # Slots are five minutes long: the one in which the first deposit fell counts, its error is at most one slot.
        slots = [row for row in rows if floored(before.at, SLOT) <= row[0] <= after.at and row[3] == before.currency]
        lost = sum(total if metric == "stake" else -total for _, metric, total, _ in slots)
        last_bet = max((start + SLOT for start, metric, _, _ in slots if metric == "stake"), default=None)
        if last_bet is None or after.at - last_bet > near:
            continue
        count += Decimal(lost) >= Decimal(given["share"]) * (before.units or 0)
    return Decimal(count)


@dataclass(frozen=True, slots=True)
class _Round:
    at: datetime
    stake: int
    is_won: bool


@fact(
    "stake_after_losses",
    title="stake within {minutes} minutes after {run} lost rounds in a row, as a multiple of the usual one",
    unit="count",
    arguments=("run", "minutes"),
    cost=20,
)
def stake_after_losses(point: Point, given: Mapping[str, Any]) -> Value:
    """The largest stake placed shortly after a run of losses, divided by the median stake; 0 without such a run."""
    rounds = _recent_rounds(point)
    run, near = int(given["run"]), timedelta(minutes=float(given["minutes"]))
    if len(rounds) <= run:
        return Decimal(0)
    usual = median(each.stake for each in rounds)
    largest, lost = 0, 0
    for before, this in pairwise(rounds):
        lost = 0 if before.is_won else lost + 1
        if lost >= run and this.at - before.at <= near:
            largest = max(largest, this.stake)
    return Decimal(largest) / Decimal(usual) if usual else Decimal(0)


def _recent_rounds(point: Point) -> list[_Round]:
    start = point.at - _LOOK_BACK
    values = {
        "player": point.person.id, "floor": ledger_floor(start), "start": start, "end": point.at, "most": _MOST_BETS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_BETS, values)
        rows = cursor.fetchall()[::-1]
    won: dict[int | None, int] = {}
    for _, kind, round_id, _, given in rows:
        if kind == "win":
            won[round_id] = won.get(round_id, 0) + int(given or 0)
    return [
        _Round(at, int(taken or 0), won.get(round_id, 0) >= int(taken or 0))
        for at, kind, round_id, taken, _ in rows
        if kind == "bet"
    ]
