"""Starts named processes in order, restarts those that die, and leaves none behind. Knows nothing of what they do."""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .places import Identity, spawn_options

_PR_SET_PDEATHSIG = 1
_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 15.0
# A process that lived this long was healthy: its next death is a new story with a short pause.
_STABLE_SECONDS = 30.0
_LARGEST_LOG_BYTES = 50 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True)

Report = Callable[[str, str], None]


class UnableToStart(RuntimeError):
    """A process died or was not ready in time; the text holds the end of its log."""


@dataclass(frozen=True)
class ProcessSpec:
    """One process to keep alive."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    directory: Path = Path("/")
    identity: Identity | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_seconds: float = 20.0
    ready: Callable[[], bool] | None = None
    ready_timeout_seconds: float = 60.0


@dataclass
class _Child:
    spec: ProcessSpec
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """
    Owns a set of processes, each in a process group of its own with its output in a log file.

    Call every method from the thread that made it, and keep that thread alive: Linux sends the
    children their stop signal when the thread that started them ends, which is what makes them
    go even after a SIGKILL of this process.
    """

    def __init__(self, log_directory: Path, report: Report) -> None:
        """
        Own no process yet.

        :param report: called with (process name, message) for whatever a person should see
        """
        self._log_directory = log_directory
        self._report = report
        self._children: dict[str, _Child] = {}
        log_directory.mkdir(parents=True, exist_ok=True)

    def start(self, spec: ProcessSpec, *, wait: bool = True) -> None:
        """
        Start a process and, unless told otherwise, wait until it is ready.

        :raises UnableToStart: if it dies first or takes longer than its time
        """
        child = _Child(spec)
        self._children[spec.name] = child
        self._spawn(child)
        if wait:
            self.wait_until_ready(spec.name)

    def wait_until_ready(self, name: str) -> None:
        """
        Wait for one started process.

        :raises UnableToStart: if it dies or its time is over
        """
        child = self._children[name]
        deadline = child.started_at + child.spec.ready_timeout_seconds
        while not self._is_ready(child):
            if child.process is None or child.process.poll() is not None:
                raise UnableToStart(f"{name} ended before it was ready\n{self.log_tail(name)}")
            if time.monotonic() > deadline:
                raise UnableToStart(f"{name} was not ready in time\n{self.log_tail(name)}")
            time.sleep(0.05)

    def pid(self, name: str) -> int | None:
        """Return the process id while the process runs."""
        process = self._children[name].process
        return process.pid if process is not None and process.poll() is None else None

    def run(self, stop: threading.Event, on_tick: Callable[[], None] | None = None) -> None:
        """Keep everything alive until `stop` is set."""
        while not stop.wait(0.2):
            self.tick()
            if on_tick is not None:
                on_tick()

    def tick(self) -> None:
        """Look once at each process: note deaths, and restart what has waited long enough."""
        now = time.monotonic()
        for child in self._children.values():
            if child.restart_at is not None and now >= child.restart_at:
                self._spawn(child)
            elif child.process is not None and child.process.poll() is not None:
                self._bury(child, now)
            self._trim_log(child.spec.name)

    def stop_all(self) -> None:
        """Stop every process, the last started first; what does not go in time is killed."""
        for child in reversed(list(self._children.values())):
            self._stop(child)
        self._children.clear()

    def log_tail(self, name: str, lines: int = 15) -> str:
        """Return the last lines a process wrote, each with its name before it."""
        try:
            text = self._log_path(name).read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(f"  {name} | {line}" for line in text.splitlines()[-lines:])

    def _log_path(self, name: str) -> Path:
        return self._log_directory / f"{name}.log"

    def _is_ready(self, child: _Child) -> bool:
        return child.spec.ready is None or child.spec.ready()

    def _spawn(self, child: _Child) -> None:
        spec = child.spec
        with self._open_log(spec.name) as log:
            child.process = subprocess.Popen(
                list(spec.argv),
                env=dict(spec.environment),
                cwd=spec.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent(spec.stop_signal),  # noqa: PLW1509 - one thread; prctl has no other way
                **spawn_options(spec.identity),
            )
        child.started_at = time.monotonic()
        child.restart_at = None

    def _open_log(self, name: str) -> IO[bytes]:
        return self._log_path(name).open("ab")

    def _bury(self, child: _Child, now: float) -> None:
        process = child.process
        assert process is not None
        _signal_group(process.pid, signal.SIGKILL)
        child.failures = 1 if now - child.started_at > _STABLE_SECONDS else child.failures + 1
        pause = min(_FIRST_BACKOFF_SECONDS * 2 ** (child.failures - 1), _LONGEST_BACKOFF_SECONDS)
        child.process = None
        child.restart_at = now + pause
        self._report(child.spec.name, f"{_ending(process.returncode)}, starting again in {pause:g} s")
        if child.failures > 1:
            self._report(child.spec.name, "last lines of its log:\n" + self.log_tail(child.spec.name))

    def _stop(self, child: _Child) -> None:
        process = child.process
        child.restart_at = None
        if process is None:
            return
        if process.poll() is None:
            # Only the leader: a pool's children told to go by two sides at once lose their work.
            process.send_signal(child.spec.stop_signal)
            try:
                process.wait(child.spec.stop_timeout_seconds)
            except subprocess.TimeoutExpired:
                self._report(child.spec.name, "did not stop in time, killing it")
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()

    def _trim_log(self, name: str) -> None:
        path = self._log_path(name)
        try:
            if path.stat().st_size < _LARGEST_LOG_BYTES:
                return
        except FileNotFoundError:
            return
        # The child writes in append mode to the same file, so the file must stay and be cut.
        path.with_suffix(".log.1").write_bytes(path.read_bytes())
        os.truncate(path, 0)


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """Return what a child runs before its program: ask the kernel for a signal when we die."""
    parent = os.getpid()

    def ask() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # we died between fork and here
            os._exit(1)

    return ask


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _ending(returncode: int) -> str:
    if returncode < 0:
        return f"was killed by {signal.Signals(-returncode).name}"
    return f"ended with status {returncode}"
