"""The ledger asks before a player's money leaves; who answers is installed by an app above it."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("transactions", "0005_reserve_accounts")]

    operations = [install_sql("transactions", "posting.sql")]
