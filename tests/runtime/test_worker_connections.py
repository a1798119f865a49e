"""A worker keeps its database connection between tasks: what becomes of it when the database or a task ends badly."""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from celery import Celery

from casino_platform.runtime.places import fallback_path
from casino_platform.runtime.servers import PROJECT_DIR, start_servers
from casino_platform.runtime.supervisor import ProcessSpec, Supervisor

_PATIENCE_SECONDS = 60


class Scene:
    """A worker with one process, its own PostgreSQL and Redis, and a table of the words that its tasks wrote."""

    def __init__(self, supervisor: Supervisor, database_url: str, redis_url: str) -> None:
        self.supervisor = supervisor
        self._database_url = database_url
        self._app = Celery(broker=redis_url)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask PostgreSQL by a connection of our own."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def words(self) -> set[str]:
        """What is committed."""
        return {word for (word,) in self.query("SELECT word FROM words")}

    def backends(self) -> set[int]:
        """PostgreSQL's side of the connections that the worker keeps."""
        return {pid for (pid,) in self.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'casino'")}

    def cut(self, backends: set[int]) -> None:
        """End these connections from PostgreSQL's side."""
        for backend in backends:
            assert self.query("SELECT pg_terminate_backend(%s, 5000)", backend) == [(True,)]

    def send(self, task: str, word: str, **options: Any) -> None:
        """Queue a task; they are done in the order of their sending."""
        keywords = {"word": word, **options.pop("more", {})}
        self._app.send_task(f"tests.{task}", kwargs=keywords, queue="casino", **options)

    def write(self, word: str) -> int:
        """Have a word written, and return which process of PostgreSQL did it."""
        self.send("write", word)
        self.wait_for(lambda: word in self.words())
        ((backend,),) = self.query("SELECT backend FROM words WHERE word = %s", word)
        return int(backend)

    def wait_for_a_slow_writer(self) -> int:
        """Wait until a task is between its writing and its commit, and return its process of PostgreSQL."""
        asleep = (
            "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE 'INSERT INTO words%'"
        )
        self.wait_for(lambda: bool(self.query(asleep)))
        ((backend,),) = self.query(asleep)
        return int(backend)

    def wait_for(self, condition: Callable[[], bool], *, restarting: bool = True) -> None:
        """Wait for other processes, which only the clock can end; by default dead servers are started again."""
        deadline, pause = time.monotonic() + _PATIENCE_SECONDS, threading.Event()
        while not condition():
            assert time.monotonic() < deadline, self.supervisor.log_tail("worker", 40)
            if restarting:
                self.supervisor.tick()
            pause.wait(0.05)

    def stop_postgres(self) -> None:
        """Shut PostgreSQL down as an administrator does: connections are cut at once."""
        server = self.supervisor.pid("postgres")
        assert server is not None
        os.kill(server, signal.SIGINT)
        self.wait_for(lambda: self.supervisor.pid("postgres") is None, restarting=False)

    def start_postgres(self) -> None:
        """Start it again and wait until it answers."""
        self.wait_for(self._answers)

    def _answers(self) -> bool:
        try:
            self.query("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("worker")
    directory.chmod(0o700)
    data_dir = directory / "data"
    data_dir.mkdir()
    supervisor = Supervisor(directory / "log", lambda _name, _message: None)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("DATABASE_URL", "REDIS_URL"):
                patch.delenv(name, raising=False)
            servers = start_servers(supervisor, data_dir, owner="test", throw_away=True)
        scene = Scene(supervisor, servers.database_url, servers.redis_url)
        scene.query("CREATE TABLE words (word text NOT NULL, backend integer NOT NULL)")
        celery = [sys.executable, "-m", "celery", "-A", "tests.runtime.worker_tasks"]
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "casino_platform.settings.development",
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "SANDBOX": "0",
            "LOG_JSON": "1",
        }
        worker = [*celery, "worker", "--loglevel=info", "--concurrency=1", "--without-gossip", "--without-mingle"]
        supervisor.start(ProcessSpec(name="worker", argv=worker, environment=environment, directory=PROJECT_DIR))
        scene.write("the worker is there")
        yield scene
    finally:
        supervisor.stop_all()
        shutil.rmtree(fallback_path(data_dir), ignore_errors=True)


def test_a_connection_is_kept_between_tasks(scene: Scene) -> None:
    scene.write("first")
    kept = scene.backends()

    assert {scene.write(word) for word in ("second", "third", "fourth")} <= kept
    assert scene.backends() == kept


def test_a_database_that_was_restarted_is_found_by_the_next_task(scene: Scene) -> None:
    scene.write("before the restart")
    kept = scene.backends()

    scene.stop_postgres()
    scene.start_postgres()

    assert scene.write("after the restart") not in kept
    assert "before the restart" in scene.words()


def test_a_database_that_was_away_for_long_is_found_as_soon_as_it_is_back(scene: Scene) -> None:
    scene.write("before it went")

    scene.stop_postgres()
    # Each waits for the pool's time and fails: what they were to do is found by the sweepers. So many, because the
    # pauses of a pool that tries by itself grow: 1, 2, 4, 8, 16 seconds.
    missed, failed = {f"while it was away, {number}" for number in range(4)}, _failures(scene)
    for word in missed:
        scene.send("write", word)
    scene.wait_for(lambda: _failures(scene) == failed + len(missed), restarting=False)
    scene.start_postgres()
    started = time.monotonic()
    scene.write("when it was back")

    assert time.monotonic() - started < 5
    assert missed.isdisjoint(scene.words())


def test_a_connection_that_is_cut_between_tasks_is_replaced(scene: Scene) -> None:
    scene.write("whole")
    kept = scene.backends()
    assert kept

    scene.cut(kept)

    assert scene.write("mended") not in kept


def test_a_connection_that_is_cut_within_a_task_takes_only_that_task_along(scene: Scene) -> None:
    scene.send("write_slowly", "cut off", more={"seconds": 3})
    backend = scene.wait_for_a_slow_writer()

    scene.cut({backend})

    assert scene.write("after the cut") != backend
    assert "cut off" not in scene.words()


def test_what_fails_half_way_is_rolled_back_and_its_connection_serves_on(scene: Scene) -> None:
    scene.write("a word")
    kept = scene.backends()

    scene.send("fail_half_way", "half a word")

    assert scene.write("another word") in kept
    assert scene.backends() == kept
    assert "half a word" not in scene.words()


@pytest.mark.parametrize("task", ["write_slowly", "write_slowly_come_what_may"])
def test_a_time_limit_within_a_transaction_rolls_it_back(scene: Scene, task: str) -> None:
    """The soft limit raises between two lines of it; whoever does not heed it is killed by the hard one."""
    scene.send(task, f"{task}, too slow", more={"seconds": 30}, soft_time_limit=1, time_limit=2)

    scene.write(f"after {task}")

    assert f"{task}, too slow" not in scene.words()
    assert scene.query("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'") == [(0,)]


def test_a_transaction_that_nobody_ends_does_not_swallow_what_the_next_tasks_write(scene: Scene) -> None:
    scene.send("lose_a_transaction", "lost")

    scene.write("the next one")

    assert "lost" not in scene.words()
    assert "task_left_a_transaction_open" in scene.supervisor.log_tail("worker", 200)


def _failures(scene: Scene) -> int:
    """How many tasks failed for want of a database since the worker began, by its log."""
    log = scene.supervisor.log_tail("worker", 10_000)
    return log.count("raised unexpected: OperationalError")
