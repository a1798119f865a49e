from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("compliance", "0011_cases_sql"), ("compliance", "0005_retention")]

    operations = [install_sql("compliance", "erasure.sql")]
