"""Looks at evidence become a hash chain."""

from django.db import migrations, models

COLUMNS = ("id", "document_id", "hit_id", "user_id", "purpose", "remote_address", "request_id", "at")


class Migration(migrations.Migration):
    dependencies = [("verification", "0002_guards"), ("core", "0004_chain")]

    operations = [
        migrations.AddField("evidenceread", "chain_number", models.BigIntegerField(default=0, editable=False)),
        migrations.AddField(
            "evidenceread", "previous_hash", models.CharField(default="", editable=False, max_length=64)
        ),
        migrations.AddField("evidenceread", "hash", models.CharField(default="", editable=False, max_length=64)),
        migrations.RunSQL(
            "SELECT core_chain_install('verification_evidenceread', "
            + ", ".join(f"'{name}'" for name in COLUMNS)
            + ")",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            "evidenceread", "chain_number", models.BigIntegerField(default=0, editable=False, unique=True)
        ),
    ]
