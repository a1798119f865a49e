"""The section that compares one process's postings with those of other Django ledgers."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Figure, ratios
from benchmarks.ground import BenchFailed, Ground, say
from benchmarks.sections import Terms, section
from casino_platform.runtime.servers import PROJECT_DIR

_ENVIRONMENT = PROJECT_DIR / ".venv-bench"
_LOCK = PROJECT_DIR / "requirements" / "bench.txt"
_BAR_HORDAK = 4.0
_RIVALS = {"django-hordak 2.0": "hordak_transfers.py", "django-ledger 0.8": "django_ledger_transfers.py"}


@section("single", "Postings in one process over one connection, beside other Django ledgers")
def single_process(ground: Ground, terms: Terms) -> list[Figure]:
    """Alternate the three ledgers, each in a database of its own, each transfer in a commit of its own."""
    python = _rivals_python()
    ground.clone_seeds("bench_single")
    for number, script in enumerate(_RIVALS.values()):
        ground.create(f"bench_rival_{number}")
        ground.rival(python, script, f"bench_rival_{number}", prepare=True)
    ours: list[float] = []
    rivals: dict[str, list[float]] = {name: [] for name in _RIVALS}
    for run in range(1, terms.runs + 1):
        ours.append(_rate(ground.inside("bench_single", "post_transfers", seconds=terms.seconds)))
        for number, (name, script) in enumerate(_RIVALS.items()):
            found = ground.rival(python, script, f"bench_rival_{number}", seconds=terms.seconds)
            rivals[name].append(_rate(found))
        shown = ", ".join(f"{name} {rates[-1]:.0f}/s" for name, rates in rivals.items())
        say(f"  run {run}: ours {ours[-1]:.0f}/s, {shown}")
    bars = dict.fromkeys(_RIVALS, None) | {"django-hordak 2.0": _BAR_HORDAK}
    return [
        Figure("single", "apps.transactions.posting.post", ours, "transfers/s"),
        *(Figure("single", name, rates, "transfers/s") for name, rates in rivals.items()),
        *(Figure("single", f"ours / {name}", ratios(ours, rates), bar=bars[name]) for name, rates in rivals.items()),
    ]


def _rate(found: dict[str, float]) -> float:
    return found["transfers"] / found["seconds"]


def _rivals_python() -> Path:
    """
    Return the Python of the rivals' environment, made from its lock file where it is missing or older.

    :raises BenchFailed: if it can not be installed
    """
    python, stamp = _ENVIRONMENT / "bin" / "python", _ENVIRONMENT / "bench.stamp"
    if stamp.exists() and stamp.stat().st_mtime >= _LOCK.stat().st_mtime:
        return python
    say("Installing the ledgers to compare with (once) ...")
    base = [sys.executable, "-m", "venv", str(_ENVIRONMENT)]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for argv in (base, [*pip, "--require-hashes", "--no-deps", "-r", str(_LOCK)]):
        finished = subprocess.run(argv, capture_output=True, text=True, check=False, env=dict(os.environ))
        if finished.returncode != 0:
            raise BenchFailed(f"{' '.join(argv[1:5])} failed:\n{finished.stderr[-2000:]}")
    stamp.touch()
    return python
