"""Functions that append-only and partitioned tables share."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [install_sql("core", "append_only.sql")]
