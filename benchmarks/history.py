"""Fills a seeded database with millions of bets, set by set, through `fill.sql`."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

_SQL = Path(__file__).with_name("fill.sql")
_LANES = 2
"""Connections that fill at once, each its own wallets."""
# Filling an inverted index row by row takes longer than all the rest; made anew afterwards it is the same index.
_DROP_REFS = "DROP INDEX integrations_exchangereply_refs"
_MAKE_REFS = "CREATE INDEX integrations_exchangereply_refs ON integrations_exchangereply USING gin (refs)"


def fill(url: str, *, integration: int, bets: int, progress: Callable[[int], None]) -> int:
    """
    Post about `bets` bets to the wallets seated at the integration, the same number to each; return how many.

    :param progress: called with the number so far, now and then
    """
    with psycopg.connect(url, autocommit=True) as connection:
        seats = [
            seat
            for (seat,) in connection.execute(
                "SELECT id FROM providers_gamesession WHERE integration_id = %s ORDER BY id", [integration]
            )
        ]
        connection.execute(_DROP_REFS)
        layers = max(1, round(bets / len(seats)))
        size = -(-len(seats) // _LANES)
        lanes = [
            _Lane(url, integration, seats[start], seats[min(start + size, len(seats)) - 1], layers)
            for start in range(0, len(seats), size)
        ]
        _run(lanes, progress)
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute(_MAKE_REFS)
        connection.execute("VACUUM ANALYZE")
    return sum(lane.done for lane in lanes)


class _Lane(threading.Thread):
    """One connection that posts layer after layer of one bet for each of its wallets."""

    def __init__(self, url: str, integration: int, first: int, last: int, layers: int) -> None:
        super().__init__(name=f"fill-{first}")
        self._url = url
        self._layer = (integration, first, last)
        self._layers = layers
        self.done = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute(_SQL.read_bytes())
                for _ in range(self._layers):
                    row = connection.execute("SELECT pg_temp.bench_history(%s, %s, %s)", self._layer).fetchone()
                    self.done += row[0] if row else 0
        except psycopg.Error as error:
            self.error = error


def _run(lanes: list[_Lane], progress: Callable[[int], None]) -> None:
    for lane in lanes:
        lane.start()
    shown_at = time.monotonic()
    while any(lane.is_alive() for lane in lanes):
        for lane in lanes:
            lane.join(1.0)
        if time.monotonic() - shown_at > 10:  # noqa: PLR2004 - seconds between two lines of progress
            shown_at = time.monotonic()
            progress(sum(lane.done for lane in lanes))
    for lane in lanes:
        if lane.error is not None:
            raise lane.error
