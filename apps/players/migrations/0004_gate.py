"""The gate between bets and a change of status."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("players", "0003_sessions_profile")]

    operations = [install_sql("players", "gate.sql")]
