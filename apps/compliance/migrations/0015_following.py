"""The ledger is followed as all its readers follow it."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("compliance", "0014_case_reviews"), ("transactions", "0010_following")]

    operations = [install_sql("compliance", "money.sql")]
