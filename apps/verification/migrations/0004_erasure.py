from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("verification", "0003_read_chain"), ("compliance", "0012_erasure_of_texts")]

    operations = [install_sql("verification", "erasure.sql")]
