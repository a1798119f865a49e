"""The outbox and the cursors of those who follow it."""

from uuid import UUID

import django.utils.timezone
from django.db import migrations, models

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("integrations", "0005_inbox"), ("core", "0003_tailing")]

    operations = [
        install_sql("integrations", "facts.sql"),
        migrations.CreateModel(
            name="FactCursor",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("next_xact", models.BigIntegerField(default=0)),
                ("last_id", models.UUIDField(default=UUID(int=0))),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
    ]
