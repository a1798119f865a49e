"""What failed is a row of its own, for deposits too; these counted their tries themselves."""

import django.db.models.deletion
from django.db import migrations, models

from apps.core.sql import install_sql


class Migration(migrations.Migration):

    dependencies = [
        ('bonuses', '0004_erasure'),
        ('brands', '0001_initial'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='depositseen',
            name='tries',
        ),
        install_sql('bonuses', 'follow.sql'),
        migrations.CreateModel(
            name='FailedStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.CharField(choices=[('offer', 'Offer what a deposit earns'), ('complete', 'Turn a wagered bonus into cash'), ('reverse', 'End a bonus whose deposit went back'), ('withdraw', 'End a bonus after a withdrawal'), ('expire', 'End a bonus whose time is over'), ('use_up', 'End a bonus of which nothing is left'), ('late', 'Pass on money that came back late')], max_length=8)),
                ('error', models.CharField(max_length=500)),
                ('tries', models.PositiveSmallIntegerField(default=1)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('next_try_at', models.DateTimeField(help_text='Empty: a person has to say so', null=True)),
                ('settled_at', models.DateTimeField(null=True)),
                ('settled_how', models.CharField(blank=True, max_length=120)),
                ('brand', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='brands.brand')),
                ('deposit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='failed_steps', to='bonuses.depositseen')),
                ('grant', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='failed_steps', to='bonuses.grant')),
                ('late_credit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='failed_steps', to='bonuses.latecredit')),
            ],
            options={
                'verbose_name': 'failed step',
                'ordering': ('-id',),
                'permissions': (('settle_failedstep', 'Can try failed steps of bonuses again or set them aside'),),
                'indexes': [models.Index(condition=models.Q(('settled_at', None)), fields=['step'], name='bonuses_failedstep_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('settled_at', None)), fields=('step', 'grant', 'late_credit', 'deposit'), name='bonuses_failedstep_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('deposit', None), ('grant__isnull', False), ('late_credit', None), ('step__in', ('complete', 'reverse', 'withdraw', 'expire', 'use_up'))), models.Q(('deposit', None), ('grant', None), ('late_credit__isnull', False), ('step', 'late')), models.Q(('deposit__isnull', False), ('grant', None), ('late_credit', None), ('step', 'offer')), _connector='OR'), name='bonuses_failedstep_subject')],
            },
        ),
    ]
