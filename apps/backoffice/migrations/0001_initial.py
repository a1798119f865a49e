"""Looks at personal data."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0002_append_only"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("brands", "0001_initial"),
        ("integrations", "0001_initial"),
        ("players", "0002_append_only"),
        ("providers", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonalDataRead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.CharField(max_length=300)),
                ("remote_address", models.CharField(max_length=45)),
                ("request_id", models.UUIDField(null=True)),
                ("read_at", models.DateTimeField()),
                ("player", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="players.player")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name": "look at personal data",
                "verbose_name_plural": "looks at personal data",
                "ordering": ("-id",),
                "permissions": (("view_figures", "Can see turnover, GGR and other figures of the business"),),
                "indexes": [models.Index(fields=["player", "-read_at"], name="backoffice_read_by_player")],
            },
        ),
        install_sql("backoffice", "append_only.sql"),
    ]
