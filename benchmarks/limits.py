"""What limits cost a bet: players with many of them beside players with none, on one server."""

from benchmarks.figures import Figure, ratios
from benchmarks.ground import Ground, say
from benchmarks.load_generator import LoadResult
from benchmarks.sections import Terms, section

_CLIENTS = 32
_PLAYERS = 400
"""On each side; no two connections wait for one wallet often."""


@section("limits", "HTTP bets of players with many limits, beside players with none")
def bets_under_limits(ground: Ground, terms: Terms) -> list[Figure]:
    """Alternate the two groups, so that both meet the same machine."""
    database = "bench_limits"
    ground.clone_seeds(database)
    given = ground.inside(database, "limit_players", players=_PLAYERS)
    limited, free = range(1, _PLAYERS + 1), range(_PLAYERS + 1, 2 * _PLAYERS + 1)
    without: list[LoadResult] = []
    under: list[LoadResult] = []
    with ground.web(database) as web:
        for run in range(1, terms.runs + 1):
            without.append(ground.play(web, connections=_CLIENTS, seconds=terms.seconds, wallets=free))
            under.append(ground.play(web, connections=_CLIENTS, seconds=terms.seconds, wallets=limited))
            refused = sum(under[-1].refused.values())
            say(f"  run {run}: none {without[-1].rate:.0f}/s, limits {under[-1].rate:.0f}/s, refused {refused}")
    rates, bare = [each.rate for each in under], [each.rate for each in without]
    processor, bare_processor = [each.database_ms for each in under], [each.database_ms for each in without]
    return [
        Figure("limits", "HTTP bets, no limit", bare, "bets/s"),
        Figure("limits", f"HTTP bets, {given['limits']} limits a player", rates, "bets/s"),
        Figure("limits", "limits / none", ratios(rates, bare)),
        Figure("limits", "processor time a bet, no limit: PostgreSQL", bare_processor, "ms"),
        Figure("limits", f"the same, {given['limits']} limits a player", processor, "ms"),
        Figure("limits", "p99, no limit", [each.p99_ms for each in without], "ms"),
        Figure("limits", f"p99, {given['limits']} limits a player", [each.p99_ms for each in under], "ms"),
    ]
