"""`make demo`: the whole platform on one machine, from an empty directory to running, until Ctrl-C."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from .places import write_private
from .servers import DATA_DIR, PROJECT_DIR, AlreadyOwned, FileLock, forget_servers, own, start_servers
from .supervisor import ProcessSpec, Supervisor, UnableToStart
from .web import web_argv

_READY_TIMEOUT_SECONDS = 60.0
_LAST_PORT = 65_535
_MANAGE = (sys.executable, "manage.py")
_COMMANDS = PROJECT_DIR / "apps" / "sandbox" / "management" / "commands"


class DemoFailed(RuntimeError):
    """The demo cannot go on; the text is for the person in front of it."""


class _Stopped(BaseException):
    """A signal asked us to stop, whatever we were doing."""


class Demo:
    """One run of the demo."""

    def __init__(self, *, port: int, data_dir: Path = DATA_DIR) -> None:
        """Prepare a run that will serve on `port` and keep everything under `data_dir`."""
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}"
        self._data_dir = data_dir
        self._log_dir = data_dir / "log"
        self._seed_file = data_dir / "demo-seed.json"
        self._demo_file = data_dir / "demo.json"
        self._started_at = time.monotonic()
        self._supervisor = Supervisor(self._log_dir, lambda name, message: print(f"[{name}] {message}", flush=True))
        self._environment: dict[str, str] = {}

    def run(self) -> None:
        """
        Start everything, then keep it alive until a signal comes.

        :raises DemoFailed: if something needed does not start
        """
        lock = self._own()
        try:
            self._start()
            print(summary(self._demo_file, self.base_url, time.monotonic() - self._started_at), flush=True)
            self._supervisor.run(threading.Event())
        finally:
            _ignore_signals()
            print("Stopping ...", flush=True)
            self._demo_file.unlink(missing_ok=True)
            forget_servers(self._data_dir)
            self._supervisor.stop_all()
            lock.release()
            print("Everything is stopped. `make demo` goes on where this ended.", flush=True)

    def _own(self) -> FileLock:
        if not _is_free(self.port):
            raise DemoFailed(f"Port {self.port} is taken. Try: make demo PORT={self.port + 1}")
        try:
            # A `make books` that just ended keeps its servers for a few seconds more.
            return own(self._data_dir, timeout_seconds=15)
        except AlreadyOwned as error:
            raise DemoFailed("The demo, or a command using its database, is already running here.") from error

    def _start(self) -> None:
        self._demo_file.unlink(missing_ok=True)  # left over if the last run was killed
        with step("PostgreSQL and Redis"):
            self._start_servers()
        with step("Database migrations"):
            self._manage("migrate", "--verbosity", "0")
        if (_COMMANDS / "seed_demo.py").exists():
            with step("Demo brands, games, players and vendor keys"):
                self._seed_file.touch(mode=0o600)
                self._manage("seed_demo", "--base-url", self.base_url, "--output", str(self._seed_file))
        with step("Web server, Celery worker, Celery beat"):
            self._start_platform()
            self._wait_until_ready()
        self._write_demo_file()
        if (_COMMANDS / "run_simulator.py").exists():
            with step("Simulated vendors"):
                self._start_process("simulator", [*_MANAGE, "run_simulator", "--demo-file", str(self._demo_file)])

    def _start_servers(self) -> None:
        servers = start_servers(self._supervisor, self._data_dir, owner="demo", throw_away=False)
        metrics = self._data_dir / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir()
        self._environment = {
            "DJANGO_SETTINGS_MODULE": "casino_platform.settings.development",
            **os.environ,
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "SANDBOX": "1",
            "BASE_URL": self.base_url,
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            "PYTHONUNBUFFERED": "1",
        }

    def _start_platform(self) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "casino_platform"]
        workers = int(os.environ.get("WEB_WORKERS", "2"))
        threads = int(os.environ.get("WEB_THREADS", "32"))
        self._start_process("web", web_argv(port=self.port, workers=workers, threads=threads))
        self._start_process(
            "worker",
            [*celery, "worker", "--loglevel=info", "--concurrency=2", "--without-gossip", "--without-mingle"],
        )
        schedule = self._data_dir / "celerybeat-schedule"
        self._start_process("beat", [*celery, "beat", "--loglevel=info", "--pidfile=", f"--schedule={schedule}"])

    def _start_process(self, name: str, argv: list[str]) -> None:
        spec = ProcessSpec(name=name, argv=argv, environment=self._environment, directory=PROJECT_DIR)
        self._supervisor.start(spec, wait=False)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_SECONDS
        state = "nothing answers yet"
        while time.monotonic() < deadline:
            self._supervisor.tick()
            try:
                with urllib.request.urlopen(f"{self.base_url}/health/ready", timeout=5):  # noqa: S310 - http to ourselves
                    return
            except urllib.error.HTTPError as error:
                state = error.read().decode(errors="replace")
            except OSError as error:
                state = str(error)
            time.sleep(0.2)
        tails = "\n".join(self._supervisor.log_tail(name) for name in ("web", "worker"))
        raise DemoFailed(f"The platform did not become ready: {state}\n{tails}\nLogs: {self._log_dir}")

    def _manage(self, *arguments: str) -> None:
        finished = subprocess.run(
            [*_MANAGE, *arguments],
            env=self._environment,
            cwd=PROJECT_DIR,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise DemoFailed(f"manage.py {arguments[0]} failed:\n{finished.stdout}")

    def _write_demo_file(self) -> None:
        seeded: dict[str, Any] = {}
        if self._seed_file.exists():
            seeded = json.loads(self._seed_file.read_text() or "{}")
        empty: dict[str, Any] = {"staff": [], "players": [], "integrations": {}}
        draft = self._demo_file.with_suffix(".draft")
        # Whoever waits for the file must never read half of it.
        write_private(draft, json.dumps({"base_url": self.base_url, **empty, **seeded}, indent=2) + "\n", None)
        draft.rename(self._demo_file)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Print one line of progress, with the time it took."""
    started_at = time.monotonic()
    print(f"  {title} ".ljust(56, "."), end="", flush=True)
    try:
        yield
    except _Stopped:
        print(" stopped", flush=True)
        raise
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f" {time.monotonic() - started_at:5.1f} s", flush=True)


