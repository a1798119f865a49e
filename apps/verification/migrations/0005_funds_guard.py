"""Locked funds are answered for in the ledger's posting instead of by a trigger on its table."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("verification", "0004_erasure"), ("transactions", "0006_funds_guard")]

    operations = [install_sql("verification", "funds_lock.sql")]
