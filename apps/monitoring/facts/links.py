"""Facts about people who share something: instruments, devices, addresses, rounds, bonuses."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from math import comb
from typing import Any

from django.db import connection

from apps.core.money import UNITS_LIMIT
from apps.monitoring.expressions.registry import fact
from apps.monitoring.expressions.values import Unknown, Value
from apps.monitoring.facts.seen import seen, worth
from apps.monitoring.models import Link, Observation
from apps.monitoring.points import Point

LINKING = ("instrument", "device", "address")
_SHARING = """
SELECT coalesce(max(found.players), 0) FROM (
    SELECT count(DISTINCT other.player_id) AS players
      FROM monitoring_link own
      JOIN monitoring_link other ON other.kind = own.kind AND other.value = own.value
       AND other.last_at > %(since)s AND other.first_at <= %(at)s
     WHERE own.player_id = %(player)s AND own.kind = %(kind)s AND own.last_at > %(since)s AND own.first_at <= %(at)s
     GROUP BY own.value) found
"""
_LINKED = """
SELECT DISTINCT other.player_id
  FROM monitoring_link own
  JOIN monitoring_link other ON other.kind = own.kind AND other.value = own.value AND other.player_id <> own.player_id
 WHERE own.player_id = %(player)s AND own.kind = ANY (%(kinds)s) AND own.last_at > %(since)s
   AND other.last_at > %(since)s AND own.first_at <= %(at)s AND other.first_at <= %(at)s
 LIMIT 200
"""


@fact(
    "players_sharing",
    title="players seen with the same {what} in {days} days",
    unit="count",
    arguments=("what", "days"),
)
def players_sharing(point: Point, given: Mapping[str, Any]) -> Value:
    """The most players, this one included, that any of the player's instruments, devices or addresses has seen."""
    since = point.at - timedelta(days=float(given["days"]))
    with connection.cursor() as cursor:
        cursor.execute(_SHARING, {"player": point.person.id, "kind": given["what"], "since": since, "at": point.at})
        return Decimal(cursor.fetchone()[0])


@fact(
    "different",
    title="different {what}s of the player in {days} days",
    unit="count",
    arguments=("what", "days"),
)
def different(point: Point, given: Mapping[str, Any]) -> Value:
    """How many instruments, devices, products … a player used in the window."""
    since = point.at - timedelta(days=float(given["days"]))
    rows = Link.objects.filter(player_id=point.person.id, kind=given["what"], last_at__gt=since, first_at__lte=point.at)
    return Decimal(rows.count())


@fact(
    "different_today",
    title="different {what}s opened this day",
    unit="count",
    arguments=("what",),
)
def different_today(point: Point, given: Mapping[str, Any]) -> Value:
    """How many products a player opened in his local day."""
    start = point.at.astimezone(point.person.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    events = seen(point, ("game_launched",), window=timedelta(0), after=start - timedelta(microseconds=1))
    return Decimal(len({event.data.get(given["what"]) for event in events if event.data.get(given["what"])}))


def linked_players(point: Point, *, days: float) -> list[int]:
    """Other players who share an instrument, a device or an address with this one."""
    since = point.at - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute(_LINKED, {"player": point.person.id, "kinds": list(LINKING), "since": since, "at": point.at})
        return [row[0] for row in cursor.fetchall()]


@fact(
    "opposite_rounds",
    title="rounds in {days} days of which the player and a linked one covered at least {share} of the outcomes",
    unit="count",
    arguments=("share", "days"),
)
def opposite_rounds(point: Point, given: Mapping[str, Any]) -> Value:
    """Rounds in which two linked players together bet on nearly everything that could happen."""
    own = {
        event.subject: event for event in seen(point, ("covered_round",), window=timedelta(days=float(given["days"])))
    }
    others = linked_players(point, days=float(given["days"])) if own else []
    rows = Observation.objects.filter(
        player_id__in=others, kind="covered_round", subject__in=list(own), at__lte=point.at
    )
    found = set()
    for event in rows:
        mine = own[event.subject].data
        covered = set(mine.get("outcomes", ())) | set(event.data.get("outcomes", ()))
        possible = max(int(mine.get("of", 0)), int(event.data.get("of", 0)))
        alone = max(len(set(mine.get("outcomes", ()))), len(set(event.data.get("outcomes", ()))))
        if possible and alone < len(covered) and Decimal(len(covered)) / possible >= Decimal(given["share"]):
            found.add(event.subject)
    return Decimal(len(found))


@fact(
    "peer_winnings",
    title="won from one other player in at least {games} games, too often for chance ({p_value})",
    unit="money",
    arguments=("games", "p_value"),
)
def peer_winnings(point: Point, given: Mapping[str, Any]) -> Value:
    """The most that passed between this player and another, where the winner won more often than chance allows."""
    pairs: dict[str, list[Observation]] = defaultdict(list)
    for event in seen(point, ("peer_game",), window=timedelta(days=90)):
        pairs[str(event.data.get("counterparty", ""))].append(event)
    most = Decimal(0)
    for events in pairs.values():
        games, wins = len(events), sum(bool(event.data.get("won")) for event in events)
        if games < int(given["games"]) or _chance(max(wins, games - wins), games) > float(given["p_value"]):
            continue
        net = Decimal(0)
        for event in events:
            amount = worth(event, given["currency"])
            if isinstance(amount, Unknown):
                return amount
            net += amount if event.data.get("won") else -amount
        most = max(most, abs(net))
    return min(most, Decimal(UNITS_LIMIT))


def _chance(wins: int, games: int) -> float:
    """How likely a fair player is to win this often or more (binomial, one half)."""
    return float(sum(comb(games, each) for each in range(wins, games + 1))) / 2.0**games


@fact(
    "bonus_cluster",
    title="linked players who claimed the same bonus in {days} days and withdrew after playing it through",
    unit="count",
    arguments=("days",),
)
def bonus_cluster(point: Point, given: Mapping[str, Any]) -> Value:
    """Players linked to this one, himself included, who took one bonus and left with the money right after."""
    days = float(given["days"])
    claims = {event.data.get("bonus") for event in seen(point, ("bonus_claimed",), window=timedelta(days=days))}
    claims.discard(None)
    if not claims:
        return Decimal(0)
    crowd = [point.person.id, *linked_players(point, days=max(days, 30.0))]
    since = point.at - timedelta(days=days)
    rows = Observation.objects.filter(
        player_id__in=crowd, kind__in=("bonus_claimed", "bonus_completed", "withdrawal"), at__gt=since, at__lte=point.at
    ).order_by("at", "id")
    stage: dict[tuple[int, str], int] = {}
    for event in rows:
        for bonus in sorted(str(each) for each in claims):
            _advance(stage, event, bonus)
    best: dict[str, int] = defaultdict(int)
    for (_, bonus), reached in stage.items():
        best[bonus] += reached == 3  # noqa: PLR2004 - claimed, played through, withdrawn
    return Decimal(max(best.values(), default=0))


def _advance(stage: dict[tuple[int, str], int], event: Observation, bonus: str) -> None:
    key = (event.player_id, bonus)
    reached = stage.get(key, 0)
    named = str(event.data.get("bonus", "")) == bonus
    if event.kind == "bonus_claimed" and named:
        stage[key] = max(reached, 1)
    elif event.kind == "bonus_completed" and named and reached == 1:
        stage[key] = 2
    elif event.kind == "withdrawal" and reached == 2 and (event.units or 0) > 0:  # noqa: PLR2004 - played through
        stage[key] = 3
