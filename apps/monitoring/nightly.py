"""The nightly batch: rules with long windows, peer figures, ageing of what is only needed for weeks."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from apps.monitoring.deciding import Decided, decide
from apps.monitoring.engine import Engine, Evaluation, running_rules
from apps.monitoring.models import Counter
from apps.monitoring.points import Point, people
from apps.monitoring.reference import converted
from apps.monitoring.stream import evaluate_batch

ACTIVE = timedelta(days=14)
SLOTS_KEPT = timedelta(days=100)
_CHUNK = 300
_PEER_DAYS = 7
_FEWEST_PEERS = 5
_PEERS = """
INSERT INTO monitoring_peerfigure AS f (jurisdiction, age_band, product, metric, days, average, players, computed_at)
SELECT jurisdiction, age_band, product, 'deposit', %(days)s, avg(euro), count(*), %(now)s
  FROM (SELECT p.id, p.jurisdiction_id AS jurisdiction, s.euro,
               CASE WHEN a.age < 25 THEN 'under 25' WHEN a.age < 35 THEN '25-34' WHEN a.age < 50 THEN '35-49'
                    WHEN a.age < 65 THEN '50-64' ELSE '65+' END AS age_band,
               unnest(CASE WHEN l.value IS NULL THEN ARRAY['any'] ELSE ARRAY['any', left(l.value, 40)] END) AS product
          FROM (SELECT c.player_id, sum(c.total / r.scale / r.per_euro) AS euro
                  FROM monitoring_counter c
                  JOIN unnest(%(currencies)s::text[], %(scales)s::numeric[], %(rates)s::numeric[])
                       AS r (currency, scale, per_euro) ON r.currency = c.currency
                 WHERE c.metric = 'deposit' AND c.span = 'd' AND c.bucket_start > %(since)s
                   AND c.bucket_start <= %(now)s
                 GROUP BY c.player_id) s
          JOIN players_player p ON p.id = s.player_id
          LEFT JOIN LATERAL (SELECT value FROM monitoring_link WHERE player_id = p.id AND kind = 'product'
                              ORDER BY times DESC, value LIMIT 1) l ON true
         CROSS JOIN LATERAL (SELECT extract(year FROM age(%(now)s, p.birth_date)) AS age) a) peers
 GROUP BY jurisdiction, age_band, product HAVING count(*) >= %(fewest)s
ON CONFLICT (jurisdiction, age_band, product, metric, days) DO UPDATE
   SET average = excluded.average, players = excluded.players, computed_at = excluded.computed_at
"""


def judge_nightly(*, now: datetime, only: list[int] | None = None) -> list[Decided]:
    """
    Ask the nightly rules about everybody who was active lately, a few hundred players a transaction.

    :param only: these players, instead of all active ones
    """
    rules = [rule for rule in running_rules() if rule.definition.is_nightly]
    wanted = sorted(active_lately(now) if only is None else only)
    decided: list[Decided] = []
    for first in range(0, len(wanted), _CHUNK):
        with transaction.atomic():
            known = people(wanted[first : first + _CHUNK])
            points = [Point(person, now, "nightly", mode="nightly") for _, person in sorted(known.items())]
            engine = Engine(others={rule.code: rule for rule in running_rules() if not rule.is_shadow})
            found: list[Evaluation] = []
            for rule in rules:
                batch = [
                    point
                    for point in points
                    if rule.definition.concerns(
                        jurisdiction=point.person.jurisdiction, brand=point.person.brand,
                        risk=point.person.risk_band, age=point.age,
                    )
                ]  # fmt: skip
                found += evaluate_batch(engine, rule, batch, now=now)[0]
            decided += decide(found, now=now)
    return decided


def active_lately(now: datetime) -> set[int]:
    """Players who did anything in the last two weeks."""
    rows = Counter.objects.filter(span="d", bucket_start__gt=now - ACTIVE, bucket_start__lte=now)
    return set(rows.values_list("player_id", flat=True).distinct())


def refresh_peer_figures(*, now: datetime) -> int:
    """Work out what comparable players deposit in a week; groups of fewer than five say nothing. Returns the groups."""
    codes = list(
        Counter.objects.filter(metric="deposit", span="d", bucket_start__gt=now - timedelta(days=_PEER_DAYS))
        .values_list("currency", flat=True)
        .distinct()
    )
    worth = {code: converted(10**12, code, "EUR", now.date()) for code in codes}
    # An amount of 10^12 units in euro tells scale and rate at once.
    rated = {code: value for code, value in worth.items() if isinstance(value, Decimal) and value > 0}
    values: dict[str, Any] = {
        "days": _PEER_DAYS, "now": now, "since": now - timedelta(days=_PEER_DAYS), "fewest": _FEWEST_PEERS,
        "currencies": list(rated), "scales": [10**12] * len(rated), "rates": [1 / each for each in rated.values()],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PEERS, values)
        return int(cursor.rowcount)


def drop_old_slots(*, now: datetime) -> int:
    """Forget five-minute buckets that no window reaches any more. Hours and days stay; a rebuild can bring all back."""
    deleted, _ = Counter.objects.filter(span="s", bucket_start__lt=now - SLOTS_KEPT).delete()
    return deleted
