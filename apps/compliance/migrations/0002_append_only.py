"""What was published, asked for and decided is never altered."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("compliance", "0001_initial"), ("core", "0002_append_only")]

    operations = [install_sql("compliance", "policies.sql"), install_sql("compliance", "approvals.sql")]
