"""A callback that was accepted is a success, not a refusal: also in what was counted before."""

from django.db import migrations

from apps.core.sql import install_sql

_COUNTED = """
UPDATE integrations_healthminute SET outcome_class = 'success' WHERE outcome = 'accepted' AND outcome_class = 'refusal'
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0010_connected")]

    operations = [
        install_sql("integrations", "health.sql"),
        migrations.RunSQL(_COUNTED, migrations.RunSQL.noop),
    ]
