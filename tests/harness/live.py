"""A whole platform on free ports for tests that speak HTTP: Granian, on request a Celery worker, its own database."""

import contextlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import httpx2
from pytest_django import DjangoDbBlocker

from casino_platform.runtime.supervisor import ProcessSpec, Supervisor
from casino_platform.runtime.web import web_argv
from tests.harness.databases import PROJECT_DIR, pointed_at


@dataclass
class LivePlatform:
    """What a test needs to know of the running platform."""

    base_url: str
    database: str
    environment: dict[str, str]
    supervisor: Supervisor
    blocker: DjangoDbBlocker

    @contextlib.contextmanager
    def in_database(self) -> Iterator[None]:
        """Let the test's own Django code read and write the platform's database."""
        with self.blocker.unblock(), pointed_at(self.database):
            yield

    def await_connections(self) -> None:
        """Wait until every web worker must know the integrations as they are now."""
        time.sleep(import_module("apps.integrations.connections").LONGEST_AGE_SECONDS)

    def start_worker(self) -> None:
        """Start a Celery worker and wait until the platform calls itself ready."""
        argv = [sys.executable, "-m", "celery", "-A", "casino_platform", "worker", "--concurrency=2"]
        self.supervisor.start(
            ProcessSpec(
                name="worker",
                argv=[*argv, "--without-gossip", "--without-mingle", "--loglevel=warning"],
                environment=self.environment,
                directory=PROJECT_DIR,
                ready=lambda: answers(f"{self.base_url}/health/ready"),
            )
        )

    def log_tail(self, name: str = "web") -> str:
        """Return the last lines a process of the platform wrote."""
        return self.supervisor.log_tail(name, lines=60)


def start_platform(
    *, database: str, database_url: str, redis_url: str, logs: Path, blocker: DjangoDbBlocker
) -> LivePlatform:
    """Start the web server on a free port and wait until it answers."""
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "casino_platform.settings.test",
        "DATABASE_URL": database_url,
        "DATABASE_POOL_SIZE": "8",
        "REDIS_URL": redis_url,
        "SANDBOX": "1",
        "BASE_URL": base_url,
    }
    supervisor = Supervisor(logs, lambda name, message: print(f"[{name}] {message}"))
    platform = LivePlatform(base_url, database, environment, supervisor, blocker)
    try:
        supervisor.start(
            ProcessSpec(
                name="web",
                argv=web_argv(port=port, workers=2, threads=16),
                environment=environment,
                directory=PROJECT_DIR,
                ready=lambda: answers(f"{base_url}/health/live"),
            )
        )
    except BaseException:
        supervisor.stop_all()
        raise
    return platform


def answers(url: str) -> bool:
    """Tell whether a GET of `url` is answered with 200."""
    try:
        return httpx2.get(url, timeout=2).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