def summary(demo_file: Path, base_url: str, seconds: float) -> str:
    """Return the table of addresses and logins."""
    seeded = json.loads(demo_file.read_text())
    addresses = [
        ("Back-office", f"{base_url}/admin/"),
        ("Simulated vendors, play a game", f"{base_url}/sandbox/"),
        ("API documentation", f"{base_url}/api/docs"),
        ("Health", f"{base_url}/health/ready"),
        ("Metrics", f"{base_url}/metrics"),
        ("Everything for programs", str(demo_file)),
    ]
    logins = [(f"staff: {entry['role']}", entry["username"], entry["password"]) for entry in seeded["staff"]]
    logins += [(f"player: {entry['brand']}", entry["username"], entry["password"]) for entry in seeded["players"]]
    lines = ["", f"Ready after {seconds:.1f} s.", ""]
    lines += [f"  {title:<32} {address}" for title, address in addresses]
    if logins:
        lines += ["", f"  {'Who':<32} {'Username':<24} Password"]
        lines += [f"  {who:<32} {username:<24} {password}" for who, username, password in logins]
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _wanted_port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _LAST_PORT):
        raise DemoFailed(f"PORT must be a number from 1 to {_LAST_PORT}, not {text!r}.")
    return int(text)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _stop(*_: object) -> NoReturn:
    raise _Stopped


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def main() -> int:
    """Run the demo on $PORT."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        port = _wanted_port(os.environ.get("PORT") or "8000")
        print("Starting the casino integration platform", flush=True)
        Demo(port=port).run()
    except _Stopped:
        return 0
    except (DemoFailed, UnableToStart) as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
