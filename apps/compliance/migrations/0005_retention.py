import apps.core.ids
import apps.core.sql
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '__first__'),
        ('compliance', '0004_rests_on'),
        ('players', '0002_append_only'),
        ('players', '0004_gate'),
    ]

    operations = [
        migrations.CreateModel(
            name='DataExport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, unique=True)),
                ('purpose', models.CharField(max_length=300)),
                ('state', django_fsm.FSMField(choices=[('queued', 'Waits for a worker'), ('building', 'Being made'), ('ready', 'Ready'), ('failed', 'Failed'), ('expired', 'Deleted after its time')], default='queued', max_length=8, protected=True)),
                ('asked_at', models.DateTimeField()),
                ('begun_at', models.DateTimeField(null=True)),
                ('parts_done', models.PositiveSmallIntegerField(default=0)),
                ('parts', models.PositiveSmallIntegerField(default=0)),
                ('finished_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('size_bytes', models.BigIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('player', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='data_exports', to='players.player')),
            ],
            options={
                'ordering': ('-id',),
                'permissions': (('export_player', 'Can have everything about a player exported, and download it'),),
                'indexes': [models.Index(condition=models.Q(('state__in', ('queued', 'building'))), fields=['state'], name='compliance_export_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('queued', 'building', 'ready', 'failed', 'expired'))), name='compliance_export_state'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), models.Q(('expires_at__isnull', False), ('finished_at__isnull', False), ('size_bytes__gt', 0)), _connector='OR'), name='compliance_export_ready')],
            },
        ),
        migrations.CreateModel(
            name='DataExportDownload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('remote_address', models.CharField(blank=True, max_length=45)),
                ('request_id', models.UUIDField(null=True)),
                ('at', models.DateTimeField()),
                ('export', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='downloads', to='compliance.dataexport')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='DataExportFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content', models.BinaryField()),
                ('export', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='file', to='compliance.dataexport')),
            ],
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_on', models.DateField()),
                ('policy_version_id', models.BigIntegerField(null=True)),
                ('erased_at', models.DateTimeField()),
                ('actor', models.CharField(help_text='Staff username, or `the calendar`', max_length=150)),
                ('counts', models.JSONField(help_text='Rows changed, by kind of data')),
                ('player', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='erasure', to='players.player')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='ErasureRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, unique=True)),
                ('channel', models.CharField(help_text='How it reached us: letter, e-mail, ticket number', max_length=80)),
                ('state', django_fsm.FSMField(choices=[('received', 'Has to be answered'), ('refused', 'Answered: kept until the law lets go'), ('erased', 'Erased')], default='received', max_length=8, protected=True)),
                ('received_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(help_text='By when the law wants an answer')),
                ('answered_at', models.DateTimeField(null=True)),
                ('answer', models.TextField(blank=True, help_text='What the player is told')),
                ('legal_basis', models.TextField(blank=True)),
                ('delete_on', models.DateField(help_text='When the law lets go; empty while the account is open', null=True)),
                ('policy_version_id', models.BigIntegerField(null=True)),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('player', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='erasure_requests', to='players.player')),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-id',),
                'permissions': (('handle_erasure', 'Can record and answer requests for erasure'),),
                'indexes': [models.Index(condition=models.Q(('state', 'received')), fields=['due_at'], name='compliance_erasure_waiting')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('received', 'refused', 'erased'))), name='compliance_erasure_state'), models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at__isnull', True), ('answered_by__isnull', True), ('state', 'received')), models.Q(models.Q(('state', 'received'), _negated=True), models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='compliance_erasure_answered'), models.UniqueConstraint(condition=models.Q(('state', 'received')), fields=('player',), name='compliance_erasure_one_open')],
            },
        ),
        migrations.CreateModel(
            name='LegalHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(help_text='What it covers and which matter it belongs to', max_length=200)),
                ('reason', models.TextField(max_length=2000)),
                ('review_on', models.DateField(help_text='When its owner has to say whether it is still needed')),
                ('placed_at', models.DateTimeField()),
                ('released_at', models.DateTimeField(null=True)),
                ('release_reason', models.TextField(blank=True, max_length=2000)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('player', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='legal_holds', to='players.player')),
                ('released_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-id',),
                'permissions': (('place_hold', 'Can place legal holds and propose to release them'), ('release_hold', 'Can agree to the release of a legal hold')),
                'indexes': [models.Index(condition=models.Q(('released_at__isnull', True)), fields=['player'], name='compliance_hold_active')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('released_at__isnull', True), ('released_by__isnull', True)), models.Q(('released_at__isnull', False), ('released_by__isnull', False)), _connector='OR'), name='compliance_hold_released'), models.CheckConstraint(condition=models.Q(('released_by__isnull', True), ('released_at__gte', models.F('placed_at')), _connector='OR'), name='compliance_hold_order')],
            },
        ),
        apps.core.sql.InstallSql(
            app='compliance',
            name='retention.sql',
        ),
    ]
