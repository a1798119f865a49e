"""Play sessions, made of five-minute slots with bets, and the facts about them. A pause of half an hour ends one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from apps.monitoring.expressions.registry import fact
from apps.monitoring.expressions.values import Unknown, Value
from apps.monitoring.facts.seen import last_seen, seen
from apps.monitoring.metrics import SLOT, SLOT_MINUTES, floored, ledger_floor
from apps.monitoring.models import Counter
from apps.monitoring.points import Point
from apps.monitoring.reference import converted

PAUSE = timedelta(minutes=30)
_LONGEST = timedelta(hours=24)
_LOGIN_LASTS = timedelta(hours=12)
_NIGHT_ENDS = 6


@dataclass(slots=True)
class PlaySession:
    """Slots of play without a pause between."""

    start: datetime
    end: datetime
    """End of the last slot."""
    slots: int = 0
    staked: int = 0
    bets: int = 0
    currency: str = ""

    @property
    def minutes(self) -> Decimal:
        """How long it was."""
        return Decimal(int((self.end - self.start).total_seconds() // 60))


def play_sessions(point: Point, window: timedelta) -> list[PlaySession]:
    """The play sessions of the window that ends with the point, oldest first."""
    rows = (
        Counter.objects.filter(
            player_id=point.person.id, metric="stake", span="s", times__gt=0,
            bucket_start__gt=floored(point.at - window, SLOT), bucket_start__lte=point.at,
        )
        .order_by("bucket_start")
        .values_list("bucket_start", "total", "times", "currency")
    )  # fmt: skip
    sessions: list[PlaySession] = []
    for start, total, times, currency in rows:
        if not sessions or start - sessions[-1].end >= PAUSE:
            sessions.append(PlaySession(start, start + SLOT, currency=currency))
        session = sessions[-1]
        session.end, session.slots = start + SLOT, session.slots + 1
        if currency == session.currency:
            session.staked, session.bets = session.staked + total, session.bets + times
    return sessions


@fact("continuous_minutes", title="minutes of play without a pause of half an hour, up to now", unit="minutes")
def continuous_minutes(point: Point, given: Mapping[str, Any]) -> Value:  # noqa: ARG001 - takes no arguments
    """How long the session that still runs has lasted."""
    sessions = play_sessions(point, _LONGEST)
    if not sessions or point.at - sessions[-1].end >= PAUSE:
        return Decimal(0)
    return sessions[-1].minutes


@fact(
    "night_minutes",
    title="minutes of play between midnight and six in {days} days",
    unit="minutes",
    arguments=("days",),
)
def night_minutes(point: Point, given: Mapping[str, Any]) -> Value:
    """Minutes of play in the player's own nights."""
    night, _ = _night_and_day(point, float(given["days"]))
    return Decimal(SLOT_MINUTES * night[0])


@fact(
    "night_share",
    title="share of stakes placed between midnight and six in {days} days",
    unit="share",
    arguments=("days",),
)
def night_share(point: Point, given: Mapping[str, Any]) -> Value:
    """Which part of the stakes fell into the player's own nights."""
    night, whole = _night_and_day(point, float(given["days"]))
    return Decimal(night[1]) / whole[1] if whole[1] > 0 else Decimal(0)


def _night_and_day(point: Point, days: float) -> tuple[tuple[int, int], tuple[int, int]]:
    rows = Counter.objects.filter(
        player_id=point.person.id, metric="stake", span="s", times__gt=0, currency=point.person.currency,
        bucket_start__gt=point.at - timedelta(days=days), bucket_start__lte=point.at,
    ).values_list("bucket_start", "total")  # fmt: skip
    night = [total for at, total in rows if at.astimezone(point.person.zone).hour < _NIGHT_ENDS]
    whole = [total for _, total in rows]
    return (len(night), sum(night)), (len(whole), sum(whole))


