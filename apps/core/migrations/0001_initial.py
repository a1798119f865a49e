"""The plumbing's tables, and the SQL functions that every append-only or partitioned table uses."""

import datetime

from django.db import migrations, models

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    """First state of `core`."""

    initial = True

    dependencies = []

    operations = [
        install_sql("core", "append_only.sql"),
        migrations.CreateModel(
            name="ClockOffset",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        default=1, primary_key=True, serialize=False
                    ),
                ),
                ("clock_offset", models.DurationField(default=datetime.timedelta(0))),
            ],
            options={
                "verbose_name": "clock offset",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)),
                        name="core_clockoffset_single_row",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("clock_offset__gte", datetime.timedelta(0))
                        ),
                        name="core_clockoffset_never_backwards",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        help_text="The principal, e.g. player:<id>", max_length=128
                    ),
                ),
                ("method", models.CharField(max_length=8)),
                ("path", models.CharField(max_length=512)),
                ("key", models.CharField(max_length=255)),
                (
                    "fingerprint",
                    models.BinaryField(
                        help_text="SHA-256 of the canonical body", max_length=32
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Running"), ("finished", "Finished")],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("content_type", models.CharField(blank=True, max_length=128)),
                ("headers", models.JSONField(default=dict)),
                ("body", models.BinaryField(null=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "idempotency key",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "method", "path", "key"),
                        name="core_idempotencykey_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("body__isnull", True),
                                ("state", "running"),
                                ("status__isnull", True),
                            ),
                            models.Q(
                                ("body__isnull", False),
                                ("state", "finished"),
                                ("status__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="core_idempotencykey_finished_has_answer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="core_idempotencykey_expires_later",
                    ),
                ],
            },
        ),
    ]
