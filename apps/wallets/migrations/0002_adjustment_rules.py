"""What a decided adjustment says is never altered, and the books know of it."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("wallets", "0001_adjustments"), ("transactions", "0003_books"), ("core", "0002_append_only")]

    operations = [install_sql("wallets", "adjustments.sql")]
