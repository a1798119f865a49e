"""Rounds, and the function that a wallet call is."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [
        ("players", "0004_gate"),
        ("providers", "0001_initial"),
        ("transactions", "0002_ledger"),
        ("integrations", "0002_exchanges"),
    ]

    operations = [
        install_sql("providers", "rounds.sql"),
        install_sql("providers", "wallet_call_types.sql"),
        install_sql("providers", "wallet_call.sql"),
    ]
