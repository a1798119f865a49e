"""A posting of one leg no longer pays for a setting that only several wallets need."""

from django.db import migrations

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("transactions", "0008_payable_accounts")]

    operations = [install_sql("transactions", "posting.sql")]
