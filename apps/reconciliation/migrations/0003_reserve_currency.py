"""Reserves are agreed by currency."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0002_sql")]

    operations = [install_sql("reconciliation", "batches.sql")]
