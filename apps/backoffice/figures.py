"""Live figures of play, from the ledger. Finished minutes and hours are remembered in Redis, which may forget them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

import redis
from django.core.cache import cache
from django.db import connection

from apps.backoffice.figure_statements import ACTIVE_PLAYERS, PLAY
from apps.core.ids import uuid7, uuid7_time
from apps.transactions.models import Account, AccountKind

Width = Literal["minute", "hour"]
MINUTES_SHOWN = 60
ACTIVE_WITHIN = timedelta(minutes=5)
_STEP = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
# A transaction's id is made before it commits; a bucket is final when the last one has surely committed.
_SETTLES = timedelta(seconds=15)
_KEPT_SECONDS = 26 * 60 * 60

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Play:
    """Play of one brand in one currency in one minute or hour, in ledger units."""

    brand_id: int
    currency: str
    bets: int
    staked: int
    ggr: int


Buckets = dict[datetime, list[Play]]


def real_now() -> datetime:
    """Real time, which the ids carry; the sandbox moves only the business clock."""
    return uuid7_time(uuid7())


def play_by_minute(now: datetime) -> Buckets:
    """The last hour, minute by minute, the running one included."""
    return _buckets("minute", now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES_SHOWN - 1), now)


def play_today(now: datetime) -> Buckets:
    """Hours since midnight UTC."""
    return _buckets("hour", now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0), now)


def active_players(now: datetime) -> dict[int, int]:
    """Players by brand who have bet in the last five minutes."""

    def count() -> dict[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(ACTIVE_PLAYERS, {"since": now - ACTIVE_WITHIN})
            return dict(cursor.fetchall())

    return remembered("active-players", 10, count)


def remembered(name: str, seconds: int, make: Callable[[], Made]) -> Made:
    """Return what was made within the last `seconds`; without Redis it is made each time."""
    key = f"staff:{name}"
    try:
        known: Made | None = cache.get(key)
    except redis.RedisError:
        return make()
    if known is None:
        known = make()
        try:
            cache.set(key, known, timeout=seconds)
        except redis.RedisError:
            return known
    return known


def total(buckets: Iterable[list[Play]], brands: frozenset[int] | None) -> dict[str, Play]:
    """Sum by currency, over the brands that may be seen (None: all)."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for bucket in buckets:
        for play in bucket:
            if brands is None or play.brand_id in brands:
                of = sums[play.currency]
                of[0] += play.bets
                of[1] += play.staked
                of[2] += play.ggr
    return {currency: Play(0, currency, *of) for currency, of in sums.items()}


def _buckets(width: Width, first: datetime, now: datetime) -> Buckets:
    """Collect buckets from `first` on: remembered ones, and the rest in one query."""
    step = _STEP[width]
    starts = []
    at = first
    while at <= now:
        starts.append(at)
        at += step
    keys = {f"staff:play:{width}:{start:%Y%m%d%H%M}": start for start in starts}
    try:
        known: dict[str, Any] = cache.get_many(keys)
    except redis.RedisError:
        known = {}
    found = {keys[key]: [Play(*row) for row in rows] for key, rows in known.items()}
    missing = [start for start in starts if start not in found]
    if missing:
        counted = _count(width, missing[0], missing[-1] + step)
        for start in missing:
            found[start] = counted.get(start, [])
        _remember(width, {start: found[start] for start in missing if start + step + _SETTLES < now})
    return {start: found[start] for start in starts}


def _count(width: Width, since: datetime, until: datetime) -> Buckets:
    providers = list(Account.objects.filter(player_id=None, kind=AccountKind.PROVIDER).values_list("pk", flat=True))
    counted: Buckets = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(PLAY, {"width": width, "since": since, "until": until, "providers": providers})
        for bucket, *row in cursor.fetchall():
            counted[bucket].append(Play(*row))
    return counted


def _remember(width: Width, final: Buckets) -> None:
    rows = {
        f"staff:play:{width}:{start:%Y%m%d%H%M}": [
            (play.brand_id, play.currency, play.bets, play.staked, play.ggr) for play in bucket
        ]
        for start, bucket in final.items()
    }
    try:
        cache.set_many(rows, timeout=_KEPT_SECONDS)
    except redis.RedisError:
        return
