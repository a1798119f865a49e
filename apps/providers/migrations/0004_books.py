"""Rounds are proven with the books."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("providers", "0003_rounds_and_voids"), ("transactions", "0003_books")]

    operations = [install_sql("providers", "books.sql")]
