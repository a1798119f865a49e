"""The ledger is followed as all its readers follow it."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("reporting", "0005_invoices_sql"), ("transactions", "0010_following")]

    operations = [install_sql("reporting", "follow.sql"), install_sql("reporting", "revenue.sql")]
