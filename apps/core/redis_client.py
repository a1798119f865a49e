"""The one Redis connection pool for atomic counters and short-lived facts. Nothing here is truth."""

from functools import cache

import redis
from django.conf import settings


@cache
def _client_of(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, health_check_interval=30)


def redis_client() -> "redis.Redis":
    """Client of settings.REDIS_URL, with short timeouts: Redis away must not mean requests hanging."""
    return _client_of(settings.REDIS_URL)
