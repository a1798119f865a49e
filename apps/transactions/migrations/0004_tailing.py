"""The roll-up and the proof of the books read in order with the functions that all such readers share."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("transactions", "0003_books"), ("core", "0003_tailing")]

    operations = [
        install_sql("transactions", "rollup.sql"),
        install_sql("transactions", "books.sql"),
        migrations.RunSQL(
            "DROP FUNCTION IF EXISTS ledger_horizon(), ledger_tail_floor(bigint, timestamptz), ledger_require_present(bigint)",
            migrations.RunSQL.noop,
        ),
    ]
