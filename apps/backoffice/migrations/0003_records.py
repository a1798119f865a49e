"""Looks at personal data become a hash chain; downloads, staff log-ins and kept filters are recorded."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.core.sql import install_sql


class Migration(migrations.Migration):

    dependencies = [
        ('backoffice', '0002_approve_roles'),
        ('players', '0004_gate'),
        ('core', '0004_chain'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ChainCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('table', models.CharField(max_length=60)),
                ('head_number', models.BigIntegerField()),
                ('head_hash', models.CharField(blank=True, max_length=64)),
                ('breaks', models.JSONField(default=list)),
                ('checked_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('-id',),
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Download',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chain_number', models.BigIntegerField(default=0, editable=False, unique=True)),
                ('previous_hash', models.CharField(default='', editable=False, max_length=64)),
                ('hash', models.CharField(default='', editable=False, max_length=64)),
                ('view', models.CharField(help_text='Which page handed it out', max_length=120)),
                ('path', models.CharField(max_length=300)),
                ('file_name', models.CharField(max_length=200)),
                ('purpose', models.CharField(blank=True, max_length=300)),
                ('size_bytes', models.BigIntegerField(null=True)),
                ('sha256', models.CharField(blank=True, help_text='Empty for a file that is streamed', max_length=64)),
                ('remote_address', models.CharField(max_length=45)),
                ('request_id', models.UUIDField(null=True)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='KeptView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('page', models.CharField(help_text='URL name of the list', max_length=120)),
                ('name', models.CharField(max_length=60)),
                ('query', models.CharField(blank=True, max_length=500)),
                ('kept_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('page', 'name'),
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='StaffSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('session_key', models.CharField(editable=False, max_length=40)),
                ('remote_address', models.CharField(max_length=45)),
                ('user_agent', models.CharField(blank=True, max_length=300)),
                ('started_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('factor_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_reason', models.CharField(blank=True, choices=[('idle', 'Idle for too long'), ('revoked', 'Ended from another log-in, or by the admin role')], max_length=12)),
            ],
            options={
                'ordering': ('-id',),
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='UnmaskAllowance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('looks_left', models.PositiveSmallIntegerField()),
                ('granted_at', models.DateTimeField()),
                ('until', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='WalledDownload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chain_number', models.BigIntegerField(default=0, editable=False, unique=True)),
                ('previous_hash', models.CharField(default='', editable=False, max_length=64)),
                ('hash', models.CharField(default='', editable=False, max_length=64)),
                ('view', models.CharField(max_length=120)),
                ('path', models.CharField(max_length=300)),
                ('file_name', models.CharField(max_length=200)),
                ('purpose', models.CharField(blank=True, max_length=300)),
                ('size_bytes', models.BigIntegerField(null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('remote_address', models.CharField(max_length=45)),
                ('request_id', models.UUIDField(null=True)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ('-id',),
                'default_permissions': (),
            },
        ),
        migrations.AlterModelOptions(
            name='personaldataread',
            options={'ordering': ('-id',), 'permissions': (('view_figures', 'Can see turnover, GGR and other figures of the business'), ('approve_roles', "Can agree to a colleague's change of somebody's roles"), ('approve_unmasking', "Can agree to a colleague's looks at personal data beyond the hourly number")), 'verbose_name': 'look at personal data', 'verbose_name_plural': 'looks at personal data'},
        ),
        migrations.AddField(
            model_name='personaldataread',
            name='case_id',
            field=models.BigIntegerField(help_text='The open case of the player that the person held then', null=True),
        ),
        migrations.AddField(
            model_name='personaldataread',
            name='chain_number',
            field=models.BigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='personaldataread',
            name='fields',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, size=None),
        ),
        migrations.AddField(
            model_name='personaldataread',
            name='hash',
            field=models.CharField(default='', editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name='personaldataread',
            name='previous_hash',
            field=models.CharField(default='', editable=False, max_length=64),
        ),
        migrations.AddIndex(
            model_name='personaldataread',
            index=models.Index(fields=['user', '-read_at'], name='backoffice_read_by_user'),
        ),
        migrations.AddIndex(
            model_name='chaincheck',
            index=models.Index(fields=['table', '-id'], name='backoffice_check_by_table'),
        ),
        migrations.AddField(
            model_name='download',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='keptview',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='staffsession',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='staff_sessions', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='unmaskallowance',
            name='granted_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='unmaskallowance',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='walleddownload',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='download',
            index=models.Index(fields=['user', '-at'], name='backoffice_download_by_user'),
        ),
        migrations.AddConstraint(
            model_name='keptview',
            constraint=models.UniqueConstraint(fields=('user', 'page', 'name'), name='backoffice_keptview_name'),
        ),
        migrations.AddIndex(
            model_name='staffsession',
            index=models.Index(fields=['user', '-id'], name='backoffice_session_by_user'),
        ),
        migrations.AddIndex(
            model_name='unmaskallowance',
            index=models.Index(fields=['user', '-until'], name='backoffice_allowance'),
        ),
        install_sql("backoffice", "records.sql"),
        migrations.AlterField(
            model_name="personaldataread",
            name="chain_number",
            field=models.BigIntegerField(default=0, editable=False, unique=True),
        ),
    ]
