"""Proves the counters: counts the ledger and the events anew, and compares. Can also put right what differs."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from apps.integrations.models import FactCursor
from apps.monitoring.intake import CONSUMER
from apps.monitoring.stream import CURSOR

_SHOWN = 20
_ANEW = """
CREATE TEMP TABLE monitoring_anew ON COMMIT DROP AS
SELECT player_id, metric, span, bucket_start, currency, sum(units)::bigint AS total, sum(times)::integer AS times,
       greatest(max(units), 0)::bigint AS largest
  FROM (SELECT e.player_id, e.metric, e.currency, e.at, e.units, e.times
          FROM monitoring_entries(0, %(until)s, '00000000-0000-0000-0000-000000000000') e
        UNION ALL
        SELECT o.player_id, o.kind, o.currency, o.at, coalesce(o.units, 0), 1
          FROM monitoring_observation o WHERE o.source LIKE 'fact:%%') all_entries
 CROSS JOIN LATERAL monitoring_buckets(metric, at) b
 WHERE b.span IS NOT NULL
 GROUP BY player_id, metric, span, bucket_start, currency
"""
_DIFFERENT = """
SELECT coalesce(c.player_id, a.player_id), coalesce(c.metric, a.metric), coalesce(c.span, a.span),
       coalesce(c.bucket_start, a.bucket_start), coalesce(c.currency, a.currency),
       c.total, a.total, c.times, a.times, c.largest, a.largest
  FROM monitoring_counter c
  FULL JOIN monitoring_anew a USING (player_id, metric, span, bucket_start, currency)
 WHERE (c.total, c.times, c.largest) IS DISTINCT FROM (a.total, a.times, a.largest)
   AND NOT (c.player_id IS NULL AND coalesce(c.span, a.span) = 's' AND a.bucket_start < %(slots_from)s)
"""
_REPLACE = """
DELETE FROM monitoring_counter;
INSERT INTO monitoring_counter (player_id, metric, span, bucket_start, currency, total, times, largest)
SELECT player_id, metric, span, bucket_start, currency, total, times, largest FROM monitoring_anew
"""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What counting anew found."""

    buckets: int
    different: int
    first: list[dict[str, Any]]


@transaction.atomic
def rebuild_counters(*, repair: bool = False) -> Rebuilt:
    """
    Count everything behind the cursors anew and compare it with the counters; both followers wait meanwhile.

    :param repair: put the new counts in place of the old ones
    """
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO transactions_cursor (name) VALUES (%s) ON CONFLICT DO NOTHING", [CURSOR])
        cursor.execute("SELECT next_xact FROM transactions_cursor WHERE name = %s FOR UPDATE", [CURSOR])
        (until,) = cursor.fetchone()
        list(FactCursor.objects.select_for_update().filter(pk=CONSUMER))
        cursor.execute("SELECT coalesce(min(bucket_start), now()) FROM monitoring_counter WHERE span = 's'")
        (slots_from,) = cursor.fetchone()
        cursor.execute(_ANEW, {"until": until})
        cursor.execute("SELECT count(*) FROM monitoring_anew")
        (buckets,) = cursor.fetchone()
        cursor.execute(_DIFFERENT, {"slots_from": slots_from})
        rows = cursor.fetchall()
        if repair and rows:
            cursor.execute(_REPLACE)
    names = ("player_id", "metric", "span", "bucket_start", "currency", "total", "total_anew", "times", "times_anew")
    first = [dict(zip(names, row, strict=False)) for row in rows[:_SHOWN]]
    return Rebuilt(buckets, len(rows), first)
