"""What every section stands on: an embedded, durable PostgreSQL and Redis, databases cloned from seeds, web servers."""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks.bets import SignedBet, new_key, public_key, signed_bets, write_bets
from benchmarks.load_generator import LoadResult
from benchmarks.processor_time import used_seconds
from casino_platform.runtime.local_secrets import local_credentials_key, local_secret
from casino_platform.runtime.places import write_private
from casino_platform.runtime.servers import PROJECT_DIR, Servers, forget_servers, own, start_servers
from casino_platform.runtime.supervisor import ProcessSpec, Supervisor
from casino_platform.runtime.web import web_argv

DATA_DIR = PROJECT_DIR / ".data" / "bench"
_PREFIX = "bench_"
# What decides what a seeded or filled database holds.
_SOURCES = ("apps/*/migrations/*.py", "apps/*/sql/*.sql", "benchmarks/inside/seed.py", "benchmarks/fill.sql")
_SIGNED_MARGIN = 1.4
"""More bets are signed than the last rate would use, so that a faster run does not run out of them."""
_FIRST_GUESS_PER_SECOND = 1_500
_WARM_UP_SECONDS = 2.0
_DISCONNECT = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND usename = current_user"
)


class BenchFailed(RuntimeError):
    """The benchmark can not go on; the text says why."""


@dataclass(frozen=True)
class Shape:
    """How the web server is laid out; None takes the settings' default."""

    workers: int = 2
    threads: int = 32
    lanes: int | None = None


@dataclass
class Web:
    """A running web server over one database, and what was played through it."""

    name: str
    database: str
    port: int
    rate: float = _FIRST_GUESS_PER_SECOND
    accepted: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    pid: int = 0
    raw_bets: int = 0
    """Bets that pgbench counted as done in the same database."""


