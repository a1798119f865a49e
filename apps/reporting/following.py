"""Keeping the projections in step with the ledger, and making them anew. What they mean is in `sql/`."""

from datetime import date

from django.db import connection, transaction

from apps.reporting.models import GameDay, Revenue, RtpDay

# Database transactions' worth of ledger in one statement: some seconds of work after a long pause, never minutes.
_SPAN = 200_000


def follow_ledger() -> int:
    """Bring the projections up to the ledger; returns how many postings that took. Safe to run twice at once."""
    return _follow("SELECT postings, is_done FROM reporting_follow_ledger(%s)")


def follow_revenue() -> int:
    """Likewise what invoices are made of; see `sql/revenue.sql`."""
    return _follow("SELECT postings, is_done FROM reporting_follow_revenue(%s)")


def _follow(statement: str) -> int:
    total, is_done = 0, False
    while not is_done:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(statement, [_SPAN])
            followed, is_done = cursor.fetchone()
        total += followed
    return total


def rebuild() -> int:
    """Make the projections anew from the whole ledger, with the same values; returns how many postings that took."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT FROM transactions_cursor WHERE name = 'reporting' FOR UPDATE")
        GameDay.objects.all().delete()
        RtpDay.objects.all().delete()
        cursor.execute(
            "UPDATE transactions_cursor SET next_xact = 0, updated_at = '2000-01-01' WHERE name = 'reporting'"
        )
    return follow_ledger()


def rebuild_revenue() -> int:
    """Make anew what invoices are made of; returns how many postings that took."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT FROM transactions_cursor WHERE name = 'reporting-revenue' FOR UPDATE")
        Revenue.objects.all().delete()
        cursor.execute(
            "UPDATE transactions_cursor SET next_xact = 0, updated_at = '2000-01-01' WHERE name = 'reporting-revenue'"
        )
    return follow_revenue()


def count_calls(since: date) -> None:
    """Sum the counted minutes of vendors' calls by day, from a day (UTC) on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reporting_count_calls(%s)", [since])
