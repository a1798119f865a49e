"""A player's spend and time day by day, for the people who look after him. Reads the ledger, changes nothing."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from apps.players.models import Player
from apps.safer_play.ledger import ledger_floor

DAYS = 30

_DAILY = """
    WITH day AS (
        SELECT d::date AS day, d AT TIME ZONE %(zone)s AS begins, (d + interval '1 day') AT TIME ZONE %(zone)s AS ends
          FROM generate_series(date_trunc('day', %(now)s AT TIME ZONE %(zone)s) - %(days)s * interval '1 day',
                               date_trunc('day', %(now)s AT TIME ZONE %(zone)s), interval '1 day') d
    ), played AS (
        SELECT (s.at AT TIME ZONE %(zone)s)::date AS day, sum(s.staked)::bigint AS staked,
               sum(s.own_staked - s.own_won)::bigint AS lost
          FROM safer_play_stake s
         WHERE s.player_id = %(player)s AND s.currency = %(currency)s AND s.id >= %(floor)s AND s.at >= %(since)s
         GROUP BY 1
    ), paid AS (
        SELECT (u.reserved_at AT TIME ZONE %(zone)s)::date AS day, sum(u.units)::bigint AS deposited
          FROM safer_play_deposituse u
         WHERE u.player_id = %(player)s AND u.currency = %(currency)s AND u.state IN ('reserved', 'settled')
           AND u.reserved_at >= %(since)s
         GROUP BY 1
    )
    SELECT day.day, coalesce(played.staked, 0), coalesce(played.lost, 0), coalesce(paid.deposited, 0),
           safer_play_login_seconds(%(player)s, day.begins, least(day.ends, %(now)s))
      FROM day LEFT JOIN played USING (day) LEFT JOIN paid USING (day) ORDER BY day.day
"""


@dataclass(frozen=True, slots=True)
class Day:
    """One day by the clock of the player's jurisdiction; amounts in ledger units."""

    day: date
    staked: int
    lost: int
    deposited: int
    seconds: int


def days_of(player: Player, *, currency: str, now: datetime) -> list[Day]:
    """The last month of a player (with his jurisdiction) in one currency, today last; one query."""
    since = now - timedelta(days=DAYS + 1)
    terms: dict[str, Any] = {
        "player": player.pk,
        "currency": currency,
        "zone": player.jurisdiction.timezone,
        "now": now,
        "days": DAYS - 1,
        "since": since,
        "floor": ledger_floor(since),
    }
    with connection.cursor() as cursor:
        cursor.execute(_DAILY, terms)
        return [Day(*row) for row in cursor.fetchall()]
