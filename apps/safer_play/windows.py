"""Periods of limits and what has been used of them, reckoned by the SQL that the posting function uses too."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from apps.core.money import Money
from apps.safer_play.ledger import ledger_floor
from apps.safer_play.models import Limit

_WINDOW = "SELECT window_from, window_to FROM safer_play_window(%s, %s, %s, %s, %s)"
_IN_FORCE = "SELECT id FROM safer_play_limits_at(%s, %s)"
_USED = """
    SELECT w.window_from, w.window_to, safer_play_used(l, w.window_from, %(floor)s, %(now)s),
           coalesce(w.window_to, safer_play_rolling_return(l, %(now)s))
      FROM safer_play_limit l
     CROSS JOIN LATERAL safer_play_window(
           CASE l.period WHEN '' THEN 'day' ELSE l.period END, l."window", l.anchor_at, l.timezone, %(now)s) w
     WHERE l.id = %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """How far a limit is used up in the running period; units, or seconds of a session limit."""

    limit: Limit
    used: int
    headroom: int
    window_from: datetime | None
    window_to: datetime | None
    returns_at: datetime | None
    """When there is room again, at the latest by then; None where that is not a matter of time."""

    @property
    def headroom_money(self) -> Money | None:
        """What is left; None for time."""
        return None if self.limit.kind == Limit.Kind.SESSION else Money(max(self.headroom, 0), self.limit.currency)


def period_of(limit: Limit, *, now: datetime) -> tuple[datetime, datetime | None]:
    """The running period of a limit with one: its first instant, and the first after it (None where it moves along)."""
    with connection.cursor() as cursor:
        cursor.execute(_WINDOW, [limit.period, limit.window, limit.anchor_at, limit.timezone, now])
        return cursor.fetchone()  # type: ignore[no-any-return]


def limits_in_force(player_id: int, *, now: datetime) -> list[Limit]:
    """The limits that count at this moment, due changes included whether or not a task has carried them out."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, [player_id, now])
        ids = [row[0] for row in cursor.fetchall()]
    return list(Limit.objects.filter(pk__in=ids).order_by("kind", "period", "pk"))


def usage_of(limit: Limit, *, now: datetime) -> Usage:
    """How far one limit is used up."""
    floor = ledger_floor(min(now, limit.anchor_at) if limit.period == "" else period_of(limit, now=now)[0])
    with connection.cursor() as cursor:
        cursor.execute(_USED, {"limit": limit.pk, "floor": floor, "now": now})
        window_from, window_to, used, returns_at = cursor.fetchone()
    if not limit.period:
        window_from = window_to = returns_at = None
    return Usage(limit, used, limit.size - used, window_from, window_to, returns_at)
