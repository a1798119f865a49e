"""What is compared with what in a run. The work is done by the SQL functions in `sql/`; no row comes into Python."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from apps.core.models import ClockOffset
from apps.integrations.models import Integration
from apps.reconciliation.contracts import contracts_of, make_term_tables, settlement_lag_days
from apps.reconciliation.importing.settlements import make_currency_table
from apps.reconciliation.models import Import, Run, RunItem, Scope
from apps.reconciliation.models.files import ImportFormat
from apps.reconciliation.models.lines import PAYMENTS
from apps.reconciliation.progress import Progress
from apps.transactions.books import check_books

_WORK_MEM = "64MB"
_TEMPORARY = (
    "recon_touched", "recon_left", "recon_pair", "recon_repeated", "recon_term", "recon_reserve", "recon_payout",
    "recon_named", "recon_ours", "recon_theirs", "recon_fate",
)  # fmt: skip
_SETTLEMENTS = (ImportFormat.ADYEN_SETTLEMENT, ImportFormat.TRUSTLY_SETTLEMENT, ImportFormat.GENERIC_SETTLEMENT)
_STATEMENTS = (ImportFormat.CAMT053, ImportFormat.BANK_CSV)

DEFAULTS: Mapping[str, Any] = {
    "lag_days": 2,
    "grace_days": 3,
    "bank_days": 3,
    "amount_tolerance_units": 0,
    "fee_tolerance_units": 10_000,
    "match_window_hours": 24,
    "bank_counterparty": "",
    "movements": None,
    "game_report": None,
}
"""
Settings of an integration under `options["reconciliation"]`; what each means stands in docs/reconciliation.md.

Of `lag_days` the contract's own counts first.
"""
# Adyen's transfers are settled in reports of another product.
_MOVEMENTS_BY_VENDOR = {"adyen": ["deposit", "refund", "chargeback"]}


def settings_of(integration: Integration) -> dict[str, Any]:
    """How an integration is reconciled."""
    chosen = integration.options.get("reconciliation")
    settings = {**DEFAULTS, **(chosen if isinstance(chosen, dict) else {})}
    if settings["movements"] is None:
        settings["movements"] = _MOVEMENTS_BY_VENDOR.get(integration.vendor, [str(each) for each in PAYMENTS])
    return settings


def collect() -> int:
    """Bring the ledger's lines up to date; must be its own transaction, or it misses what this one wrote."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reconciliation_collect()")
        (lines,) = cursor.fetchone()
    return int(lines)


