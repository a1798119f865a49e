"""
How much processor time a process and its descendants have used, read from /proc.

Unlike a rate it does not depend on who else uses the machine, so it tells a slow program from a busy machine.
"""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# Places after the command's closing parenthesis; see proc_pid_stat(5).
_PARENT, _USER, _CHILDREN_SYSTEM = 1, 11, 14


def used_seconds(root: int) -> float:
    """Processor seconds of the process `root` and of all below it, those that have ended and been waited for too."""
    stats = _stats()
    family = {root}
    while grown := {pid for pid, fields in stats.items() if int(fields[_PARENT]) in family} - family:
        family |= grown
    ticks = sum(int(field) for pid in family & stats.keys() for field in stats[pid][_USER : _CHILDREN_SYSTEM + 1])
    return ticks / _TICKS


def _stats() -> dict[int, list[str]]:
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
    return stats
