"""The section that reconciles a million rows, beside COPY of the same rows and the same join done bare in SQL."""

from benchmarks.figures import Figure, ratios
from benchmarks.ground import Ground, say
from benchmarks.sections import Terms, section

_ROWS = 1_000_000
_MOST_TIMES = 3.0
_MOST_MEGABYTES = 300.0
_DATABASE = "bench_recon"


@section("recon", "A million settlement rows read and compared with a million postings")
def reconciling(ground: Ground, terms: Terms) -> list[Figure]:
    """Fresh database for each run; reading and comparing in one process, as a worker does them."""
    ours: list[float] = []
    bare: list[float] = []
    read: list[float] = []
    memory: list[float] = []
    for run in range(1, terms.runs + 1):
        ground.clone_seeds(_DATABASE)
        ground.inside(_DATABASE, "reconcile_rows", step="prepare", rows=_ROWS)
        found = ground.inside(_DATABASE, "reconcile_rows", step="ours", rows=_ROWS)
        plain = ground.inside(_DATABASE, "reconcile_rows", step="bare", rows=_ROWS)
        read.append(found["read"])
        ours.append(found["read"] + found["compared"])
        bare.append(plain["copy"] + plain["join"])
        memory.append(found["megabytes"])
        say(f"  run {run}: ours {ours[-1]:.1f} s (read {read[-1]:.1f}), bare {bare[-1]:.1f} s, {memory[-1]:.0f} MB")
        ground.drop(_DATABASE)
    times = ratios(ours, bare)
    return [
        Figure("recon", "read and compared", ours, "s"),
        Figure("recon", "of that, reading the file", read, "s"),
        Figure("recon", "COPY of the same rows and the bare join", bare, "s"),
        Figure("recon", "times the bare work", times, note=_verdict(times, _MOST_TIMES)),
        Figure("recon", "largest memory of the worker", memory, "MB", note=_verdict(memory, _MOST_MEGABYTES)),
    ]


def _verdict(values: list[float], most: float) -> str:
    return f"bar at most {most:g}: {'met' if sorted(values)[len(values) // 2] <= most else 'MISSED'}"
