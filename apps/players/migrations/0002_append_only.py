"""What happened to a player's account is never altered."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("players", "0001_initial"), ("core", "0002_append_only")]

    operations = [install_sql("players", "append_only.sql")]
