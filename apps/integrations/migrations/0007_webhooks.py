import apps.core.ids
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '__first__'),
        ('integrations', '0006_outbox'),
    ]

    operations = [
        migrations.AlterField(
            model_name='integrationevent',
            name='action',
            field=models.CharField(choices=[('switched', 'Kill switch used'), ('key_added', 'Key added'), ('key_expiry_set', 'Expiry of a key set'), ('key_revoked', 'Key revoked'), ('keys_reencrypted', 'Stored keys encrypted with another master key'), ('exchanges_dropped', 'Exchanges past their retention dropped'), ('event_replayed', 'Inbound event processed anew'), ('webhook_created', 'Webhook endpoint set up'), ('webhook_changed', 'Webhook endpoint changed'), ('webhook_secret_rotated', 'Secret of a webhook endpoint rotated'), ('webhook_switched', 'Webhook endpoint switched'), ('webhook_replayed', 'Webhook messages told again')], max_length=24),
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, unique=True)),
                ('brand_code', models.SlugField(max_length=40)),
                ('name', models.CharField(max_length=80)),
                ('url', models.URLField(max_length=500)),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), help_text='What it is told; a name that ends in .* is a family', size=None)),
                ('state', models.CharField(choices=[('on', 'On'), ('off', 'Off')], default='on', max_length=3)),
                ('state_reason', models.CharField(blank=True, max_length=300)),
                ('next_sequence', models.BigIntegerField(default=1)),
                ('paused_until', models.DateTimeField(blank=True, help_text='The receiver asked for a pause', null=True)),
                ('failing_since', models.DateTimeField(blank=True, help_text='The first failure since the last success', null=True)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('brand_code', 'name'),
                'permissions': (('manage_webhookendpoint', 'Can set up webhook endpoints, rotate their secrets and replay'),),
                'constraints': [models.UniqueConstraint(fields=('brand_code', 'name'), name='integrations_webhookendpoint_name'), models.CheckConstraint(condition=models.Q(('state__in', ('on', 'off'))), name='integrations_webhookendpoint_state')],
            },
        ),
        migrations.CreateModel(
            name='WebhookMessage',
            fields=[
                ('id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, help_text='webhook-id, the same in every try', primary_key=True, serialize=False)),
                ('sequence', models.BigIntegerField(help_text='Counts up by one for each message of the endpoint')),
                ('fact_id', models.UUIDField()),
                ('kind', models.CharField(max_length=80)),
                ('ordering_key', models.CharField(help_text='Messages with the same key are told in order', max_length=60)),
                ('body', models.TextField()),
                ('state', models.CharField(choices=[('pending', 'To be delivered'), ('delivered', 'Delivered'), ('failed', 'Given up')], default='pending', max_length=9)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(null=True)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField()),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='integrations.webhookendpoint')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(condition=models.Q(('state', 'pending')), fields=['next_attempt_at'], name='integrations_webhook_due'), models.Index(condition=models.Q(('state', 'pending')), fields=['endpoint', 'ordering_key', 'sequence'], name='integrations_webhook_in_order'), models.Index(fields=['endpoint', '-sequence'], name='integrations_webhook_of_end')],
                'constraints': [models.UniqueConstraint(fields=('endpoint', 'fact_id'), name='integrations_webhookmessage_once'), models.UniqueConstraint(fields=('endpoint', 'sequence'), name='integrations_webhookmessage_seq'), models.CheckConstraint(condition=models.Q(('state__in', ('pending', 'delivered', 'failed'))), name='integrations_webhookmessage_state')],
            },
        ),
        migrations.CreateModel(
            name='WebhookAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('status', models.PositiveSmallIntegerField(help_text='HTTP status; empty: no answer', null=True)),
                ('duration_ms', models.PositiveIntegerField()),
                ('error', models.CharField(blank=True, max_length=300)),
                ('answer', models.CharField(blank=True, help_text="The beginning of the answer's body", max_length=500)),
                ('signed_by', models.CharField(blank=True, help_text='Ids of the secrets that signed it', max_length=100)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tries', to='integrations.webhookmessage')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='WebhookSecret',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kid', models.CharField(max_length=40)),
                ('ciphertext', models.BinaryField()),
                ('master_kid', models.CharField(editable=False, max_length=40)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(null=True)),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='secrets', to='integrations.webhookendpoint')),
            ],
            options={
                'ordering': ('-id',),
                'constraints': [models.UniqueConstraint(fields=('endpoint', 'kid'), name='integrations_webhooksecret_kid')],
            },
        ),
        migrations.RunSQL(
            sql='\n            CREATE TRIGGER integrations_webhookattempt_append_only\n                BEFORE UPDATE OR DELETE OR TRUNCATE ON integrations_webhookattempt\n                FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change()\n            ',
            reverse_sql='DROP TRIGGER integrations_webhookattempt_append_only ON integrations_webhookattempt',
        ),
    ]
