"""What follows the ledger for invoices, and what is never altered."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [
        ("reporting", "0004_contracts_and_invoices"),
        ("transactions", "0008_payable_accounts"),
        ("players", "0004_gate"),
        ("integrations", "0008_watch"),
    ]

    operations = [
        install_sql("reporting", "revenue.sql"),
        install_sql("reporting", "invoices.sql"),
        # The minutes that were counted before there were days.
        migrations.RunSQL("SELECT reporting_count_calls(DATE '2000-01-01')", migrations.RunSQL.noop),
    ]
