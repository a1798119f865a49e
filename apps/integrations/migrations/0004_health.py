"""How vendor health is counted; the record of staff acts only grows."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("integrations", "0003_operations_and_health")]

    operations = [install_sql("integrations", "health.sql")]