def compare(run: Run, *, base: Run | None, progress: Progress) -> dict[str, Any]:
    """Write what does not agree as items of the run, and return its figures."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{_WORK_MEM}'")
        cursor.execute("SET LOCAL jit = off")
        # Left by an earlier run of the same transaction, where there was one.
        cursor.execute(f"DROP TABLE IF EXISTS {', '.join(_TEMPORARY)}")
    progress.step("matching")
    if run.scope == Scope.PSP:
        return _compare_psp(run, base, progress)
    if run.scope == Scope.GAMES:
        return _compare_games(run)
    return _compare_internal(run, progress)


# --- payment providers --------------------------------------------------------------------------


def _compare_psp(run: Run, base: Run | None, progress: Progress) -> dict[str, Any]:
    integration = _integration(run)
    settings, contracts = settings_of(integration), contracts_of(integration.pk, on=run.business_date)
    imports = _keys(_loaded(run, _SETTLEMENTS).filter(integration=integration))
    statements = _keys(_loaded(run, _STATEMENTS))
    make_currency_table()
    make_term_tables(contracts)
    agreed = settlement_lag_days(contracts)
    lag = settings["lag_days"] if agreed is None else agreed
    tolerance, fee_tolerance = settings["amount_tolerance_units"], settings["fee_tolerance_units"]
    window = timedelta(hours=settings["match_window_hours"])
    with connection.cursor() as cursor:
        if base is not None:
            _call(cursor, "touched", integration.pk, base.pk, base.business_date, run.business_date, imports)
        terms = (settings["movements"], tolerance, fee_tolerance, base is None)
        _call(cursor, "compare", integration.pk, run.business_date, imports, *terms)
        _call(cursor, "pair_up", tolerance, window)
        _call(cursor, "duplicates", integration.pk, run.business_date, imports)
        progress.step("classifying")
        delays = (lag, settings["grace_days"])
        _call(cursor, "classify", run.pk, integration.pk, run.business_date, *delays, tolerance, fee_tolerance)
        _call(cursor, "check_batches", run.pk, imports)
        _call(cursor, "check_reserves", run.pk, imports)
        bank = (settings["bank_days"], settings["bank_counterparty"])
        _call(cursor, "check_bank", run.pk, base and base.pk, run.business_date, imports, statements, *bank)
    return _psp_figures(run, base, imports, statements, settings["movements"])


def _integration(run: Run) -> Integration:
    if run.integration is None:
        # A constraint of the database keeps such a run from existing.
        raise ValueError(f"run {run.pk} is of no integration")
    return run.integration


def _loaded(run: Run, formats: tuple[ImportFormat, ...]) -> QuerySet[Import]:
    rows = Import.objects.filter(format__in=formats, state=Import.State.LOADED, business_date__lte=run.business_date)
    if run.integration is None:
        return rows
    # A bank statement may be any integration's of the brand.
    return rows.filter(integration__brand_code=run.integration.brand_code)


def _keys(rows: QuerySet[Import]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


_LEDGER_LEG = """
    SELECT movement, currency, count(*), coalesce(sum(units), 0) FROM reconciliation_ledgerline
     WHERE integration_id = %(integration)s AND occurred_on <= %(day)s AND occurred_on > %(after)s
       AND movement = ANY (%(movements)s)
     GROUP BY movement, currency ORDER BY movement, currency"""
_SETTLEMENT_LEG = """
    SELECT r.movement, r.currency, count(*),
           coalesce(sum(CASE WHEN r.movement IN ('fee', 'reserve', 'carry', 'bank', 'other')
                             THEN r.net ELSE r.gross END), 0)
      FROM reconciliation_settlementrow r
     WHERE r.import_file_id = ANY (%(fresh)s) AND NOT r.is_fee
     GROUP BY r.movement, r.currency ORDER BY r.movement, r.currency"""
_BANK_LEG = """
    SELECT b.currency, count(*), coalesce(sum(b.bank), 0), coalesce(sum(b.fees), 0), coalesce(sum(b.reserve), 0)
      FROM reconciliation_batch b WHERE b.import_file_id = ANY (%(fresh)s) GROUP BY b.currency ORDER BY b.currency"""
_CREDITED = """
    SELECT l.currency, count(DISTINCT l.id), coalesce(sum(l.units), 0)
      FROM reconciliation_bankline l
     WHERE l.import_file_id = ANY (%(fresh_statements)s)
       AND EXISTS (SELECT 1 FROM reconciliation_batch b
                    WHERE b.import_file_id = ANY (%(imports)s) AND b.payout_reference <> ''
                      AND strpos(lower(l.reference), lower(b.payout_reference)) > 0)
     GROUP BY l.currency ORDER BY l.currency"""


def _psp_figures(
    run: Run, base: Run | None, imports: list[int], statements: list[int], movements: list[str]
) -> dict[str, Any]:
    """Sum up the three legs for what is new since the run before, and how much of it agrees."""
    after = base.business_date if base else date.min
    fresh = Import.objects.filter(business_date__gt=after)
    terms = {
        "integration": run.integration_id,
        "day": run.business_date,
        "after": after,
        "movements": movements,
        "imports": imports,
        "fresh": _keys(fresh.filter(pk__in=imports)),
        "fresh_statements": _keys(fresh.filter(pk__in=statements)),
    }
    ledger, settlement = _rows(_LEDGER_LEG, terms), _rows(_SETTLEMENT_LEG, terms)
    disagreeing = RunItem.objects.filter(run=run).exclude(
        kind__in=("expected", "fee", "batch", "reserve", "payout_bank")
    )
    expected = RunItem.objects.filter(run=run, kind="expected").exclude(payment_key="")
    compared = sum(row[2] for row in ledger) + sum(row[2] for row in settlement if row[0] in movements)
    return {
        "since": base.business_date.isoformat() if base else None,
        "files": len(terms["fresh"]),  # type: ignore[arg-type]
        "ledger": ledger,
        "settlement": settlement,
        "batches": _rows(_BANK_LEG, terms),
        "bank": _rows(_CREDITED, terms),
        "compared": compared,
        "disagreeing": disagreeing.count(),
        "expected": expected.count(),
    }


def _rows(statement: str, terms: Mapping[str, Any]) -> list[list[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, terms)
        return [[each if isinstance(each, str) else int(each) for each in row] for row in cursor.fetchall()]


def _call(cursor: Any, name: str, *arguments: Any) -> list[Any]:
    holes = ", ".join(["%s"] * len(arguments))
    cursor.execute(f"SELECT * FROM reconciliation_{name}({holes})", arguments)  # noqa: S608 - our own names
    return list(cursor.fetchall())


# --- games and our own books --------------------------------------------------------------------


def _compare_games(run: Run) -> dict[str, Any]:
    integration = _integration(run)
    imports = _keys(_loaded(run, (ImportFormat.GAME_REPORT,)).filter(integration=integration))
    expects = settings_of(integration)["game_report"] is not None
    offset = ClockOffset.objects.values_list("clock_offset", flat=True).first() or timedelta(0)
    with connection.cursor() as cursor:
        rows = _call(cursor, "compare_games", run.pk, integration.pk, run.business_date, imports, expects, offset)
    return {"games": sorted([name, int(units)] for name, units in rows), "files": len(imports)}


def _compare_internal(run: Run, progress: Progress) -> dict[str, Any]:
    """Prove the books, as of now whatever the day: a proof has no past."""
    breaks = check_books(full=True, progress=lambda name, *_: progress.step(name))
    seen: dict[str, RunItem] = {}
    for each in breaks:
        subject = f"{each.rule}:{each.account_id or ''}:{each.row}"
        details = {
            "invariant": each.invariant,
            "rule": each.rule,
            "row": each.row,
            "expected": each.expected,
            "found": each.found,
        }
        seen[subject] = RunItem(
            run=run, kind="books", subject=subject, currency="", expected_units=0, found_units=0, details=details
        )
    RunItem.objects.bulk_create(seen.values(), batch_size=1_000)
    with connection.cursor() as cursor:
        _call(cursor, "check_internal", run.pk)
    return {"invariants_broken": len(breaks)}
