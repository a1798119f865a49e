"""Cells of settlement files are read once each, and both legs are merged in the order of their index."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0007_following")]

    operations = [install_sql("reconciliation", name) for name in ("settlement.sql", "match.sql")]
