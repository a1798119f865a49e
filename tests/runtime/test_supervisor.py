"""The supervisor keeps processes alive, and leaves none behind, however it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from casino_platform.runtime.servers import PROJECT_DIR
from casino_platform.runtime.supervisor import ProcessSpec, Supervisor, UnableToStart

SLEEPER = (sys.executable, "-c", "import signal, sys; print('up', flush=True); signal.pause()")
# Starts a child of its own, as Granian and Celery do, and writes its pid.
PARENT_PROGRAM = """
import subprocess, sys, signal
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
open(sys.argv[1], "w").write(str(child.pid))
signal.pause()
"""
PARENT = (sys.executable, "-c", PARENT_PROGRAM)


@pytest.fixture
def reports() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, reports: list[tuple[str, str]]) -> Supervisor:
    return Supervisor(tmp_path / "log", lambda name, message: reports.append((name, message)))


def wait_for(condition: Callable[[], bool], supervisor: Supervisor | None = None) -> None:
    """Wait for a condition of other processes, which only the clock can end."""
    deadline = time.monotonic() + 10
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        if supervisor is not None:
            supervisor.tick()
        pause.wait(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_dead_process_is_started_again(supervisor: Supervisor, reports: list[tuple[str, str]]) -> None:
    supervisor.start(ProcessSpec(name="sleeper", argv=SLEEPER))
    first = supervisor.pid("sleeper")
    assert first is not None

    os.kill(first, signal.SIGKILL)
    wait_for(lambda: supervisor.pid("sleeper") not in {None, first}, supervisor)

    assert reports == [("sleeper", "was killed by SIGKILL, starting again in 0.5 s")]
    supervisor.stop_all()


def test_a_process_that_keeps_dying_is_started_ever_more_slowly(
    supervisor: Supervisor, reports: list[tuple[str, str]]
) -> None:
    supervisor.start(ProcessSpec(name="dying", argv=[sys.executable, "-c", "print('oh no'); raise SystemExit(3)"]))

    wait_for(lambda: len(reports) >= 3, supervisor)

    assert reports[:2] == [
        ("dying", "ended with status 3, starting again in 0.5 s"),
        ("dying", "ended with status 3, starting again in 1 s"),
    ]
    assert reports[2] == ("dying", "last lines of its log:\n  dying | oh no\n  dying | oh no")
    supervisor.stop_all()


def test_a_process_that_ends_before_it_is_ready_is_reported_with_its_last_words(supervisor: Supervisor) -> None:
    spec = ProcessSpec(name="bad", argv=[sys.executable, "-c", "raise SystemExit('no config')"], ready=lambda: False)

    with pytest.raises(UnableToStart, match=r"bad ended before it was ready\n  bad \| no config"):
        supervisor.start(spec)


def test_stopping_takes_the_children_of_children_too(supervisor: Supervisor, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    ready = lambda: pid_file.exists() and bool(pid_file.read_text())  # noqa: E731 - named for its use
    supervisor.start(ProcessSpec(name="parent", argv=[*PARENT, str(pid_file)], ready=ready))
    leader = supervisor.pid("parent")
    grandchild = int(pid_file.read_text())
    assert leader is not None

    supervisor.stop_all()

    wait_for(lambda: not is_alive(leader) and not is_alive(grandchild))


def test_a_process_that_ignores_its_stop_signal_is_killed(
    supervisor: Supervisor, reports: list[tuple[str, str]], tmp_path: Path
) -> None:
    flag = tmp_path / "up"
    deaf = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w'); signal.pause()"
    spec = ProcessSpec(
        name="deaf", argv=[sys.executable, "-c", deaf, str(flag)], ready=flag.exists, stop_timeout_seconds=0.2
    )
    supervisor.start(spec)
    pid = supervisor.pid("deaf")
    assert pid is not None

    supervisor.stop_all()

    assert reports == [("deaf", "did not stop in time, killing it")]
    assert not is_alive(pid)


def test_children_go_when_the_supervisor_itself_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, signal\n"
        "from pathlib import Path\n"
        "from casino_platform.runtime.supervisor import ProcessSpec, Supervisor\n"
        "supervisor = Supervisor(Path(sys.argv[1]), print)\n"
        "supervisor.start(ProcessSpec(name='child', argv=[sys.executable, '-c', 'import signal; signal.pause()']))\n"
        "print(supervisor.pid('child'), flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=PROJECT_DIR, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert is_alive(child)

        process.kill()

    wait_for(lambda: not is_alive(child))
