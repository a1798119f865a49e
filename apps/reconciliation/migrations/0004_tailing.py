"""The first leg is read with the functions that all readers in order share; those of the ledger alone are gone."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0003_reserve_currency"),
        ("core", "0003_tailing"),
        ("transactions", "0004_tailing"),
    ]

    operations = [install_sql("reconciliation", "collect.sql")]
