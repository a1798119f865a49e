"""Tables of the exchange log."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial"), ("core", "0002_append_only")]

    operations = [install_sql("integrations", "exchanges.sql")]
