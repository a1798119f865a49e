from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0002_sql"), ("compliance", "0013_contacts_and_lists")]

    operations = [install_sql("monitoring", "erasure.sql")]
