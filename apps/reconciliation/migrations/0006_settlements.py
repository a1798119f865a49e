"""What providers have settled is posted when the bank credits it."""

import django.db.models.deletion
from django.db import migrations, models

from apps.core.sql import install_sql


class Migration(migrations.Migration):

    dependencies = [
        ('brands', '0001_initial'),
        ('integrations', '0010_connected'),
        ('reconciliation', '0005_approvals'),
        ('transactions', '0007_bank_accounts'),
    ]

    operations = [
        migrations.CreateModel(
            name='SettlementPosting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('bank', 'Credited by the bank'), ('fee', 'Fees of a batch')], max_length=4)),
                ('currency', models.CharField(max_length=8)),
                ('units', models.BigIntegerField(help_text='By so much less the provider owes us, ledger units')),
                ('day', models.DateField(help_text='When the bank booked it')),
                ('details', models.JSONField(default=dict)),
                ('transaction_id', models.UUIDField(unique=True)),
                ('posted_at', models.DateTimeField()),
                ('reversal_id', models.UUIDField(help_text='The transaction that took it back', null=True, unique=True)),
                ('reversed_at', models.DateTimeField(null=True)),
                ('brand', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='brands.brand')),
                ('integration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='integrations.integration')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['brand', 'day'], name='reconciliation_settled_day')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('reversal_id', None)), fields=('key',), name='reconciliation_settlementposting_once'), models.CheckConstraint(condition=models.Q(('units', 0), _negated=True), name='reconciliation_settlementposting_units'), models.CheckConstraint(condition=models.Q(models.Q(('reversal_id__isnull', True), ('reversed_at__isnull', True)), models.Q(('reversal_id__isnull', False), ('reversed_at__isnull', False)), _connector='OR'), name='reconciliation_settlementposting_reversed')],
            },
        ),
        *(install_sql("reconciliation", name) for name in ("append_only.sql", "books.sql", "bank.sql", "collect.sql")),
    ]
