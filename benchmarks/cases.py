"""The compliance desk: claims by 200 people over 100 000 cases, and the page of a busy player's case."""

from benchmarks.figures import Figure
from benchmarks.ground import Ground
from benchmarks.sections import Terms, section

_CLAIMERS, _CASES, _TRANSACTIONS = 200, 100_000, 1_000_000


@section("cases", "The compliance desk")
def measure_cases(ground: Ground, terms: Terms) -> list[Figure]:
    """Measure in a database of its own, which is dropped afterwards: its ledger is filled without chains."""
    database = "bench_cases"
    ground.clone_seeds(database)
    try:
        terms_of = {"claimers": _CLAIMERS, "cases": _CASES, "transactions": _TRANSACTIONS, "rounds": terms.runs}
        found = ground.inside(database, "work_cases", **terms_of)
    finally:
        ground.drop(database)

    def figure(title: str, name: str, unit: str, note: str = "") -> Figure:
        return Figure("cases", title, found[name], unit, note=note)

    return [
        figure("claim, p95, 200 people, one a second each", "paced_p95_ms", "ms", "bar: below 50"),
        figure("claim, p95, 200 people at the same instant", "burst_p95_ms", "ms"),
        figure("claims given, all in all", "given", "cases"),
        figure("cases given twice", "doubles", "cases", "bar: 0"),
        figure("case page, p95, player of 1 000 000 transactions", "page_p95_ms", "ms", "bar: 300 at most"),
        figure("case page, database queries", "page_queries", "queries", "bar: 15 at most"),
        figure("the same with a page of the ledger, p95", "ledger_p95_ms", "ms"),
        figure("the same, database queries", "ledger_queries", "queries"),
        figure("list of 100 000 cases, p95", "list_p95_ms", "ms"),
        figure("list of 100 000 cases, database queries", "list_queries", "queries"),
        figure("desk over 100 000 cases, p95", "desk_p95_ms", "ms"),
        figure("desk over 100 000 cases, database queries", "desk_queries", "queries"),
        figure("money of 1 000 000 transactions summed up", "follow_seconds", "s"),
    ]
