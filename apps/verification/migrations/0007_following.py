"""The ledger is followed as all its readers follow it."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("verification", "0006_income"), ("transactions", "0010_following")]

    operations = [install_sql("verification", "funds_lock.sql")]
