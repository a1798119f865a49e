"""Functions for reading append-only tables in order."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("core", "0002_append_only")]

    operations = [install_sql("core", "tailing.sql")]
