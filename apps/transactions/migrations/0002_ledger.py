"""Tables and posting functions of the ledger."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("transactions", "0001_initial"), ("core", "0002_append_only")]

    operations = [
        install_sql("transactions", "kinds.sql"),
        install_sql("transactions", "tables.sql"),
        install_sql("transactions", "posting.sql"),
    ]
