"""What follows the ledger, proves the books of bonuses, and is never altered."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [
        ("bonuses", "0001_initial"),
        ("core", "0002_append_only"),
        ("transactions", "0004_tailing"),
    ]

    operations = [
        install_sql("bonuses", "follow.sql"),
        install_sql("bonuses", "books.sql"),
        install_sql("bonuses", "append_only.sql"),
    ]
