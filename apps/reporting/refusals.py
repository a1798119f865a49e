"""Wallet calls that were refused, by game, in a time. Failed calls are known by vendor only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import connection

from apps.reporting.performance import Asked

_FROM = """
      FROM reporting_refusalday d
      JOIN providers_game g ON g.id = d.game_id
      JOIN providers_studio s ON s.id = g.studio_id
     WHERE d.day >= %(since)s AND """


@dataclass(frozen=True, slots=True)
class RefusedGame:
    """A game with its refused calls, by outcome (`providers.contract.Outcome`), the most frequent first."""

    game_id: int
    title: str
    vendor: str
    calls: int
    outcomes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Calls of one game that were refused for one reason at one brand, and when last."""

    brand_id: int
    outcome: str
    calls: int
    last: date


def most_refused(asked: Asked, *, limit: int) -> list[RefusedGame]:
    """Games with the most refused calls, those included that nobody could play."""
    where, values = asked.where()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT game_id, title, vendor, sum(n)::bigint, array_agg(outcome ORDER BY n DESC, outcome),"  # noqa: S608 - our own names
            " array_agg(n ORDER BY n DESC, outcome) FROM ("
            " SELECT d.game_id, g.title, g.vendor, d.outcome, sum(d.calls)::bigint AS n"
            f"{_FROM}{where} GROUP BY d.game_id, g.title, g.vendor, d.outcome) x"
            " GROUP BY game_id, title, vendor ORDER BY 4 DESC, title, game_id LIMIT %(limit)s",
            values | {"limit": limit},
        )
        return [
            RefusedGame(game_id, title, vendor, calls, tuple(zip(outcomes, counts, strict=True)))
            for game_id, title, vendor, calls, outcomes, counts in cursor.fetchall()
        ]


def refused_calls(asked: Asked, game_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """How many calls were refused, by game and currency; those without any are left out."""
    where, values = asked.where()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.game_id, d.currency, sum(d.calls)::bigint"
            f"{_FROM}{where} AND d.game_id = ANY (%(games)s::bigint[]) GROUP BY d.game_id, d.currency",
            values | {"games": list(game_ids)},
        )
        return {(game_id, currency): calls for game_id, currency, calls in cursor.fetchall()}


def refused_by_reason(asked: Asked) -> list[Refused]:
    """Refused calls of few games by brand and outcome, the most frequent first."""
    where, values = asked.where()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.brand_id, d.outcome, sum(d.calls)::bigint, max(d.day)"
            f"{_FROM}{where} GROUP BY d.brand_id, d.outcome ORDER BY 3 DESC, 2, 1",
            values,
        )
        return [Refused(*row) for row in cursor.fetchall()]
