"""Adjustments become records of what two people did; what waits for a second person waits among the approvals."""

from django.conf import settings
from django.db import migrations, models

from apps.core.sql import install_sql

# Nobody can decide on them any more where they were asked for: they have to be asked for again.
_END_WAITING = "UPDATE wallets_adjustment SET state = 'expired', decided_at = now() WHERE state = 'proposed'"


class Migration(migrations.Migration):

    dependencies = [
        ('brands', '0001_initial'),
        ('players', '0004_gate'),
        ('wallets', '0002_adjustment_rules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(_END_WAITING, migrations.RunSQL.noop),
        install_sql("wallets", "adjustments.sql"),
        migrations.RemoveConstraint(
            model_name='adjustment',
            name='wallets_adjustment_state',
        ),
        migrations.RemoveConstraint(
            model_name='adjustment',
            name='wallets_adjustment_decided',
        ),
        migrations.RemoveConstraint(
            model_name='adjustment',
            name='wallets_adjustment_posted',
        ),
        migrations.RemoveConstraint(
            model_name='adjustment',
            name='wallets_adjustment_in_time',
        ),
        migrations.RemoveIndex(
            model_name='adjustment',
            name='wallets_adjustment_waiting',
        ),
        migrations.RemoveField(
            model_name='adjustment',
            name='expires_at',
        ),
        migrations.AlterField(
            model_name='adjustment',
            name='payload_digest',
            field=models.CharField(editable=False, help_text='SHA-256 of the terms', max_length=64),
        ),
        migrations.AlterField(
            model_name='adjustment',
            name='request_id',
            field=models.UUIDField(help_text='The request that posted it', null=True),
        ),
        migrations.AlterField(
            model_name='adjustment',
            name='state',
            field=models.CharField(choices=[('posted', 'Posted'), ('rejected', 'Rejected'), ('expired', 'Expired undecided')], default='posted', max_length=8),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('posted', 'rejected', 'expired'))), name='wallets_adjustment_state'),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', False), ('decided_by__isnull', True), ('state__in', ('expired',))), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ('posted', 'rejected'))), _connector='OR'), name='wallets_adjustment_decided'),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'posted'), ('transaction_id__isnull', True), _connector='OR'), name='wallets_adjustment_posted'),
        ),
    ]
