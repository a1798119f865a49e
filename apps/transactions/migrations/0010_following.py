"""Readers of the ledger take and leave a span in one way."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("transactions", "0009_posting")]

    operations = [install_sql("transactions", "following.sql"), install_sql("transactions", "rollup.sql")]
