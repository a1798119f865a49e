"""Lets a Celery worker tell the readiness check that it is alive; holds nothing else."""

import time
from typing import Any

from celery import bootsteps
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

HEARTBEAT_KEY = "casino:worker-heartbeat"
BEAT_SECONDS = 2.0
# A worker that missed this many seconds of beats counts as gone.
ALIVE_SECONDS = 10


class WorkerHeartbeat(bootsteps.StartStopStep):
    """Writes an expiring key to Redis from the worker's own event loop, so a hung loop goes silent."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **options: Any) -> None:
        """Take the worker's options; none concerns us."""
        super().__init__(parent, **options)
        self._entry: Any = None

    def start(self, parent: Any) -> None:
        """Begin beating when the worker starts."""
        self._entry = parent.timer.call_repeatedly(BEAT_SECONDS, beat, (), priority=10)

    def stop(self, parent: Any) -> None:
        """Fall silent when the worker stops."""
        if self._entry is not None:
            parent.timer.cancel(self._entry)
            self._entry = None


def beat() -> None:
    """Record that a worker is alive now."""
    try:
        client = Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=1, socket_connect_timeout=1)
        with client:
            client.set(HEARTBEAT_KEY, str(time.time()), ex=ALIVE_SECONDS)
    except RedisError:
        # Silence is the message: the key runs out and readiness fails.
        return
