"""Readers in order are held up by what may still write to their own database, and by nothing else."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("core", "0004_chain")]

    operations = [install_sql("core", "tailing.sql")]
