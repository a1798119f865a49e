"""Periods, the tally and the check of a bet; the gate; what is never altered; and the proof of it."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [
        ("safer_play", "0001_initial"),
        ("core", "0002_append_only"),
        ("players", "0004_gate"),
        ("transactions", "0003_books"),
    ]

    operations = [
        install_sql("safer_play", "windows.sql"),
        install_sql("safer_play", "tally.sql"),
        install_sql("safer_play", "deposits.sql"),
        install_sql("safer_play", "bets.sql"),
        install_sql("safer_play", "gate.sql"),
        install_sql("safer_play", "books.sql"),
    ]
