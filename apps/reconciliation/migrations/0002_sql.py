"""Matching, loading and collecting are SQL functions; what was imported and found is append-only."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0001_initial"),
        ("transactions", "0003_books"),
        ("payments", "0001_initial"),
        ("providers", "0004_books"),
        ("core", "0002_append_only"),
    ]

    operations = [
        install_sql("reconciliation", name)
        for name in (
            "append_only.sql", "books.sql", "collect.sql", "settlement.sql", "match.sql", "batches.sql", "games.sql", "breaks.sql",
        )
    ]
