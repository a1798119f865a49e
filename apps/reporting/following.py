"""Keeping the projections in step with the ledger, and making them anew. What they mean is in `sql/`."""

from datetime import date

from django.db import connection

from apps.reporting.models import GameDay, Revenue, RtpDay
from apps.transactions.following import begun_anew, follow


def follow_ledger() -> int:
    """Bring the projections up to the ledger; returns how many postings that took. Safe to run twice at once."""
    return follow("reporting_follow_ledger")


def follow_revenue() -> int:
    """Likewise what invoices are made of; see `sql/revenue.sql`."""
    return follow("reporting_follow_revenue")


def rebuild() -> int:
    """Make the projections anew from the whole ledger, with the same values; returns how many postings that took."""
    with begun_anew("reporting"):
        GameDay.objects.all().delete()
        RtpDay.objects.all().delete()
    return follow_ledger()


def rebuild_revenue() -> int:
    """Make anew what invoices are made of; returns how many postings that took."""
    with begun_anew("reporting-revenue"):
        Revenue.objects.all().delete()
    return follow_revenue()


def count_refusals() -> int:
    """Add the wallet calls refused since the last time to the sums by game; returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reporting_count_refusals()")
        counted: int = cursor.fetchone()[0]
    return counted


def count_calls(since: date) -> None:
    """Sum the counted minutes of vendors' calls by day, from a day (UTC) on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reporting_count_calls(%s)", [since])
