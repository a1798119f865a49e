"""Accounts for what payment providers have paid to the bank."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("transactions", "0006_funds_guard")]

    operations = [install_sql("transactions", "kinds.sql")]
