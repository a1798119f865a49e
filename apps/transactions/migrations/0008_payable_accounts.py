"""Accounts for what is owed to game providers."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("transactions", "0007_bank_accounts")]

    operations = [install_sql("transactions", "kinds.sql")]
