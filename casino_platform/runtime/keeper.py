"""Background owner of the embedded servers: keeps them while somebody uses them, then stops them and itself."""

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from .servers import AlreadyOwned, FileLock, forget_servers, own, start_servers
from .supervisor import Supervisor

# Long enough for the next command of a Makefile to find the servers still up.
_IDLE_SECONDS = 3.0


def keep(data_dir: Path, *, throw_away: bool) -> None:
    """Run the servers of `data_dir` until nobody has used them for a moment, or a signal says stop."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    lock = own(data_dir, timeout_seconds=60)
    supervisor = Supervisor(data_dir / "log", lambda name, message: print(f"[{name}] {message}", flush=True))
    users = _Users(data_dir)
    try:
        start_servers(supervisor, data_dir, owner="keeper", throw_away=throw_away)
        supervisor.run(stop, on_tick=lambda: stop.set() if users.are_gone() else None)
    finally:
        forget_servers(data_dir)
        supervisor.stop_all()
        lock.release()


class _Users:
    """Tells when the last user of the servers has been gone for a while."""

    def __init__(self, data_dir: Path) -> None:
        self._lock = FileLock(data_dir / "users.lock")
        self._idle_since: float | None = None

    def are_gone(self) -> bool:
        # Users hold this lock shared. Once it is ours we keep it: a newcomer then waits until
        # we have stopped, instead of being handed servers about to go.
        if self._idle_since is not None and time.monotonic() - self._idle_since < _IDLE_SECONDS:
            return False
        if not self._lock.acquire():
            self._idle_since = None
            return False
        if self._idle_since is None:
            self._lock.unlock()
            self._idle_since = time.monotonic()
            return False
        return True


def main() -> int:
    """Keep the servers of the directory named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--throw-away", action="store_true", help="no durability: for test runs only")
    arguments = parser.parse_args()
    try:
        keep(arguments.data_dir, throw_away=arguments.throw_away)
    except AlreadyOwned:
        print("somebody else runs these servers already", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
