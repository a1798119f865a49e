"""Public ids of sessions, lock-out by name, and what profiles were before."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [("brands", "0001_initial"), ("players", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="ProfileChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("field", models.SlugField(max_length=32)),
                ("old_value", models.CharField(blank=True, max_length=254)),
                ("new_value", models.CharField(blank=True, max_length=254)),
                ("actor", models.CharField(help_text="Staff username, or `player`", max_length=150)),
                ("request_id", models.UUIDField(null=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "player",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="profile_changes", to="players.player"
                    ),
                ),
            ],
            options={"ordering": ("-id",)},
        ),
        migrations.AddField(
            model_name="playersession",
            name="public_id",
            field=models.UUIDField(editable=False, help_text="The id its player sees", null=True),
        ),
        migrations.RunSQL(
            "UPDATE players_playersession SET public_id = uuidv7()", reverse_sql=migrations.RunSQL.noop
        ),
        migrations.AlterField(
            model_name="playersession",
            name="public_id",
            field=models.UUIDField(
                default=apps.core.ids.uuid7, editable=False, help_text="The id its player sees", unique=True
            ),
        ),
        migrations.AddIndex(
            model_name="loginattempt",
            index=models.Index(
                models.F("brand"),
                django.db.models.functions.text.Lower("username"),
                models.OrderBy(models.F("attempted_at"), descending=True),
                name="players_attempt_by_name",
            ),
        ),
    ]
