"""What happened behind the wall is never altered."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("compliance_reports", "0001_initial"), ("core", "0002_append_only")]

    operations = [install_sql("compliance_reports", "append_only.sql")]
