from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [
        ("backoffice", "0003_records"),
        ("compliance", "0015_following"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [install_sql("backoffice", "staff_log.sql")]
