"""How much processor time the parties of a run take, read from /proc: where the time goes without a profiler."""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARTIES = {"granian": "web", "postgres": "PostgreSQL"}


@contextlib.contextmanager
def processor_shares() -> Iterator[dict[str, float]]:
    """
    Yield a dictionary that holds, after the block, the cores each party kept busy while it was busy at all.

    Signing the bets happens inside the block too, so the time counted is that in which the web server worked.
    """
    shares: dict[str, float] = {}
    before, started_at = _used(), time.monotonic()
    yield shares
    elapsed = time.monotonic() - started_at
    for who, seconds in (_used() - before).items():
        shares[who] = seconds / elapsed


def _used() -> Counter[str]:
    used: Counter[str] = Counter()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            line = stat.read_text()
            command = stat.with_name("cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        fields = line.rpartition(")")[2].split()
        for mark, who in _PARTIES.items():
            if mark.encode() in command or f"({mark})" in line:
                used[who] += (int(fields[11]) + int(fields[12])) / _TICKS
                break
    return used
