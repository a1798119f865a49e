"""Liveness and readiness: does this process serve, and is everything it needs usable."""

import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis
from redis.exceptions import RedisError

# Written by the Celery worker's heartbeat step (casino_platform/heartbeat.py).
WORKER_HEARTBEAT_KEY = "casino:worker-heartbeat"
_MIGRATIONS_RECHECK_SECONDS = 30.0

_migrations_seen_applied_at: float | None = None


class NotReady(Exception):
    """One part is not usable; the text says why, without addresses or secrets."""


@require_safe
@never_cache
def live(_request: HttpRequest) -> JsonResponse:
    """Answer 200 as soon as the process serves."""
    return JsonResponse({"status": "live"})


@require_safe
@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """Answer 200 only when every part is usable, else 503; the body says which part is not."""
    parts = {name: _state_of(check) for name, check in _CHECKS.items()}
    is_ready = all(state == "ok" for state in parts.values())
    status = "ready" if is_ready else "not ready"
    response = JsonResponse({"status": status, "parts": parts}, status=200 if is_ready else 503)
    # Django would log each 503 as an error of this process, once a probe.
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's own switch for that
    return response


def _state_of(check: Callable[[], None]) -> str:
    try:
        check()
    except NotReady as reason:
        return str(reason)
    return "ok"


def _check_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        raise NotReady("does not answer") from error


def _check_migrations() -> None:
    global _migrations_seen_applied_at  # noqa: PLW0603 - reading the whole history at each probe is too dear
    seen = _migrations_seen_applied_at
    if seen is not None and time.monotonic() - seen < _MIGRATIONS_RECHECK_SECONDS:
        return
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise NotReady("unknown, the database does not answer") from error
    if missing:
        raise NotReady(f"{len(missing)} not applied")
    _migrations_seen_applied_at = time.monotonic()


def _check_redis() -> None:
    try:
        with _redis() as client:
            client.ping()
    except RedisError as error:
        raise NotReady("does not answer") from error


def _check_worker() -> None:
    try:
        with _redis() as client:
            is_alive = client.exists(WORKER_HEARTBEAT_KEY)
    except RedisError as error:
        raise NotReady("unknown, Redis does not answer") from error
    if not is_alive:
        raise NotReady("no Celery worker has been heard of lately")


def _redis() -> Redis:
    # Of its own, not from the pool: the check must see a server that came back at once.
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


_CHECKS: dict[str, Callable[[], None]] = {
    "database": _check_database,
    "migrations": _check_migrations,
    "redis": _check_redis,
    "worker": _check_worker,
}
