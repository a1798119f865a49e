"""What is in each export: its header and its rows, streamed from the database. Nothing is written here."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection

from apps.brands.models import Brand
from apps.core.money import Money, MoneyError
from apps.reconciliation.writing import Cell
from apps.reporting.models import Invoice, ReportExport, ReportKind
from apps.reporting.performance import Asked, every

_CHUNK = 2_000
HEADERS: dict[str, Sequence[str]] = {
    ReportKind.PERFORMANCE: (
        "from", "to", "brand", "vendor", "studio", "category", "game", "currency", "rounds", "bets", "turnover", "wins",
        "ggr", "rtp_percent", "hit_rate_percent", "rounds_before", "turnover_before", "ggr_before",
    ),
    ReportKind.ROUNDS: (
        "opened_at", "closed_at", "brand", "vendor", "game", "round", "player", "state", "currency", "bets", "staked",
        "given_back", "won", "corrected", "ggr",
    ),
    ReportKind.INVOICE: (
        "invoice", "document_sha256", "supplier", "month", "cut_off", "state", "line", "kind", "words", "currency",
        "amount", "vendor_amount", "difference", "verdict", "reason",
    ),
    ReportKind.REVENUE: (
        "month", "time_zone", "brand", "jurisdiction", "currency", "bets", "stakes", "stakes_given_back", "wins",
        "wins_taken_back", "ggr", "bonus_cost", "ngr",
    ),
}  # fmt: skip

# Days of UTC; a round stands on the day on which it was opened.
_ROUNDS = """
    SELECT r.opened_at, r.closed_at, b.code, i.slug, g.title, r.external_id, p.public_id::text, r.state, r.currency,
           r.bets, r.staked, r.rolled_back, r.won, r.corrected, r.staked - r.rolled_back - r.won - r.corrected
      FROM providers_round r
      JOIN brands_brand b ON b.id = r.brand_id
      JOIN integrations_integration i ON i.id = r.integration_id
      JOIN providers_game g ON g.id = r.game_id
      JOIN players_player p ON p.id = r.player_id
     WHERE r.game_id = %(game)s AND r.brand_id = ANY (%(brands)s::bigint[]) AND %(currency)s IN ('', r.currency)
       AND r.opened_at >= %(since)s::date::timestamp AT TIME ZONE 'UTC'
       AND r.opened_at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'UTC'
     ORDER BY r.opened_at, r.id"""

# Months begin as in the jurisdiction; money stands in the month of its posting.
_REVENUE = """
    SELECT x.month, x.zone, b.code, x.jurisdiction, x.currency,
           sum(x.bets), sum(x.staked), sum(x.returned), sum(x.won), sum(x.won_back),
           sum(x.staked - x.returned - x.won + x.won_back), sum(x.bonus_staked - x.bonus_won),
           sum(x.staked - x.returned - x.won + x.won_back - x.bonus_staked + x.bonus_won)
      FROM (SELECT date_trunc('month', v.posted AT TIME ZONE coalesce(j.timezone, 'UTC'))::date AS month,
                   coalesce(j.timezone, 'UTC') AS zone, v.*
              FROM reporting_revenue v LEFT JOIN brands_jurisdiction j ON j.code = v.jurisdiction
             WHERE v.brand_id = ANY (%(brands)s::bigint[])
               -- A day before and after: no zone is further from UTC. The months themselves are cut below.
               AND v.posted >= (%(first)s::date - 1)::timestamp AT TIME ZONE 'UTC'
               AND v.posted < (%(after)s::date + 1)::timestamp AT TIME ZONE 'UTC') x
      JOIN brands_brand b ON b.id = x.brand_id
     WHERE x.month >= %(first)s::date AND x.month < %(after)s::date
     GROUP BY 1, 2, 3, 4, 5
     ORDER BY 1, 3, 4, 5"""


def rows_of(export: ReportExport) -> Iterator[Sequence[Cell]]:
    """Stream the rows of an export; must run inside a transaction, whose snapshot it reads."""
    if export.kind == ReportKind.PERFORMANCE:
        return _performance(export)
    if export.kind == ReportKind.INVOICE:
        return _invoice(export)
    return _rounds(export) if export.kind == ReportKind.ROUNDS else _revenue(export)


def _performance(export: ReportExport) -> Iterator[Sequence[Cell]]:
    asked = Asked.from_terms(export.terms)
    brands = dict(Brand.objects.values_list("pk", "code"))
    for row in every(asked):
        sums, before, currency = row.sums, row.before, row.currency
        yield (
            asked.since, asked.until, brands.get(row.brand_id or 0, ""), row.vendor, row.studio, row.category,
            row.title, currency, sums.rounds, sums.bets, _money(sums.turnover, currency), _money(sums.wins, currency),
            _money(sums.ggr, currency), _percent(sums.rtp), _percent(sums.hit_rate), before.rounds,
            _money(before.turnover, currency), _money(before.ggr, currency),
        )  # fmt: skip


def _rounds(export: ReportExport) -> Iterator[Sequence[Cell]]:
    chosen = export.terms.get("brand_ids")
    brands = [each for each in export.brand_ids if chosen is None or each in chosen]
    for row in _asked(_ROUNDS, {"currency": "", **export.terms, "brands": brands}):
        yield (*row[:10], *(_money(units, row[8]) for units in row[10:]))


def _revenue(export: ReportExport) -> Iterator[Sequence[Cell]]:
    for row in _asked(_REVENUE, export.terms | {"brands": export.brand_ids}):
        yield (*row[:5], int(row[5]), *(_money(units, row[4]) for units in row[6:]))


def _invoice(export: ReportExport) -> Iterator[Sequence[Cell]]:
    invoice = Invoice.objects.select_related("contract").get(pk=export.terms["invoice"])
    theirs = {(line.key, line.currency): line for line in invoice.vendor_lines.all()}
    head = (
        invoice.number, invoice.sha256, invoice.contract.supplier, invoice.month, invoice.cut_off, invoice.state,
    )  # fmt: skip
    for line in invoice.lines.all():
        stated = theirs.pop((line.key, line.currency), None)
        own = (line.key, line.kind, line.words, line.currency, _money(line.amount_units, line.currency))
        yield (*head, *own, *_stated(stated))
    for stated in theirs.values():
        yield (*head, stated.key, "", "Only on the vendor's invoice", stated.currency, None, *_stated(stated))


def _stated(line: Any) -> Sequence[Cell]:
    if line is None:
        return (None, None, "", "")
    difference = _money(line.difference_units, line.currency)
    return (_money(line.vendor_units, line.currency), difference, line.verdict, line.reason)


def _asked(statement: str, values: dict[str, Any]) -> Iterator[Sequence[Any]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, values)
        while chunk := cursor.fetchmany(_CHUNK):
            yield from chunk


def _money(units: Any, currency: str) -> Cell:
    try:
        return Money(int(units), currency)
    except MoneyError:
        return int(units)


def _percent(share: float | None) -> Cell:
    return None if share is None else f"{share * 100:.2f}"