class Ground:
    """The servers of one sitting. Use it as a context manager; only one runs in a checkout at a time."""

    def __init__(self, *, wallets: int, shape: Shape, keep: bool) -> None:
        """
        Start nothing yet.

        :param keep: leave the databases for the next sitting, which then neither seeds nor fills
        """
        self.wallets = wallets
        self.shape = shape
        self.webs: list[Web] = []
        self.seeds: dict[str, int] = {}
        self._keep = keep
        self._supervisor = Supervisor(DATA_DIR / "log", _report)
        self._servers: Servers

    def __enter__(self) -> Self:
        # Never somebody's own server: this one is flooded, and its databases are dropped.
        for name in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)
        self._lock = own(DATA_DIR, timeout_seconds=15)
        say("Starting PostgreSQL (fsync and synchronous_commit on) and Redis ...")
        try:
            self._servers = start_servers(self._supervisor, DATA_DIR, owner="bench", throw_away=False)
            self._key = self._vendor_key()
            self._drop_leftovers()
            self._seed()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if not self._keep:
                for database in self.databases():
                    self.drop(database)
        finally:
            self._close()

    def _close(self) -> None:
        forget_servers(DATA_DIR)
        self._supervisor.stop_all()
        self._lock.release()

    # --- databases ------------------------------------------------------------------------------

    @property
    def seeds_name(self) -> str:
        """Name of the database that holds the seeds; its digest says which."""
        return f"{_PREFIX}seeds_{self.digest}"

    def databases(self) -> list[str]:
        """All databases of the benchmark."""
        with self.maintenance() as connection:
            rows = connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{_PREFIX}%"]
            ).fetchall()
        return [name for (name,) in rows]

    def url(self, database: str) -> str:
        """Return the connection URL of a database."""
        return make_conninfo(self._servers.database_url, dbname=database)

    def create(self, database: str) -> None:
        """Make an empty database."""
        self.drop(database)
        with self.maintenance() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))

    def clone_seeds(self, database: str) -> None:
        """Make a database that is a copy of the seeds."""
        self.drop(database)
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        with self.maintenance() as connection:
            connection.execute(statement.format(sql.Identifier(database), sql.Identifier(self.seeds_name)))

    def drop(self, database: str) -> None:
        """Drop a database of the benchmark, whoever is connected to it."""
        assert database.startswith(_PREFIX)
        with self.maintenance() as connection:
            # Not WITH (FORCE): it fails while autovacuum is in there, which a plain DROP sends away.
            connection.execute(_DISCONNECT, [database])
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(database)))

    def rename(self, database: str, name: str) -> None:
        """Give a database another name: the sign that it is whole."""
        statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        with self.maintenance() as connection:
            connection.execute(statement.format(sql.Identifier(database), sql.Identifier(name)))

    @contextlib.contextmanager
    def maintenance(self, database: str = "") -> Iterator[psycopg.Connection]:
        """Connect in autocommit mode, to the server's own database unless told otherwise."""
        url = self.url(database) if database else self._servers.database_url
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    def connection_of(self, database: str) -> dict[str, str]:
        """Return host, port, user, password and database name, as libpq calls them."""
        return {name: str(value) for name, value in conninfo_to_dict(self.url(database)).items()}

    @cached_property
    def digest(self) -> str:
        """Of everything that decides what a seeded database holds, as it was when the sitting began."""
        digest = hashlib.sha256(f"{self.wallets} {public_key(self._key)}".encode())
        for path in sorted(path for pattern in _SOURCES for path in PROJECT_DIR.glob(pattern)):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:12]

    def _drop_leftovers(self) -> None:
        """Drop what an interrupted sitting left, and seeds of other code."""
        for database in self.databases():
            if not database.endswith(self.digest):
                self.drop(database)
        for notes in DATA_DIR.glob(f"{_PREFIX}*.json"):
            if notes.stem != self.seeds_name:
                notes.unlink()

    def _seed(self) -> None:
        notes = DATA_DIR / f"{self.seeds_name}.json"
        if self.seeds_name in self.databases() and notes.exists():
            self.seeds = json.loads(notes.read_text())
            return
        say(f"Migrating and seeding {self.wallets} wallets ...")
        draft = f"{_PREFIX}draft"
        self.create(draft)
        self.manage(draft, "migrate", "--verbosity", "0")
        self.seeds = self.inside(draft, "seed", wallets=self.wallets, public_key_pem=public_key(self._key))
        self.rename(draft, self.seeds_name)
        notes.write_text(json.dumps(self.seeds))

    def _vendor_key(self) -> str:
        path = DATA_DIR / "vendor-key.pem"
        if not path.exists():
            write_private(path, new_key(), None)
        return path.read_text()

    # --- processes ------------------------------------------------------------------------------

    def environment(self, database: str) -> dict[str, str]:
        """Return the environment of a platform process over a database: the demo's, but quiet, without sandbox."""
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "casino_platform.settings.development",
            "DATABASE_URL": self.url(database),
            "REDIS_URL": self._servers.redis_url,
            "SECRET_KEY": local_secret(DATA_DIR, "secret-key"),
            "CREDENTIALS_KEYS": local_credentials_key(DATA_DIR),
            "SANDBOX": "0",
            "DEBUG": "0",
            "LOG_LEVEL": "WARNING",
            "LOG_JSON": "1",
        }
        if self.shape.lanes is not None:
            environment["WALLET_LANES"] = str(self.shape.lanes)
        return environment

    def manage(self, database: str, *arguments: str) -> None:
        """Run a management command."""
        self._run([sys.executable, "manage.py", *arguments], self.environment(database))

    def inside(self, database: str, module: str, **keywords: Any) -> Any:
        """Run a module of `benchmarks.inside` over a database and return its result."""
        argv = [sys.executable, "-m", "benchmarks.inside", module, json.dumps(keywords)]
        return json.loads(self._run(argv, self.environment(database)).splitlines()[-1])

    def rival(self, python: Path, script: str, database: str, **keywords: Any) -> Any:
        """Run a script of `benchmarks/rivals` with another environment's Python and return its result."""
        argv = [str(python), str(PROJECT_DIR / "benchmarks" / "rivals" / script), json.dumps(keywords)]
        address = json.dumps(self.connection_of(database))
        return json.loads(self._run(argv, {**os.environ, "BENCH_DATABASE": address}).splitlines()[-1])

    def _run(self, argv: list[str], environment: dict[str, str]) -> str:
        finished = subprocess.run(
            argv,
            env=environment,
            cwd=PROJECT_DIR,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise BenchFailed(f"{' '.join(argv[1:4])} failed:\n{finished.stdout[-2000:]}\n{finished.stderr[-4000:]}")
        return finished.stdout

    def database_seconds(self) -> float:
        """Processor seconds that PostgreSQL has used."""
        return used_seconds(self._supervisor.pid("postgres") or 0)

    # --- the web server and its load ------------------------------------------------------------

    @contextlib.contextmanager
    def web(self, database: str) -> Iterator[Web]:
        """Run the platform's web server over a database, warmed up; what is played on it is proven at the end."""
        web = Web(name=f"web-{database}-{len(self.webs)}", database=database, port=free_port())
        metrics = DATA_DIR / "metrics" / database
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir(parents=True)
        spec = ProcessSpec(
            name=web.name,
            argv=web_argv(port=web.port, workers=self.shape.workers, threads=self.shape.threads),
            environment={**self.environment(database), "PROMETHEUS_MULTIPROC_DIR": str(metrics)},
            directory=PROJECT_DIR,
            ready=lambda: is_live(web.port),
        )
        supervisor = Supervisor(DATA_DIR / "log", _report)
        try:
            supervisor.start(spec)
            web.pid = supervisor.pid(web.name) or 0
            self.webs.append(web)
            self.play(web, connections=32, seconds=_WARM_UP_SECONDS)
            yield web
        finally:
            supervisor.stop_all()

    def play(self, web: Web, *, connections: int, seconds: float, wallets: range | None = None) -> LoadResult:
        """Sign enough bets on random wallets (all seeded unless given), play them, and note what became of them."""
        count = int(web.rate * seconds * _SIGNED_MARGIN)
        bets = signed_bets(
            count,
            wallets=wallets or range(1, self.wallets + 1),
            private_key_pem=self._key,
            host=f"127.0.0.1:{web.port}",
        )
        database_before, web_before = self.database_seconds(), used_seconds(web.pid)
        result = self._play_in_own_process(bets, web.port, connections, seconds)
        bets_done = max(1, len(result.accepted))
        result.web_ms = (used_seconds(web.pid) - web_before) * 1000 / bets_done
        result.database_ms = (self.database_seconds() - database_before) * 1000 / bets_done
        if result.ran_out:
            say(f"  {count} signed bets were too few: that run was shorter, {result.seconds:.1f} s")
        web.rate = result.rate
        web.accepted += result.accepted
        web.unknown += result.unknown
        for reason, times in result.refused.items():
            web.refused[reason] = web.refused.get(reason, 0) + times
        return result

    def _play_in_own_process(self, bets: list[SignedBet], port: int, connections: int, seconds: float) -> LoadResult:
        path = DATA_DIR / "bets.bin"
        write_bets(path, bets)
        argv = [sys.executable, "-m", "benchmarks.load_generator", "--bets", str(path), "--port", str(port)]
        argv += ["--connections", str(connections), "--seconds", str(seconds)]
        try:
            return LoadResult(**json.loads(self._run(argv, dict(os.environ))))
        finally:
            path.unlink()


def say(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


def _report(name: str, message: str) -> None:
    say(f"[{name}] {message}")


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_live(port: int) -> bool:
    """Whether a web server answers there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5):
            return True
    except (OSError, urllib.error.HTTPError):
        time.sleep(0.1)
        return False
