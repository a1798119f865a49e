from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("bonuses", "0003_following"), ("compliance", "0015_following")]

    operations = [install_sql("bonuses", "erasure.sql")]
