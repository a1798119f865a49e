"""Accounts for what payment providers keep back as a reserve."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("transactions", "0004_tailing")]

    operations = [install_sql("transactions", "kinds.sql")]
