"""Refused wallet calls are noted by game."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("providers", "0011_carried_voids")]

    operations = [install_sql("providers", "refusals.sql"), install_sql("providers", "wallet_call.sql")]
