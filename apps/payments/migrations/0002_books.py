"""Payments are proven with the books, and their history is never altered."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("transactions", "0003_books"), ("core", "0002_append_only")]

    operations = [install_sql("payments", "books.sql"), install_sql("payments", "append_only.sql")]
