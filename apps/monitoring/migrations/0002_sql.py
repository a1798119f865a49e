"""How the ledger is counted, and what never changes."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0001_initial"),
        ("transactions", "0004_tailing"),
        ("integrations", "0006_outbox"),
        ("core", "0003_tailing"),
    ]

    operations = [install_sql("monitoring", "feed.sql"), install_sql("monitoring", "append_only.sql")]
