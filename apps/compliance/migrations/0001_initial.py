import apps.core.ids
import django.contrib.postgres.fields
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '__first__'),
        ('brands', '0001_initial'),
        ('players', '0004_gate'),
    ]

    operations = [
        migrations.CreateModel(
            name='PolicySource',
            fields=[
                ('code', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=300)),
                ('publisher', models.CharField(blank=True, max_length=200)),
                ('kind', models.CharField(choices=[('regulator', 'Regulator'), ('statute', 'Statute'), ('standard', 'Standard'), ('secondary', 'Secondary source'), ('public_code', 'Public code'), ('general_knowledge', 'General knowledge')], max_length=20)),
                ('url', models.URLField(blank=True, max_length=500)),
                ('also', django.contrib.postgres.fields.ArrayField(base_field=models.URLField(max_length=500), default=list, size=None)),
                ('note', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ('code',),
            },
        ),
        migrations.CreateModel(
            name='ApprovalRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, unique=True)),
                ('command', models.CharField(max_length=80)),
                ('payload', models.JSONField()),
                ('payload_hash', models.CharField(help_text='SHA-256 of command, payload and the state it rests on', max_length=64)),
                ('summary', models.TextField(help_text='What would happen, in words, as the maker was told', max_length=2000)),
                ('reason', models.TextField(max_length=2000)),
                ('state', django_fsm.FSMField(choices=[('waiting', 'Waits for a second person'), ('executed', 'Approved and carried out'), ('rejected', 'Rejected'), ('refused', 'Refused: what it was about had changed'), ('expired', 'Expired undecided'), ('void', 'Void: its maker may not ask for it any more'), ('cancelled', 'Taken back by its maker')], default='waiting', max_length=10, protected=True)),
                ('decision_reason', models.TextField(blank=True, max_length=2000)),
                ('result', models.JSONField(help_text='What carrying it out gave', null=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('executed_at', models.DateTimeField(null=True)),
                ('request_id', models.UUIDField(help_text='The request that asked for it', null=True)),
                ('brand', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='brands.brand')),
                ('checker', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approvals_decided', to=settings.AUTH_USER_MODEL)),
                ('maker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='approvals_asked', to=settings.AUTH_USER_MODEL)),
                ('subject_player', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approval_requests', to='players.player')),
            ],
            options={
                'ordering': ('-id',),
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['expires_at'], name='compliance_approval_waiting'), models.Index(fields=['command', '-id'], name='compliance_approval_by_command'), models.Index(fields=['subject_player', '-id'], name='compliance_approval_by_player')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('waiting', 'executed', 'rejected', 'refused', 'expired', 'void', 'cancelled'))), name='compliance_approval_state'), models.CheckConstraint(condition=models.Q(('checker__isnull', True), models.Q(('checker', models.F('maker')), _negated=True), _connector='OR'), name='compliance_approval_second_person'), models.CheckConstraint(condition=models.Q(models.Q(('checker__isnull', True), ('decided_at__isnull', True), ('state', 'waiting')), models.Q(('checker__isnull', False), ('decided_at__isnull', False), ('state__in', ('executed', 'rejected', 'refused'))), models.Q(('checker__isnull', True), ('decided_at__isnull', False), ('state__in', ('expired', 'void', 'cancelled'))), _connector='OR'), name='compliance_approval_decided'), models.CheckConstraint(condition=models.Q(models.Q(('executed_at__isnull', False), ('state', 'executed')), models.Q(models.Q(('state', 'executed'), _negated=True), ('executed_at__isnull', True)), _connector='OR'), name='compliance_approval_executed'), models.CheckConstraint(condition=models.Q(('executed_at__isnull', True), ('executed_at__lt', models.F('expires_at')), _connector='OR'), name='compliance_approval_in_time'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='compliance_approval_expires_later')],
            },
        ),
        migrations.CreateModel(
            name='ApprovalEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('asked', 'Asked for'), ('failed', 'Approved, but could not be carried out'), ('executed', 'Approved and carried out'), ('rejected', 'Rejected'), ('refused', 'Refused'), ('expired', 'Expired'), ('void', 'Void'), ('cancelled', 'Taken back')], max_length=10)),
                ('note', models.TextField(blank=True, max_length=2000)),
                ('payload_hash', models.CharField(max_length=64)),
                ('request_id', models.UUIDField(null=True)),
                ('at', models.DateTimeField()),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('approval', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='compliance.approvalrequest')),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='PolicyParameter',
            fields=[
                ('code', models.SlugField(max_length=60, primary_key=True, serialize=False)),
                ('value_type', models.CharField(max_length=8)),
                ('unit', models.CharField(blank=True, max_length=16)),
                ('choices', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, help_text='Of an enumeration, as the file lists', size=None)),
                ('meaning', models.CharField(max_length=300)),
                ('enforce_at', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), default=list, help_text='Operations that must ask for it', size=None)),
                ('position', models.PositiveSmallIntegerField(default=0, help_text='Where it stands on the page')),
            ],
            options={
                'ordering': ('position', 'code'),
                'constraints': [models.CheckConstraint(condition=models.Q(('value_type__in', ('int', 'number', 'bool', 'enum', 'list', 'object', 'str'))), name='compliance_policyparameter_type')],
            },
        ),
        migrations.CreateModel(
            name='PolicyVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.JSONField(help_text='Null: not established', null=True)),
                ('valid_from', models.DateField(blank=True, help_text='First day, local to the jurisdiction', null=True)),
                ('valid_to', models.DateField(blank=True, help_text='Last day, local to the jurisdiction', null=True)),
                ('legal_status', models.CharField(choices=[('in_force', 'In force'), ('proposed', 'Proposed by the regulator'), ('approved_not_in_force', 'Approved, not in force yet')], default='in_force', max_length=24)),
                ('confidence', models.CharField(choices=[('A', 'From the text of the regulator, legislator or standards body'), ('B', 'From a secondary source: law firm, trade press, vendor'), ('C', 'General knowledge, not traced to a text')], max_length=1)),
                ('sources', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None)),
                ('note', models.TextField(blank=True, max_length=1000)),
                ('origin', models.CharField(choices=[('matrix', 'The matrix shipped with the platform'), ('staff', 'Staff')], default='staff', max_length=8)),
                ('digest', models.CharField(editable=False, help_text='SHA-256 of the terms', max_length=64)),
                ('state', django_fsm.FSMField(choices=[('draft', 'Draft'), ('proposed', 'Waits for a second person'), ('published', 'Published'), ('superseded', 'Superseded'), ('withdrawn', 'Withdrawn')], default='draft', max_length=10, protected=True)),
                ('created_at', models.DateTimeField()),
                ('proposed_at', models.DateTimeField(null=True)),
                ('published_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(help_text='When it was superseded or withdrawn', null=True)),
                ('ended_reason', models.CharField(blank=True, max_length=300)),
                ('brand', models.ForeignKey(blank=True, help_text="A brand's stricter rule", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='brands.brand')),
                ('checker', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('jurisdiction', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='policies', to='brands.jurisdiction')),
                ('maker', models.ForeignKey(help_text='Empty: the file', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('parameter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='compliance.policyparameter')),
                ('replaces', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='compliance.policyversion')),
            ],
            options={
                'ordering': ('jurisdiction_id', 'parameter__position', '-id'),
                'permissions': (('propose_policy', 'Can draft policies and propose to publish or withdraw them'), ('publish_policy', 'Can publish and withdraw policies that a colleague proposed')),
                'indexes': [models.Index(fields=['jurisdiction', 'parameter', '-id'], name='compliance_policy_history'), models.Index(condition=models.Q(('state', 'published')), fields=['jurisdiction'], name='compliance_policy_in_force')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('draft', 'proposed', 'published', 'superseded', 'withdrawn'))), name='compliance_policy_state'), models.CheckConstraint(condition=models.Q(('maker__isnull', True), ('checker__isnull', True), models.Q(('maker', models.F('checker')), _negated=True), _connector='OR'), name='compliance_policy_second_person'), models.CheckConstraint(condition=models.Q(('published_at__isnull', True), models.Q(('checker__isnull', False), ('maker__isnull', False)), models.Q(('confidence__in', ('A', 'B')), ('legal_status', 'in_force'), ('origin', 'matrix')), _connector='OR'), name='compliance_policy_two_people'), models.CheckConstraint(condition=models.Q(('published_at__isnull', True), ('value__isnull', False), _connector='OR'), name='compliance_policy_has_value'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('published_at__isnull', True), ('state__in', ('draft', 'proposed'))), models.Q(('ended_at__isnull', True), ('published_at__isnull', False), ('state', 'published')), models.Q(('ended_at__isnull', False), ('published_at__isnull', False), ('state', 'superseded')), models.Q(('ended_at__isnull', False), ('state', 'withdrawn')), _connector='OR'), name='compliance_policy_times'), models.CheckConstraint(condition=models.Q(('valid_from__isnull', True), ('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='compliance_policy_days'), models.CheckConstraint(condition=models.Q(('confidence__in', ('A', 'B', 'C'))), name='compliance_policy_confidence'), models.CheckConstraint(condition=models.Q(('legal_status__in', ('in_force', 'proposed', 'approved_not_in_force'))), name='compliance_policy_legal_status'), models.CheckConstraint(condition=models.Q(('origin__in', ('matrix', 'staff'))), name='compliance_policy_origin')],
            },
        ),
    ]
