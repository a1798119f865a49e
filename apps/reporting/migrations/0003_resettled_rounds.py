"""Corrections that resettle a round count as its wins, and what they take back as wins taken back."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("reporting", "0002_sql"), ("providers", "0009_interrupted_rounds")]

    operations = [install_sql("reporting", "follow.sql")]
