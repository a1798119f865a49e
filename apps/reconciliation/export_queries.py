"""What is in each export: its header and its rows as of a day, streamed from the database. Nothing is written here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from apps.core.money import Money, MoneyError
from apps.reconciliation.explaining import explanation
from apps.reconciliation.models.exports import ExportKind
from apps.reconciliation.writing import Cell

_CHUNK = 2_000


@dataclass(frozen=True)
class Table:
    """One export: header, query, and how a row of the database becomes a row of the file."""

    header: Sequence[str]
    statement: str
    shown: Callable[[Sequence[Any]], Sequence[Cell]]


def _money(units: Any, currency: str) -> Cell:
    if units is None:
        return None
    try:
        return Money(int(units), currency)
    except MoneyError:
        return int(units)


TABLES: dict[str, Table] = {
    ExportKind.SETTLEMENTS: Table(
        ("as_of", "provider", "batch", "closed_at", "currency", "lines", "sales", "fees", "reserve", "net_of_all_lines",
         "paid_to_bank", "payout_reference", "bank_credited", "file", "file_sha256"),
        """
        SELECT %(as_of)s::date, n.slug, b.name, b.closed_at, b.currency, b.rows, b.sales, b.fees, b.reserve, b.net, b.bank,
               b.payout_reference,
               (SELECT sum(l.units) FROM reconciliation_bankline l JOIN reconciliation_import s ON s.id = l.import_file_id
                 WHERE s.state = 'loaded' AND s.business_date <= %(as_of)s AND b.payout_reference <> '' AND l.currency = b.currency
                   AND l.booked_on >= (b.closed_at AT TIME ZONE 'UTC')::date - 3
                   AND strpos(lower(l.reference), lower(b.payout_reference)) > 0),
               f.name, f.sha256
          FROM reconciliation_batch b
          JOIN reconciliation_import i ON i.id = b.import_file_id AND i.state = 'loaded'
          JOIN reconciliation_storedfile f ON f.id = i.file_id
          JOIN integrations_integration n ON n.id = b.integration_id
          JOIN brands_brand r ON r.code = n.brand_code
         WHERE i.business_date <= %(as_of)s AND i.business_date >= date_trunc('month', %(as_of)s::date) AND r.id = ANY (%(brands)s::bigint[])
         ORDER BY n.slug, b.closed_at, b.id""",
        lambda r: (*r[:6], *(_money(r[place], r[4]) for place in (6, 7, 8, 9, 10)), r[11], _money(r[12], r[4]), r[13], r[14]),
    ),
    ExportKind.LEDGER: Table(
        ("as_of", "posted_at", "provider", "movement", "payment", "our_reference", "currency", "amount", "provider_fee",
         "transaction"),
        """
        SELECT %(as_of)s::date, l.occurred_at, n.slug, l.movement, l.payment_key, l.reference, l.currency, l.units, l.fee_units,
               l.transaction_id::text
          FROM reconciliation_ledgerline l JOIN integrations_integration n ON n.id = l.integration_id
         WHERE l.occurred_on = %(as_of)s AND l.brand_id = ANY (%(brands)s::bigint[])
         ORDER BY l.occurred_at, l.transaction_id""",
        lambda r: (*r[:7], _money(r[7], r[6]), _money(r[8], r[6]), r[9]),
    ),
    ExportKind.BREAKS: Table(
        ("as_of", "found_on", "age_days", "class", "provider", "subject", "currency", "expected", "found", "difference",
         "posted", "remaining", "state", "resolved_by", "owner", "explanation"),
        """
        SELECT %(as_of)s::date, b.opened_on, %(as_of)s::date - b.opened_on, b.kind, coalesce(n.slug, ''), b.subject, b.currency,
               b.expected_units, b.found_units, coalesce(p.units, 0),
               CASE WHEN b.state = 'resolved' AND b.resolved_at < %(end)s THEN 'resolved' ELSE 'open' END,
               CASE WHEN b.resolved_at < %(end)s THEN b.resolved_by ELSE '' END, coalesce(u.username, ''), b.details
          FROM reconciliation_break b
          LEFT JOIN integrations_integration n ON n.id = b.integration_id
          LEFT JOIN auth_user u ON u.id = b.owner_id
          LEFT JOIN (SELECT of_break_id, sum(units) AS units FROM reconciliation_resolution WHERE posted_at < %(end)s
                      GROUP BY of_break_id) p ON p.of_break_id = b.id
         WHERE b.opened_on <= %(as_of)s AND (b.brand_id IS NULL OR b.brand_id = ANY (%(brands)s::bigint[]))
           AND (b.resolved_at IS NULL OR b.resolved_at >= date_trunc('month', %(as_of)s::date))
         ORDER BY b.opened_on, b.id""",
        lambda r: (
            *r[:7], _money(r[7], r[6]), _money(r[8], r[6]), _money(r[8] - r[7], r[6]), _money(r[9], r[6]),
            _money(r[8] - r[7] - int(r[9]), r[6]), r[10], r[11], r[12],
            explanation(kind=r[3], subject=r[5], currency=r[6], expected=r[7], found=r[8], details=r[13]),
        ),
    ),
    ExportKind.PLAYER_MONEY: Table(
        ("as_of", "brand", "currency", "bucket", "players_with_money", "held"),
        """
        SELECT %(as_of)s::date, r.code, a.currency, a.kind, count(*) FILTER (WHERE a.balance - coalesce(l.units, 0) <> 0),
               coalesce(sum(a.balance - coalesce(l.units, 0)), 0)
          FROM transactions_account a
          JOIN brands_brand r ON r.id = a.brand_id
          LEFT JOIN (SELECT p.account_id, sum(p.amount) AS units
                       FROM transactions_posting p JOIN transactions_transaction t ON t.id = p.transaction_id
                      WHERE t.created_at >= %(end)s AND t.id >= core_uuid7_floor(%(end)s - interval '60 days')
                        AND p.transaction_id >= core_uuid7_floor(%(end)s - interval '60 days')
                      GROUP BY p.account_id) l ON l.account_id = a.id
         WHERE a.player_id IS NOT NULL AND a.brand_id = ANY (%(brands)s::bigint[])
         GROUP BY r.code, a.currency, a.kind ORDER BY r.code, a.currency, a.kind""",
        lambda r: (*r[:5], _money(r[5], r[2])),
    ),
    ExportKind.RETURNED: Table(
        ("as_of", "returned_at", "provider", "payment", "our_reference", "player", "currency", "amount", "withdrawal_state"),
        """
        SELECT %(as_of)s::date, l.occurred_at, n.slug, l.payment_key, l.reference, p.public_id::text, l.currency, l.units,
               coalesce((SELECT w.state FROM payments_attempt a JOIN payments_withdrawal w ON w.id = a.withdrawal_id
                          WHERE a.key = l.reference LIMIT 1), '')
          FROM reconciliation_ledgerline l
          JOIN integrations_integration n ON n.id = l.integration_id
          LEFT JOIN players_player p ON p.id = l.player_id
         WHERE l.movement = 'payout' AND l.units > 0 AND l.occurred_on <= %(as_of)s
           AND l.occurred_on >= date_trunc('month', %(as_of)s::date) AND l.brand_id = ANY (%(brands)s::bigint[])
         ORDER BY l.occurred_at, l.transaction_id""",
        lambda r: (*r[:7], _money(r[7], r[6]), r[8]),
    ),
    ExportKind.DISPUTES: Table(
        ("as_of", "opened_at", "respond_by", "provider", "dispute", "deposit", "player", "status", "stage", "reason",
         "currency", "taken_back", "owed_by_player"),
        """
        SELECT %(as_of)s::date, x.opened_at, x.respond_by, n.slug, x.reference, d.public_id::text, p.public_id::text, x.status,
               x.stage, x.reason, d.currency, x.debited_units, x.owed_units
          FROM payments_dispute x
          JOIN payments_deposit d ON d.id = x.deposit_id
          JOIN players_player p ON p.id = d.player_id
          JOIN integrations_integration n ON n.id = d.integration_id
         WHERE x.opened_at < %(end)s AND d.brand_id = ANY (%(brands)s::bigint[])
         ORDER BY x.opened_at, x.id""",
        lambda r: (*r[:11], _money(r[11], r[10]), _money(r[12], r[10])),
    ),
}  # fmt: skip


def rows_of(kind: str, *, as_of: date, brand_ids: Sequence[int]) -> Iterator[Sequence[Cell]]:
    """Stream the rows of an export; must run inside a transaction, whose snapshot it reads."""
    table = TABLES[kind]
    end = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) + timedelta(days=1)
    with connection.chunked_cursor() as cursor:
        cursor.execute(table.statement, {"as_of": as_of, "end": end, "brands": list(brand_ids)})
        while chunk := cursor.fetchmany(_CHUNK):
            for row in chunk:
                yield table.shown(row)
