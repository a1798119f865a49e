"""Hash chains over append-only tables."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("core", "0003_tailing")]

    operations = [install_sql("core", "chain.sql")]
