"""The section that measures providers' callbacks: taken at the door, worked off by a real worker, posted once each."""

import http.client
import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from benchmarks.figures import Figure
from benchmarks.ground import DATA_DIR, BenchFailed, Ground, free_port, is_live, say
from benchmarks.processor_time import used_seconds
from benchmarks.sections import Terms, section
from casino_platform.heartbeat import HEARTBEAT_KEY
from casino_platform.runtime.servers import PROJECT_DIR
from casino_platform.runtime.supervisor import ProcessSpec, Supervisor
from casino_platform.runtime.web import web_argv

_VENDORS = ("adyen", "trustly", "cryptoprocessing")
_COUNT, _CONNECTIONS = 600, 8
_PATIENCE_SECONDS = 180.0
_SETTLED_BAR = 100
"""Deposits a second that one worker process settles, beside the web server and PostgreSQL on the same machine."""
_WORKER = ("-m", "celery", "-A", "casino_platform", "worker", "--concurrency=1", "--without-gossip")


@section("callbacks", "Signed callbacks of payment providers, and the deposits that they settle")
def callbacks(ground: Ground, terms: Terms) -> list[Figure]:
    """For each run and vendor a fresh database, a web server and one worker process; every accepted one is posted."""
    figures = []
    for vendor in _VENDORS:
        runs = [_run(ground, vendor) for _ in range(terms.runs)]
        note = f"{_COUNT * terms.runs} accepted = posted"
        figures += [
            Figure("callbacks", f"{vendor}: taken at the door", [run.taken for run in runs], "callbacks/s"),
            Figure(
                "callbacks", f"{vendor}: settled, one worker", [run.settled for run in runs], "deposits/s",
                bar=_SETTLED_BAR, note=note,
            ),
            Figure("callbacks", f"{vendor}: processor, worker", [run.worker_ms for run in runs], "ms/deposit"),
            Figure("callbacks", f"{vendor}: processor, PostgreSQL", [run.database_ms for run in runs], "ms/deposit"),
        ]  # fmt: skip
    return figures


@dataclass(frozen=True)
class _Run:
    """What one run measured. PostgreSQL's share includes what the door costs it."""

    taken: float
    settled: float
    worker_ms: float
    database_ms: float


def _run(ground: Ground, vendor: str) -> _Run:
    database, path = f"bench_callbacks_{vendor}", DATA_DIR / "callbacks.jsonl"
    ground.clone_seeds(database)
    supervisor = Supervisor(DATA_DIR / "log", lambda name, message: say(f"[{name}] {message}"))
    try:
        ground.inside(database, "callbacks", step="prepare", vendor=vendor, count=_COUNT, path=str(path))
        port = free_port()
        for spec in _processes(ground, database, port):
            supervisor.start(spec)
        worker = supervisor.pid("callbacks-worker") or 0
        before = used_seconds(worker), ground.database_seconds()
        taken = _send(vendor, port, path)
        settled = _wait(ground, database, vendor)
        used = used_seconds(worker) - before[0], ground.database_seconds() - before[1]
    finally:
        supervisor.stop_all()
        path.unlink(missing_ok=True)
        ground.drop(database)
    worker_ms, database_ms = (seconds * 1000 / _COUNT for seconds in used)
    say(f"  {vendor}: {taken:.0f} taken, {settled:.0f} settled a second; {worker_ms:.1f} ms of the worker each")
    return _Run(taken, settled, worker_ms, database_ms)


def _processes(ground: Ground, database: str, port: int) -> list[ProcessSpec]:
    environment = ground.environment(database)
    web = web_argv(port=port, workers=ground.shape.workers, threads=ground.shape.threads)
    worker = [sys.executable, *_WORKER, "--without-mingle", "--loglevel=warning"]
    return [
        ProcessSpec(
            name="callbacks-web", argv=web, environment=environment, directory=PROJECT_DIR,
            ready=lambda: is_live(port),
        ),
        # Awake before the clock starts: what its start costs is no cost of a deposit.
        ProcessSpec(
            name="callbacks-worker", argv=worker, environment=environment, directory=PROJECT_DIR,
            ready=_new_heartbeat(environment["REDIS_URL"]),
        ),
    ]  # fmt: skip


def _new_heartbeat(redis_url: str) -> Callable[[], bool]:
    """Forget the worker before, and return what says whether the next one is awake."""
    client = Redis.from_url(redis_url)
    client.delete(HEARTBEAT_KEY)
    return lambda: bool(client.exists(HEARTBEAT_KEY))


def _send(vendor: str, port: int, path: Path) -> float:
    """Send every callback once, over a few kept-alive connections; returns how many were taken a second."""
    requests = [json.loads(line) for line in path.read_text().splitlines()]
    shares = [requests[place::_CONNECTIONS] for place in range(_CONNECTIONS)]
    started = time.perf_counter()
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        taken = sum(pool.map(lambda share: _send_share(vendor, port, share), shares))
    seconds = time.perf_counter() - started
    if taken != len(requests):
        raise BenchFailed(f"{vendor}: {taken} of {len(requests)} callbacks were taken")
    return taken / seconds


def _send_share(vendor: str, port: int, requests: Sequence[dict[str, Any]]) -> int:
    connection, taken = http.client.HTTPConnection("127.0.0.1", port, timeout=30), 0
    for request in requests:
        headers = {"Content-Type": "application/json", **request["headers"]}
        connection.request("POST", f"/psp/{vendor}/{request['path']}", request["body"].encode(), headers)
        answer = connection.getresponse()
        answer.read()
        taken += answer.status == http.client.OK
    connection.close()
    return taken


def _wait(ground: Ground, database: str, vendor: str) -> float:
    """Wait until the inbox is empty, and prove that what was taken is posted, once each."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while ground.inside(database, "callbacks", step="look", vendor=vendor)["states"] != {"processed": _COUNT}:
        if time.monotonic() > until:
            raise BenchFailed(f"{vendor}: the inbox was not worked off within {_PATIENCE_SECONDS:g} s")
        time.sleep(0.5)
    found = ground.inside(database, "callbacks", step="prove", vendor=vendor)
    if (found["settled"], found["posted"], found["breaks"]) != (_COUNT, _COUNT, []):
        raise BenchFailed(f"{vendor}: {_COUNT} taken, but {found}")
    return float(_COUNT / found["seconds"])
