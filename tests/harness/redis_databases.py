"""Gives each test process a logical Redis database of its own, never one that holds somebody's data."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import redis

from casino_platform.runtime.servers import FileLock

_MARKER = "casino:test-database"


class NoFreeRedisDatabase(RuntimeError):
    """Every logical database of the given Redis is in use or holds foreign data."""


@contextlib.contextmanager
def claimed(server_url: str) -> Iterator[str]:
    """
    Yield the URL of an empty logical database that is ours alone for the while.

    :raises NoFreeRedisDatabase: if none is free
    """
    parts = urlsplit(server_url)
    locks = Path(tempfile.gettempdir()) / f"casino-test-redis-{os.geteuid()}-{parts.hostname}-{parts.port}"
    with redis.Redis.from_url(server_url) as client:
        count = int(client.config_get("databases")["databases"])
    for number in range(1, count):
        lock = FileLock(locks / f"{number}.lock")
        url = urlunsplit(parts._replace(path=f"/{number}"))
        try:
            if lock.acquire() and _make_ours(url):
                yield url
                return
        finally:
            lock.release()
    raise NoFreeRedisDatabase(str(parts.hostname))


def empty(client: redis.Redis) -> None:
    """Delete everything in one of our databases; it stays marked as ours."""
    client.flushdb()
    client.set(_MARKER, "1")


def _make_ours(url: str) -> bool:
    """Empty the database if it is one of ours or already empty."""
    with redis.Redis.from_url(url) as client:
        if client.dbsize() and not client.exists(_MARKER):
            return False
        empty(client)
    return True
