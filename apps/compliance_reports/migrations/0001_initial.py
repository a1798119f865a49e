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
        ('compliance', '0011_cases_sql'),
        ('players', '0004_gate'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuthorityProfile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(help_text='e.g. mt-fiau', max_length=20)),
                ('version', models.PositiveIntegerField()),
                ('title', models.CharField(max_length=120)),
                ('jurisdiction', models.CharField(max_length=8)),
                ('schema_version', models.CharField(help_text='e.g. goAML 5.0.1', max_length=20)),
                ('terms', models.JSONField(help_text='Identifiers, codes and what this authority wants; see docs/compliance-reports.md')),
                ('xsd', models.TextField()),
                ('xsd_sha256', models.CharField(max_length=64)),
                ('loaded_at', models.DateTimeField()),
                ('loaded_by', models.CharField(max_length=150)),
            ],
            options={
                'ordering': ('code', '-version'),
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('code', 'version'), name='compliance_reports_profile_version')],
            },
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('report', 'Report'), ('no_report', 'Decision not to report')], max_length=10)),
                ('state', django_fsm.FSMField(choices=[('draft', 'Draft'), ('internal_review', 'In review'), ('approved', 'Approved'), ('submitted', 'Submitted'), ('accepted', 'Accepted by the authority'), ('rejected', 'Rejected by the authority'), ('corrected', 'Replaced by a corrected one'), ('not_reported', 'Not reported')], default='draft', max_length=16, protected=True)),
                ('report_code', models.CharField(blank=True, max_length=10)),
                ('reason', models.TextField(blank=True, help_text='What is suspected and why; or why nothing is reported')),
                ('action', models.TextField(blank=True, help_text='What we did')),
                ('indicators', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, size=None)),
                ('drafted_at', models.DateTimeField()),
                ('reviewed_at', models.DateTimeField(null=True)),
                ('submitted_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('document', models.TextField(blank=True, help_text='The XML as it was validated and handed in')),
                ('document_sha256', models.CharField(blank=True, max_length=64)),
                ('authority_reference', models.CharField(blank=True, max_length=80)),
                ('rejection', models.TextField(blank=True)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.case')),
                ('checker', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('corrects', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='compliance_reports.report')),
                ('drafted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('maker', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('player', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='players.player')),
                ('profile', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance_reports.authorityprofile')),
            ],
            options={
                'ordering': ('-id',),
                'permissions': (('access_reports', 'Works behind the wall'), ('approve_reports', 'Is the second person behind the wall')),
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('draft', 'internal_review', 'approved', 'submitted', 'accepted', 'rejected', 'corrected', 'not_reported'))), name='compliance_reports_report_state'), models.CheckConstraint(condition=models.Q(('checker__isnull', True), models.Q(('maker__isnull', False), models.Q(('checker', models.F('maker')), _negated=True)), _connector='OR'), name='compliance_reports_report_two_people'), models.CheckConstraint(condition=models.Q(('state__in', ('draft', 'internal_review')), ('checker__isnull', False), _connector='OR'), name='compliance_reports_report_checked'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('submitted', 'accepted', 'rejected', 'corrected')), _negated=True), models.Q(('kind', 'report'), ('submitted_at__isnull', False), models.Q(('document_sha256', ''), _negated=True)), _connector='OR'), name='compliance_reports_report_submitted_has_document'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'report'), ('profile__isnull', False), models.Q(('state', 'not_reported'), _negated=True)), models.Q(('kind', 'no_report'), ('profile__isnull', True), ('state__in', ('draft', 'internal_review', 'not_reported'))), _connector='OR'), name='compliance_reports_report_kind')],
            },
        ),
        migrations.CreateModel(
            name='ReportEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.SlugField(max_length=32)),
                ('note', models.TextField(blank=True)),
                ('at', models.DateTimeField()),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='compliance_reports.report')),
            ],
            options={
                'ordering': ('id',),
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='ReportItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('exchange_rate', models.DecimalField(decimal_places=10, help_text="Local units for one of the transaction's currency", max_digits=20, null=True)),
                ('evidence', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compliance.evidence')),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='compliance_reports.report')),
            ],
            options={
                'ordering': ('evidence_id',),
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('report', 'evidence'), name='compliance_reports_reportitem_once')],
            },
        ),
    ]
