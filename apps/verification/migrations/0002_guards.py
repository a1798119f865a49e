"""What is never altered, and the ledger's guard over locked funds."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [
        ("verification", "0001_initial"),
        ("core", "0003_tailing"),
        ("transactions", "0004_tailing"),
        ("wallets", "0002_adjustment_rules"),
    ]

    operations = [install_sql("verification", "append_only.sql"), install_sql("verification", "funds_lock.sql")]
