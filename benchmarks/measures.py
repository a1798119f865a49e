"""The sections that measure the platform itself."""

from statistics import median

from benchmarks.figures import Figure, ratios
from benchmarks.ground import Ground, Web, say
from benchmarks.history import fill
from benchmarks.load_generator import LoadResult
from benchmarks.pgbench import RawRate, run_pgbench
from benchmarks.sections import Terms, section

_CLIENTS = 32
_MORE_CLIENTS = 64
_BAR_HTTP = 0.4
_BAR_HISTORY = 0.9
_TITLE_HTTP = "HTTP bets, {} connections"


@section("http", "Signed, durable, logged bets over HTTP, beside pgbench with the bare posting function")
def http_bets(ground: Ground, terms: Terms) -> list[Figure]:
    """Alternate pgbench and HTTP, so that both meet the same machine."""
    database = "bench_http"
    ground.clone_seeds(database)
    raw: list[RawRate] = []
    few: list[LoadResult] = []
    many: list[LoadResult] = []
    with ground.web(database) as web:
        for run in range(1, terms.runs + 1):
            raw.append(_raw(ground, web, terms))
            few.append(ground.play(web, connections=_CLIENTS, seconds=terms.seconds))
            many.append(ground.play(web, connections=_MORE_CLIENTS, seconds=terms.seconds))
            say(f"  run {run}: pgbench {raw[-1].rate:.0f}/s, HTTP {few[-1].rate:.0f}/s and {many[-1].rate:.0f}/s")
    name = "http"
    raw_rates = [each.rate for each in raw]
    return [
        Figure(name, f"pgbench, posting function, {_CLIENTS} clients", raw_rates, "bets/s"),
        _rate(name, few, _CLIENTS),
        _rate(name, many, _MORE_CLIENTS),
        Figure(
            name, f"HTTP {_CLIENTS} / pgbench {_CLIENTS}", ratios([each.rate for each in few], raw_rates), bar=_BAR_HTTP
        ),
        Figure(name, f"HTTP {_MORE_CLIENTS} / pgbench {_CLIENTS}", ratios([each.rate for each in many], raw_rates)),
        *_latencies(name, few, _CLIENTS),
        *_latencies(name, many, _MORE_CLIENTS),
        *_processor(name, raw, few),
    ]


@section("history", "The same bets on an empty ledger and after a long history")
def long_history(ground: Ground, terms: Terms) -> list[Figure]:
    """Alternate two databases on one server: the bare seeds, and the seeds with millions of bets."""
    empty, full = "bench_empty", f"bench_full_{terms.transfers}_{ground.digest}"
    ground.clone_seeds(empty)
    history = _fill(ground, full, terms.transfers)
    before: list[LoadResult] = []
    after: list[LoadResult] = []
    with ground.web(empty) as short, ground.web(full) as long:
        long.raw_bets = history
        for run in range(1, terms.runs + 1):
            before.append(ground.play(short, connections=_CLIENTS, seconds=terms.seconds))
            after.append(ground.play(long, connections=_CLIENTS, seconds=terms.seconds))
            say(f"  run {run}: empty {before[-1].rate:.0f}/s, full {after[-1].rate:.0f}/s")
    name, millions = "history", f"{history / 1e6:g} million"
    rates_after, rates_before = [each.rate for each in after], [each.rate for each in before]
    return [
        Figure(name, "HTTP bets, empty ledger", rates_before, "bets/s", note=_tail(before)),
        Figure(name, f"HTTP bets, after {millions} transfers", rates_after, "bets/s", note=_tail(after)),
        Figure(name, "full / empty", ratios(rates_after, rates_before), bar=_BAR_HISTORY),
    ]


@section("one", "One player bet on by 32 connections at once")
def one_player(ground: Ground, terms: Terms) -> list[Figure]:
    """Every bet waits for the same wallet; the proof at the end says whether any failed."""
    database = "bench_one"
    ground.clone_seeds(database)
    results = []
    with ground.web(database) as web:
        for run in range(1, terms.runs + 1):
            result = ground.play(web, connections=_CLIENTS, seconds=terms.seconds, wallets=range(1, 2))
            results.append(result)
            say(f"  run {run}: {result.rate:.0f}/s, refused {sum(result.refused.values())}")
    refused = [float(sum(each.refused.values())) for each in results]
    return [
        Figure("one", f"HTTP bets on one wallet, {_CLIENTS} connections", [each.rate for each in results], "bets/s"),
        Figure("one", "refused, failed or cut", refused, "bets"),
        *_latencies("one", results, _CLIENTS),
    ]


@section("log", "The writer of the exchange log")
def exchange_log(ground: Ground, terms: Terms) -> list[Figure]:
    """One process recording replies as fast as it can."""
    database = "bench_log"
    ground.clone_seeds(database)
    found = [ground.inside(database, "write_replies", seconds=terms.seconds) for _ in range(terms.runs)]
    rates = [each["replies"] / each["seconds"] for each in found]
    return [Figure("log", "Exchange log, one process", rates, "replies/s")]


def _raw(ground: Ground, web: Web, terms: Terms) -> RawRate:
    raw = run_pgbench(ground, web.database, clients=_CLIENTS, seconds=terms.seconds)
    web.raw_bets += raw.bets
    return raw


def _fill(ground: Ground, database: str, transfers: int) -> int:
    if database in ground.databases():
        say("  the history of an earlier sitting is used again (--keep)")
        with ground.maintenance(database) as connection:
            row = connection.execute(
                "SELECT count(*) FROM transactions_transaction WHERE integration_id = %s",
                [ground.seeds["raw_integration"]],
            ).fetchone()
        return int(row[0]) if row else 0
    draft = "bench_filling"
    ground.clone_seeds(draft)
    filled = fill(
        ground.url(draft),
        integration=ground.seeds["raw_integration"],
        bets=transfers,
        progress=lambda done: say(f"  filling: {done / 1e6:.1f} of {transfers / 1e6:.1f} million bets"),
    )
    ground.rename(draft, database)
    return filled


def _rate(name: str, results: list[LoadResult], connections: int) -> Figure:
    return Figure(name, _TITLE_HTTP.format(connections), [each.rate for each in results], "bets/s", note=_tail(results))


def _tail(results: list[LoadResult]) -> str:
    p50 = median(each.p50_ms for each in results)
    return f"p50 {p50:.0f} ms, p99 {median(each.p99_ms for each in results):.0f} ms"


def _latencies(name: str, results: list[LoadResult], connections: int) -> list[Figure]:
    return [
        Figure(name, f"p50, {connections} connections", [each.p50_ms for each in results], "ms"),
        Figure(name, f"p99, {connections} connections", [each.p99_ms for each in results], "ms"),
        Figure(name, f"slowest, {connections} connections", [each.max_ms for each in results], "ms"),
    ]


def _processor(name: str, raw: list[RawRate], results: list[LoadResult]) -> list[Figure]:
    """Where the processor's time goes. Time a bet does not depend on who else is busy; the rates do."""
    return [
        Figure(name, "processor time a pgbench bet: PostgreSQL", [each.database_ms for each in raw], "ms"),
        Figure(name, "processor time an HTTP bet: PostgreSQL", [each.database_ms for each in results], "ms"),
        Figure(name, "processor time an HTTP bet: web server", [each.web_ms for each in results], "ms"),
        Figure(name, "load generator", [each.cpu_share for each in results], "cores"),
    ]