@fact(
    "rising_sessions",
    title="sessions in a row within {days} days, each with a higher average stake",
    unit="count",
    arguments=("days",),
)
def rising_sessions(point: Point, given: Mapping[str, Any]) -> Value:
    """The longest run of sessions whose average stake rose each time; the first of a run counts."""
    averages = [
        Decimal(session.staked) / session.bets
        for session in play_sessions(point, timedelta(days=float(given["days"])))
        if session.bets > 0
    ]
    longest, run = 0, 0
    for number, average in enumerate(averages):
        run = run + 1 if number and average > averages[number - 1] else 1
        longest = max(longest, run)
    return Decimal(longest)


_BALANCE_AT = """
SELECT CASE WHEN x.debit_version IS NOT NULL AND d.kind = 'cash' THEN x.debit_balance ELSE x.credit_balance END
  FROM transactions_transaction t
  JOIN transactions_transfer x ON x.transaction_id = t.id
  JOIN transactions_account d ON d.id = x.debit_account_id
  JOIN transactions_account c ON c.id = x.credit_account_id
 WHERE t.player_id = %(player)s AND t.id >= %(floor)s AND t.currency = %(currency)s
   AND t.created_at >= %(start)s AND t.created_at < %(end)s
   AND ((x.debit_version IS NOT NULL AND d.kind = 'cash') OR (x.credit_version IS NOT NULL AND c.kind = 'cash'))
 ORDER BY t.created_at DESC, t.id DESC, x.number DESC LIMIT 1
"""


@fact(
    "emptied_sessions",
    title="sessions in {days} days that ended with less than {below} in cash",
    unit="count",
    arguments=("below", "days"),
)
def emptied_sessions(point: Point, given: Mapping[str, Any]) -> Value:
    """Ended sessions after whose last bet the player's cash was nearly gone."""
    count = 0
    for session in play_sessions(point, timedelta(days=float(given["days"]))):
        if point.at - session.end < PAUSE:
            continue  # it may still go on
        balance = _balance_at(point, session)
        if balance is None:
            continue
        amount = converted(balance, session.currency, given["currency"], point.at.date())
        if isinstance(amount, Unknown):
            return amount
        count += amount < Decimal(given["below"])
    return Decimal(count)


def _balance_at(point: Point, session: PlaySession) -> int | None:
    values: dict[str, Any] = {
        "player": point.person.id,
        "floor": ledger_floor(session.start),
        "currency": session.currency,
        "start": session.start,
        "end": session.end,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BALANCE_AT, values)
        row = cursor.fetchone()
    return None if row is None else int(row[0])


@fact("deposits_in_session", title="deposits since the last log-in", unit="count")
def deposits_in_session(point: Point, given: Mapping[str, Any]) -> Value:  # noqa: ARG001 - takes no arguments
    """Deposits since the player logged in; a log-in older than half a day counts as half a day."""
    login = last_seen(point, "login")
    earliest = point.at - _LOGIN_LASTS
    since = max(login.at, earliest) if login is not None else earliest
    return Decimal(
        sum(1 for event in seen(point, ("deposit",), window=_LOGIN_LASTS, after=since) if (event.units or 0) > 0)
    )


_LOGIN_MINUTES = """
SELECT coalesce(sum(extract(epoch FROM least(last_seen_at, %(end)s) - greatest(created_at, %(start)s)) / 60), 0)
  FROM players_playersession
 WHERE player_id = %(player)s AND created_at < %(end)s AND last_seen_at > %(start)s
"""


@fact(
    "login_minutes",
    title="minutes logged in, {days} days up to {ago} days ago",
    unit="minutes",
    arguments=("days", "ago"),
)
def login_minutes(point: Point, given: Mapping[str, Any]) -> Value:
    """How long a player was logged in during a window, by the sessions' first and last request."""
    end = point.at - timedelta(days=float(given["ago"]))
    values: dict[str, Any] = {
        "player": point.person.id,
        "start": end - timedelta(days=float(given["days"])),
        "end": end,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOGIN_MINUTES, values)
        return Decimal(str(round(float(cursor.fetchone()[0]), 2)))
