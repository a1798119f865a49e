import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '__first__'),
        ('integrations', '0007_webhooks'),
    ]

    operations = [
        migrations.CreateModel(
            name='Breaker',
            fields=[
                ('integration', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='breaker', serialize=False, to='integrations.integration')),
                ('failures', models.PositiveIntegerField(default=0)),
                ('opened_at', models.DateTimeField(null=True)),
                ('probe_at', models.DateTimeField(help_text='When the next call may try whether the vendor is back', null=True)),
            ],
        ),
        migrations.AlterField(
            model_name='integrationevent',
            name='action',
            field=models.CharField(choices=[('switched', 'Kill switch used'), ('key_added', 'Key added'), ('key_expiry_set', 'Expiry of a key set'), ('key_revoked', 'Key revoked'), ('keys_reencrypted', 'Stored keys encrypted with another master key'), ('exchanges_dropped', 'Exchanges past their retention dropped'), ('event_replayed', 'Inbound event processed anew'), ('target_set', 'Targets of an integration set'), ('webhook_created', 'Webhook endpoint set up'), ('webhook_changed', 'Webhook endpoint changed'), ('webhook_secret_rotated', 'Secret of a webhook endpoint rotated'), ('webhook_switched', 'Webhook endpoint switched'), ('webhook_replayed', 'Webhook messages told again')], max_length=24),
        ),
        migrations.CreateModel(
            name='ServiceTarget',
            fields=[
                ('integration', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='target', serialize=False, to='integrations.integration')),
                ('success_percent', models.DecimalField(decimal_places=3, default=Decimal('99.9'), help_text='Share of calls that end as the protocol means them to', max_digits=6)),
                ('p95_ms', models.PositiveIntegerField(default=1000, help_text='Latency that 95 % of calls stay below, milliseconds')),
                ('silence_minutes', models.PositiveSmallIntegerField(default=5, help_text='So long without a call is an incident, if there was traffic before')),
                ('key_age_days', models.PositiveSmallIntegerField(default=365, help_text='A key older than this should be rotated')),
                ('alert_emails', models.CharField(blank=True, help_text='Who is told of incidents, beside the setting', max_length=500)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('success_percent__gt', 0), ('success_percent__lt', 100)), name='integrations_servicetarget_share')],
            },
        ),
        migrations.CreateModel(
            name='Incident',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.SlugField(max_length=40)),
                ('severity', models.CharField(choices=[('warning', 'Warning'), ('critical', 'Critical')], max_length=8)),
                ('summary', models.CharField(help_text='What was seen against what was expected', max_length=300)),
                ('evidence', models.JSONField(default=dict)),
                ('opened_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField(help_text='When the rule last found it so')),
                ('closed_at', models.DateTimeField(null=True)),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('notified_at', models.DateTimeField(help_text='When e-mails about its opening went out', null=True)),
                ('acknowledged_by', models.ForeignKey(help_text='Who looks after it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('integration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='incidents', to='integrations.integration')),
            ],
            options={
                'ordering': ('-id',),
                'permissions': (('acknowledge_incident', 'Can take over incidents of vendors'),),
                'indexes': [models.Index(fields=['integration', '-opened_at'], name='integrations_incident_of')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('integration', 'rule'), name='integrations_incident_open_once'), models.CheckConstraint(condition=models.Q(('severity__in', ('warning', 'critical'))), name='integrations_incident_severity'), models.CheckConstraint(condition=models.Q(('closed_at', None), ('closed_at__gte', models.F('opened_at')), _connector='OR'), name='integrations_incident_period')],
            },
        ),
    ]
