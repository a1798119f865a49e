"""What follows the ledger, and what is never altered."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("reporting", "0001_initial"), ("transactions", "0004_tailing"), ("providers", "0007_published_deviation")]

    operations = [install_sql("reporting", "follow.sql"), install_sql("reporting", "append_only.sql")]
