"""Rate limits: atomic counters in Redis, and the DRF throttles built on them."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import redis
import structlog
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apps.core.client_address import client_address
from apps.core.ids import token_digest
from apps.core.redis_client import redis_client
from apps.core.request_context import current_actor

logger = structlog.get_logger(__name__)

# Count and expiry in one step: a counter that outlived its expiry would lock its key out for ever.
_HIT = """
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
local ttl = redis.call('PTTL', KEYS[1])
if ttl < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    ttl = tonumber(ARGV[1])
end
return {count, ttl}
"""


@dataclass(frozen=True, slots=True)
class Remaining:
    """What one hit left. ``retry_after_seconds`` is 0 while allowed."""

    allowed: bool
    remaining: int
    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class RateLimit:
    """
    At most ``limit`` hits a key in a window of ``seconds`` that starts with the first hit.

    ``when_redis_is_down`` decides what happens without Redis: ``"open"`` allows (traffic shaping),
    ``"closed"`` refuses (guessing of passwords and codes).
    """

    name: str
    limit: int
    seconds: int
    when_redis_is_down: Literal["open", "closed"] = "open"

    def hit(self, key: str, *, cost: int = 1) -> Remaining:
        """Count one attempt and say whether it is still within the limit. Atomic over processes."""
        try:
            count, ttl_milliseconds = redis_client().eval(_HIT, 1, self._redis_key(key), self.seconds * 1000, cost)
        except redis.RedisError as error:
            return self._without_redis(error)
        return self._remaining(int(count), int(ttl_milliseconds))

    def peek(self, key: str) -> Remaining:
        """Say whether one more attempt would be allowed, without counting one."""
        redis_key = self._redis_key(key)
        try:
            with redis_client().pipeline(transaction=True) as pipeline:
                pipeline.get(redis_key)
                pipeline.pttl(redis_key)
                count, ttl_milliseconds = pipeline.execute()
        except redis.RedisError as error:
            return self._without_redis(error)
        used = int(count or 0)
        if used >= self.limit:
            return self._remaining(self.limit + 1, int(ttl_milliseconds))
        return Remaining(allowed=True, remaining=self.limit - used, retry_after_seconds=0)

    def reset(self, key: str) -> None:
        """Forget the attempts of a key, e.g. after a successful log-in. Silent without Redis."""
        try:
            redis_client().delete(self._redis_key(key))
        except redis.RedisError as error:
            logger.warning("rate_limit.reset_failed", limit=self.name, error=str(error))

    def _redis_key(self, key: str) -> str:
        # Digested: keys may be addresses or user names, long or hostile.
        return f"ratelimit:{self.name}:{token_digest(key).hex()[:32]}"

    def _remaining(self, count: int, ttl_milliseconds: int) -> Remaining:
        allowed = count <= self.limit
        wait = 0 if allowed else max(1, -(-ttl_milliseconds // 1000))
        return Remaining(allowed, max(0, self.limit - count), wait)

    def _without_redis(self, error: redis.RedisError) -> Remaining:
        logger.warning("rate_limit.redis_down", limit=self.name, fails=self.when_redis_is_down, error=str(error))
        if self.when_redis_is_down == "open":
            return Remaining(allowed=True, remaining=0, retry_after_seconds=0)
        return Remaining(allowed=False, remaining=0, retry_after_seconds=self.seconds)


class RateLimitThrottle(BaseThrottle):
    """
    A DRF throttle over one :class:`RateLimit`; subclasses set ``rate_limit`` and may set the key.

    A refused request is answered 429 with Retry-After.
    """

    rate_limit: ClassVar[RateLimit]

    def __init__(self) -> None:
        self._wait_seconds = 0

    def key_for(self, request: Request, view: APIView) -> str | None:  # noqa: ARG002 - for subclasses
        """Whose attempts are counted together: the actor once known, else the address. None: no limit."""
        return current_actor() or client_address(request)

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request."""
        key = self.key_for(request, view)
        if key is None:
            return True
        outcome = self.rate_limit.hit(key)
        self._wait_seconds = outcome.retry_after_seconds
        return outcome.allowed

    def wait(self) -> float | None:
        """Seconds until the next attempt is allowed."""
        return self._wait_seconds


class AddressThrottle(RateLimitThrottle):
    """Counts by address even once the caller is known: for doors that are open to anyone."""

    def key_for(self, request: Request, view: APIView) -> str | None:  # noqa: ARG002
        """The caller's address."""
        return client_address(request)


def throttle(
    limit: RateLimit, *, base: type[RateLimitThrottle] = RateLimitThrottle, **attributes: Any
) -> type[RateLimitThrottle]:
    """Make a throttle class for a view's ``throttle_classes`` from a limit."""
    return type(f"{limit.name.title().replace('-', '')}Throttle", (base,), {"rate_limit": limit, **attributes})
