"""Settings of an integration may be changed by staff, and who did is recorded."""

from django.db import migrations, models

_ACTIONS = [
    ("switched", "Kill switch used"),
    ("option_set", "Setting changed"),
    ("key_added", "Key added"),
    ("key_expiry_set", "Expiry of a key set"),
    ("key_revoked", "Key revoked"),
    ("keys_reencrypted", "Stored keys encrypted with another master key"),
    ("exchanges_dropped", "Exchanges past their retention dropped"),
    ("event_replayed", "Inbound event processed anew"),
    ("target_set", "Targets of an integration set"),
    ("webhook_created", "Webhook endpoint set up"),
    ("webhook_changed", "Webhook endpoint changed"),
    ("webhook_secret_rotated", "Secret of a webhook endpoint rotated"),
    ("webhook_switched", "Webhook endpoint switched"),
    ("webhook_replayed", "Webhook messages told again"),
]


class Migration(migrations.Migration):
    dependencies = [("integrations", "0008_watch")]

    operations = [
        migrations.AlterModelOptions(
            "integration",
            options={
                "ordering": ("slug",),
                "permissions": (
                    ("switch_integration", "Can use the kill switch of an integration"),
                    ("change_options", "Can change the settings of an integration"),
                ),
            },
        ),
        migrations.AlterField("integrationevent", "action", models.CharField(choices=_ACTIONS, max_length=24)),
    ]
