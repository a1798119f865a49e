"""The section that measures monitoring: recall, alerts on clean traffic, the pace of the stream, the gate."""

from typing import Any

from benchmarks.figures import Figure
from benchmarks.ground import Ground, say
from benchmarks.sections import Terms, section

_BAR_PACE = 500.0
_BAR_RECALL = 0.95
_BUDGET_PER_1000 = 100.0


@section("monitoring", "Monitoring: recall on planted typologies, alerts on clean traffic, pace of stream and gate")
def monitoring(ground: Ground, terms: Terms) -> list[Figure]:  # noqa: ARG001 - a history has its own length
    """Write a history, follow it with all rules live, and compare with what was planted."""
    database = "bench_monitoring"
    ground.create(database)
    ground.manage(database, "migrate", "--verbosity", "0")
    found: dict[str, Any] = ground.inside(database, "watch_typologies", each=20, clean=400, seed=7)
    weakest = min(found["recall"], key=found["recall"].get)
    say(
        f"  {found['transactions']} ledger transactions, {found['evaluations']} evaluations in {found['seconds']:.1f} s"
    )
    say(f"  alerts on clean players by rule: {found['clean_alerts']}")
    name = "monitoring"
    return [
        Figure(name, "ledger transactions judged, one process", [found["pace"]], "tx/s", bar=_BAR_PACE),
        Figure(name, "least recall of a rule", [found["recall"][weakest]], "", bar=_BAR_RECALL, note=weakest),
        Figure(
            name, "clean alerts a month per 1 000 active players", [found["per_1000"]], "alerts",
            note=f"budget {_BUDGET_PER_1000:g}: {'kept' if found['per_1000'] <= _BUDGET_PER_1000 else 'EXCEEDED'}",
        ),
        Figure(name, "counters that differ from a rebuild", [float(found["different"])], "buckets"),
        Figure(name, "gate, p50", [found["gate_p50_ms"]], "ms"),
        Figure(name, "gate, p99", [found["gate_p99_ms"]], "ms", note="bar: at most 25"),
    ]  # fmt: skip
