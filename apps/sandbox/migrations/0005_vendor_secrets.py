"""Simulated vendors of further protocols: their secrets, and sids that rotate."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sandbox", "0004_identity_vendors")]

    operations = [
        migrations.AddField(
            "simulatedvendor",
            "secrets",
            models.JSONField(default=dict, help_text="Of protocols without key pairs; in clear, likewise"),
        ),
        migrations.AddField(
            "simulatedsession",
            "live_token",
            models.CharField(blank=True, default="", help_text="What the platform exchanged the token for", max_length=255),
        ),
    ]
