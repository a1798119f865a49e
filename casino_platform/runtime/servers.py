"""Finds or starts the embedded PostgreSQL and Redis of a data directory, for as long as somebody uses them."""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .places import server_identity, write_private
from .postgres import Postgres
from .redis_server import RedisServer
from .supervisor import Supervisor

PROJECT_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = PROJECT_DIR / ".data"
_START_TIMEOUT_SECONDS = 90.0


class UnableToStartServers(RuntimeError):
    """The embedded servers did not come up; the text says where to look."""


class AlreadyOwned(RuntimeError):
    """Another process runs the servers of this data directory."""


@dataclass(frozen=True)
class Servers:
    """Where a running pair of servers is reached."""

    database_url: str
    redis_url: str
    owner: str
    owner_pid: int


class FileLock:
    """An advisory lock that ends with the process holding it."""

    def __init__(self, path: Path) -> None:
        """Open the lock file, locking nothing yet."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def acquire(self, *, shared: bool = False, timeout_seconds: float = 0.0) -> bool:
        """Take the lock; False if it is still held by others after `timeout_seconds`."""
        deadline = time.monotonic() + timeout_seconds
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        while True:
            try:
                fcntl.flock(self._file, mode | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.05)
            else:
                return True

    def unlock(self) -> None:
        """Give the lock up, ready to take it again."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def release(self) -> None:
        """Give the lock up for good."""
        os.close(self._file)


def running_servers(data_dir: Path) -> Servers | None:
    """Return the servers that run for `data_dir` now, started by whomever."""
    record = data_dir / "servers.json"
    if not record.exists() or not is_owned(data_dir):
        return None
    try:
        servers = Servers(**json.loads(record.read_text()))
    except (OSError, ValueError, TypeError):  # being replaced at this moment
        return None
    # A new owner may not have removed the record of a killed one yet.
    return servers if Path(f"/proc/{servers.owner_pid}").exists() else None


def is_owned(data_dir: Path) -> bool:
    """Tell whether some process runs the servers of `data_dir`."""
    lock = FileLock(data_dir / "owner.lock")
    try:
        # Shared, so that two processes asking at once do not take each other for the owner.
        return not lock.acquire(shared=True)
    finally:
        lock.release()


def own(data_dir: Path, *, timeout_seconds: float = 2.0) -> FileLock:
    """
    Become the one process that runs the servers of `data_dir`.

    :raises AlreadyOwned: if another one is and stays so for `timeout_seconds`
    """
    lock = FileLock(data_dir / "owner.lock")
    if not lock.acquire(timeout_seconds=timeout_seconds):
        lock.release()
        raise AlreadyOwned(str(data_dir))
    forget_servers(data_dir)
    return lock


def start_servers(supervisor: Supervisor, data_dir: Path, *, owner: str, throw_away: bool) -> Servers:
    """
    Start both servers under `supervisor` and record where they are; the caller owns `data_dir`.

    A server whose URL is in the environment (DATABASE_URL, REDIS_URL) is used instead of an own one.

    :param owner: who runs them, for people and for `servers.json`
    :param throw_away: give up durability for speed; only for test runs
    :raises UnableToStart: if one does not come up
    """
    identity = server_identity()
    database_url = os.environ.get("DATABASE_URL")
    redis_url = os.environ.get("REDIS_URL")
    postgres = Postgres(data_dir, _port(data_dir, "postgres"), identity, throw_away)
    redis = RedisServer(data_dir, _port(data_dir, "redis"), identity, throw_away)
    needed = [server for server, url in ((postgres, database_url), (redis, redis_url)) if not url]
    for server in needed:
        server.prepare()
        supervisor.start(server.spec(), wait=False)
    for server in needed:
        supervisor.wait_until_ready(server.spec().name)
    if postgres in needed:
        postgres.bootstrap()
    servers = Servers(database_url or postgres.url(), redis_url or redis.url(), owner, os.getpid())
    _record(data_dir, servers)
    return servers


def forget_servers(data_dir: Path) -> None:
    """Remove the record of running servers, before they stop."""
    (data_dir / "servers.json").unlink(missing_ok=True)


@contextlib.contextmanager
def embedded_servers(data_dir: Path, *, throw_away: bool = False) -> Iterator[Servers]:
    """
    Use the servers of `data_dir`: those that run, or new ones that stop soon after their last user.

    :raises UnableToStartServers: if they do not come up
    """
    lock = FileLock(data_dir / "users.lock")
    # The keeper holds this exclusively only while it closes down.
    if not lock.acquire(shared=True, timeout_seconds=_START_TIMEOUT_SECONDS):
        raise UnableToStartServers(f"{data_dir} is being closed down and does not end")
    try:
        yield running_servers(data_dir) or _start_keeper(data_dir, throw_away=throw_away)
    finally:
        lock.release()


def _start_keeper(data_dir: Path, *, throw_away: bool) -> Servers:
    """Start the background process that owns the servers, unless somebody else is just doing it."""
    gate = FileLock(data_dir / "start.lock")
    if not gate.acquire(timeout_seconds=_START_TIMEOUT_SECONDS):
        raise UnableToStartServers("another process has been starting the servers for too long")
    try:
        keeper: subprocess.Popen[bytes] | None = None
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if servers := running_servers(data_dir):
                if keeper is not None:
                    keeper.returncode = 0  # it outlives us, which subprocess would call a leak
                return servers
            if not is_owned(data_dir) and (keeper is None or keeper.poll() is not None):
                if keeper is not None and keeper.returncode != 0:
                    break
                keeper = _spawn_keeper(data_dir, throw_away=throw_away)
            time.sleep(0.05)
    finally:
        gate.release()
    raise UnableToStartServers(f"the embedded servers did not start, see {data_dir / 'log'}")


def _spawn_keeper(data_dir: Path, *, throw_away: bool) -> "subprocess.Popen[bytes]":
    """Start the keeper, which outlives this process."""
    (data_dir / "log").mkdir(parents=True, exist_ok=True)
    flags = ["--throw-away"] if throw_away else []
    with (data_dir / "log" / "keeper.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "casino_platform.runtime.keeper", str(data_dir), *flags],
            cwd=PROJECT_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _record(data_dir: Path, servers: Servers) -> None:
    draft = data_dir / "servers.json.draft"
    write_private(draft, json.dumps(asdict(servers), indent=2), None)
    draft.rename(data_dir / "servers.json")


def _port(data_dir: Path, name: str) -> int:
    """Return a free loopback port, the one of last time where possible, so that people's tools find it again."""
    remembered = data_dir / "ports" / name
    with contextlib.suppress(OSError, ValueError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = int(remembered.read_text())
        probe.bind(("127.0.0.1", port))
        return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_text(str(port))
    return port
