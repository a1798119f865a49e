"""Which keys were used lately, gathered in memory and written with the exchange log, not once a request."""

import os
import threading
from datetime import datetime

_lock = threading.Lock()
_used: dict[tuple[int, str], datetime] = {}


def note_use(integration_id: int, kid: str, at: datetime) -> None:
    """Remember that the key verified or signed something at that time."""
    with _lock:
        _used[integration_id, kid] = at


def is_pending() -> bool:
    """Whether something waits to be written."""
    return bool(_used)


def take_used() -> dict[tuple[int, str], datetime]:
    """Hand over what was gathered since the last time."""
    with _lock:
        taken = dict(_used)
        _used.clear()
    return taken


def _start_over() -> None:
    """A forked child has nothing to report, and must not wait for a lock of a thread that it does not have."""
    global _lock  # noqa: PLW0603 - one a process
    _lock = threading.Lock()
    _used.clear()


os.register_at_fork(after_in_child=_start_over)
