"""Embedded servers: shared by their users, private to the machine, gone after their last user."""

import os
import shutil
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from casino_platform.runtime import servers
from casino_platform.runtime.places import fallback_path
from casino_platform.runtime.servers import AlreadyOwned, embedded_servers, own, running_servers


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Offer an empty data directory, below a directory only its owner may enter."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    directory = tmp_path / "data"
    directory.mkdir()
    tmp_path.chmod(0o700)
    yield directory
    shutil.rmtree(fallback_path(directory), ignore_errors=True)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        pause.wait(0.05)


def answers(database_url: str) -> bool:
    try:
        psycopg.connect(database_url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_servers_start_are_shared_and_end_with_their_last_user(data_dir: Path) -> None:
    with embedded_servers(data_dir, throw_away=True) as first:
        with embedded_servers(data_dir, throw_away=True) as second:
            assert second == first
        with psycopg.connect(first.database_url) as connection:
            row = connection.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
            assert row.fetchone() == ("casino", False)
            assert connection.info.server_version >= 180000
        with redis.Redis.from_url(first.redis_url) as client:
            assert client.ping()
        assert stat.S_IMODE((data_dir / "servers.json").stat().st_mode) == 0o600
        with pytest.raises(AlreadyOwned):
            own(data_dir, timeout_seconds=0)

    wait_for(lambda: running_servers(data_dir) is None)
    wait_for(lambda: not servers.is_owned(data_dir))
    assert not answers(first.database_url)


def test_data_outlives_the_servers_and_a_killed_keeper_takes_them_along(data_dir: Path) -> None:
    with embedded_servers(data_dir) as found:
        with psycopg.connect(found.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
            durability: dict[str, str] = dict(
                connection.execute(
                    "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'jit')"
                ).fetchall()
            )
        assert durability == {"fsync": "on", "synchronous_commit": "on", "jit": "off"}

        os.kill(found.owner_pid, signal.SIGKILL)
        wait_for(lambda: not answers(found.database_url))

    with embedded_servers(data_dir) as again, psycopg.connect(again.database_url) as connection:
        assert connection.execute("SELECT seven FROM kept").fetchone() == (7,)


def test_servers_want_a_password_and_listen_on_loopback_only(data_dir: Path) -> None:
    with embedded_servers(data_dir, throw_away=True) as found:
        with psycopg.connect(found.database_url) as connection:
            shown = connection.execute("SHOW listen_addresses").fetchone()
            port = connection.info.port
        assert shown == ("127.0.0.1",)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://casino@127.0.0.1:{port}/casino", connect_timeout=2)
        without_password = "redis://" + found.redis_url.rsplit("@", 1)[1]
        with redis.Redis.from_url(without_password) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
