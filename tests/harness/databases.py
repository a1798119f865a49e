"""Gives each test process a PostgreSQL database of its own, cloned from a template that is migrated once."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.harness.resetting import Pristine

PROJECT_DIR = Path(__file__).resolve().parents[2]
_TEMPLATE_PREFIX = "casino_template_"
_RUN_PREFIX = "casino_test_"
# Any constant: it names the advisory lock under which a template is built.
_TEMPLATE_LOCK = 7_102_025
_KEPT_TEMPLATES = 3
_SOURCES = (
    "apps/*/migrations/*.py",
    "apps/*/sql/**/*.sql",
    "requirements/base.txt",
    "casino_platform/settings/base.py",
)


def template_name() -> str:
    """Return the template's name: a digest of everything that decides what migrations make."""
    digest = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(PROJECT_DIR.glob(pattern)):
            digest.update(str(path.relative_to(PROJECT_DIR)).encode())
            digest.update(path.read_bytes())
    return _TEMPLATE_PREFIX + digest.hexdigest()[:16]


def run_database_name(worker: str) -> str:
    """Return the name of this process's database; it carries the process id, so that leftovers are known."""
    return f"{_RUN_PREFIX}{os.getpid()}_{worker}"


def url_of(server_url: str, database: str) -> str:
    """Return `server_url` with another database name."""
    return make_conninfo(server_url, dbname=database)


class Databases:
    """Makes, resets and drops the databases of one test process."""

    def __init__(self, server_url: str) -> None:
        """
        Use a server.

        :param server_url: connection URL whose database is only used to send CREATE and DROP DATABASE
        """
        self._server_url = server_url
        self._template: str | None = None
        self._pristine: dict[str, Pristine | None] = {}

    def renew(self, name: str) -> None:
        """Make the database `name` as migrations leave it: in place where that can be done."""
        with self._maintenance() as maintenance:
            maintenance.execute(_DISCONNECT, [name])
        with psycopg.connect(url_of(self._server_url, name), autocommit=True) as database:
            known = self._pristine.get(name)
            if known and known.put_back(database):
                return
        self.clone(name)
        with psycopg.connect(url_of(self._server_url, name), autocommit=True) as database:
            self._pristine[name] = Pristine.of(database)

    def clone(self, name: str) -> None:
        """Make the database `name` as migrations leave it, replacing one that exists."""
        if self._template is None:
            self._template = self._ensure_template()
        with self._maintenance() as maintenance:
            _drop(maintenance, name)
            maintenance.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(self._template))
            )

    def drop(self, name: str) -> None:
        """Drop the database `name`, whoever is still connected to it."""
        with self._maintenance() as maintenance:
            _drop(maintenance, name)

    def drop_leftovers(self) -> None:
        """Drop databases of test processes that were killed, and all but the newest templates."""
        with self._maintenance() as maintenance:
            query = "SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY oid DESC"
            for (name,) in maintenance.execute(query, [f"{_RUN_PREFIX}%"]).fetchall():
                found = re.match(rf"{_RUN_PREFIX}(\d+)_", name)
                if found and not Path(f"/proc/{found.group(1)}").exists():
                    _drop(maintenance, name)
            templates = maintenance.execute(query, [f"{_TEMPLATE_PREFIX}%"]).fetchall()
            for (name,) in templates[_KEPT_TEMPLATES:]:
                with contextlib.suppress(psycopg.errors.ObjectInUse):
                    _drop(maintenance, name)

    def _ensure_template(self) -> str:
        name = template_name()
        with self._maintenance() as maintenance:
            maintenance.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
            found = maintenance.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not found:
                self._build_template(maintenance, name)
        return name

    def _build_template(self, maintenance: psycopg.Connection, name: str) -> None:
        draft = f"{name}_draft"
        _drop(maintenance, draft)
        maintenance.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
        with pointed_at(draft):
            call_command("migrate", verbosity=0, interactive=False)
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        maintenance.execute(rename.format(sql.Identifier(draft), sql.Identifier(name)))

    @contextlib.contextmanager
    def _maintenance(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self._server_url, autocommit=True) as maintenance:
            yield maintenance


@contextlib.contextmanager
def pointed_at(database: str) -> Iterator[None]:
    """Let this process's Django talk to another database of the same server for a while."""
    before: str = settings.DATABASES["default"]["NAME"]
    point_at(database)
    try:
        yield
    finally:
        point_at(before)


def point_at(database: str) -> None:
    """Let this process's Django talk to `database` from now on, in every thread."""
    connections.close_all()
    # One dictionary shared by settings, the connection handler and every thread's connection.
    settings.DATABASES["default"]["NAME"] = database


_DROP_TRIES = 5
_DISCONNECT = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
     WHERE datname = %s AND usename = current_user AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def _drop(maintenance: psycopg.Connection, name: str) -> None:
    # Not WITH (FORCE): our role may not end an autovacuum worker, which a plain DROP sends away by itself. Whoever
    # connects anew in between is sent away with the next try.
    for _ in range(_DROP_TRIES):
        maintenance.execute(_DISCONNECT, [name])
        try:
            maintenance.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        except psycopg.errors.ObjectInUse:
            continue
        return
    raise RuntimeError(f"{name} is still in use")
