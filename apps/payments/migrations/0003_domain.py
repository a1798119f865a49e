"""Contracts, reserves, disputes and their evidence, refunds, instruments, the queue, routing rules and drills."""

import apps.core.ids
import django.contrib.postgres.fields
import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models


_CARRY_OVER = """
UPDATE payments_dispute d
   SET word = left(d.stage, 60), stage = 'dispute', public_id = uuidv7(),
       status = CASE d.state WHEN 'open' THEN 'opened' ELSE d.state END,
       closed_at = CASE d.state WHEN 'open' THEN NULL ELSE d.changed_at END,
       integration_id = p.integration_id, contract_id = p.contract_id
  FROM payments_deposit p WHERE p.id = d.deposit_id;
UPDATE payments_instrument SET verification = 'verified' WHERE is_verified;
UPDATE payments_pspcontract c SET version = n.version, added_at = c.valid_from
  FROM (SELECT id, row_number() OVER (PARTITION BY integration_id ORDER BY valid_from) AS version
          FROM payments_pspcontract) n WHERE n.id = c.id;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('brands', '0001_initial'),
        ('integrations', '0006_outbox'),
        ('payments', '0002_books'),
        ('players', '0004_gate'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ContractFee',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('deposit', 'Deposit'), ('withdrawal', 'Withdrawal'), ('refund', 'Refund'), ('chargeback', 'Chargeback')], max_length=12)),
                ('currency', models.CharField(max_length=8)),
                ('fixed_units', models.BigIntegerField(default=0, help_text='Ledger units')),
                ('percent', models.DecimalField(decimal_places=4, default=0, max_digits=7)),
            ],
            options={
                'ordering': ('kind', 'currency', 'method'),
            },
        ),
        migrations.CreateModel(
            name='DisputeAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('defend', 'Defend'), ('accept', 'Accept')], max_length=8)),
                ('reason_code', models.CharField(blank=True, help_text="The provider's defence reason", max_length=60)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('sending', 'Being sent'), ('done', 'Accepted by the provider'), ('refused', 'Refused by the provider'), ('unknown', 'Unknown: it is sent again')], default='queued', max_length=8)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(null=True)),
                ('at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='DisputeEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.CharField(max_length=64)),
                ('stage', models.CharField(blank=True, help_text='As this event has it', max_length=16)),
                ('status', models.CharField(blank=True, max_length=12)),
                ('units', models.BigIntegerField(default=0, help_text='Taken from us (below zero) or given back, ledger units')),
                ('fee_units', models.BigIntegerField(default=0, help_text='Charged for it, ledger units')),
                ('transaction_id', models.UUIDField(null=True)),
                ('event_id', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='EvidenceDownload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('remote_address', models.CharField(blank=True, max_length=45)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='EvidencePack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, unique=True)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('building', 'Being built'), ('ready', 'Ready'), ('failed', 'Failed')], default='queued', max_length=8)),
                ('progress', models.PositiveSmallIntegerField(default=0, help_text='Per cent')),
                ('section', models.CharField(blank=True, help_text='What is being collected', max_length=40)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('size', models.PositiveIntegerField(default=0, help_text='Bytes')),
                ('manifest', models.JSONField(default=dict)),
                ('content', models.BinaryField(null=True)),
                ('requested_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ('-id',),
                'permissions': (('download_evidencepack', 'Can download evidence packs, which hold personal data'),),
            },
        ),
        migrations.CreateModel(
            name='InstrumentEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(help_text='added, changed, verified, mismatch, blocked, unblocked, returned', max_length=24)),
                ('verification', models.CharField(help_text='Afterwards', max_length=10)),
                ('name_score', models.PositiveSmallIntegerField(null=True)),
                ('source', models.SlugField(help_text='deposit, provider, player, staff, payout', max_length=40)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=apps.core.ids.uuid7, editable=False, unique=True)),
                ('currency', models.CharField(max_length=8)),
                ('amount_units', models.BigIntegerField(help_text='Ledger units')),
                ('state', django_fsm.FSMField(choices=[('requested', 'Requested'), ('submitting', 'Being submitted'), ('submitted', 'Accepted by the provider'), ('unknown', 'Unknown: it is sent again under its key'), ('done', 'Refunded'), ('failed', 'Refused: the player has the money back'), ('returned', 'Came back after it was refunded')], default='requested', max_length=12, protected=True)),
                ('reason_code', models.SlugField(max_length=40)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('action_key', models.CharField(help_text='Of the form that asked for it', max_length=64)),
                ('key', models.CharField(max_length=64, unique=True)),
                ('psp_reference', models.CharField(blank=True, max_length=120)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(null=True)),
                ('requested_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ('-id',),
                'permissions': (('start_refund', 'Can refund deposits'),),
            },
        ),
        migrations.CreateModel(
            name='ReserveHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=8)),
                ('units', models.BigIntegerField(help_text='Kept, ledger units')),
                ('held_at', models.DateTimeField()),
                ('release_at', models.DateTimeField()),
                ('released_at', models.DateTimeField(null=True)),
                ('held_by', models.UUIDField(help_text='The ledger transaction that moved it there')),
                ('released_by', models.UUIDField(help_text='The one that moved it back', null=True)),
            ],
            options={
                'ordering': ('release_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='ReserveTerm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=8)),
                ('percent', models.DecimalField(decimal_places=4, help_text='Of each deposit', max_digits=7)),
                ('days', models.PositiveSmallIntegerField(help_text='Until it is released')),
                ('cap_units', models.BigIntegerField(blank=True, help_text='At most this is held at a time, ledger units', null=True)),
            ],
            options={
                'ordering': ('currency',),
            },
        ),
        migrations.CreateModel(
            name='RouteDrill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=300)),
                ('started_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('result', models.JSONField(default=dict, help_text='Attempts at the others meanwhile, by provider and state')),
            ],
            options={
                'ordering': ('-id',),
                'permissions': (('run_routedrill', 'Can pass a provider over for a while, to see that the others carry it'),),
            },
        ),
        migrations.CreateModel(
            name='RoutingRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('position', models.PositiveSmallIntegerField(default=100, help_text='The lowest is read first')),
                ('verdict', models.CharField(choices=[('prefer', 'Asked before the others'), ('avoid', 'Asked after the others'), ('never', 'Not asked')], max_length=8)),
                ('direction', models.CharField(blank=True, choices=[('deposit', 'Deposit'), ('withdrawal', 'Withdrawal')], help_text='Empty: both', max_length=12)),
                ('currency', models.CharField(blank=True, help_text='Needed where an amount is given', max_length=8)),
                ('countries', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2), blank=True, default=list, help_text='Empty: every country', size=None)),
                ('tier', models.CharField(blank=True, choices=[('new', 'Has not deposited yet'), ('known', 'Has deposited'), ('trusted', 'Ten deposits, the first 90 days ago, none contested')], help_text='Empty: every player', max_length=8)),
                ('min_units', models.BigIntegerField(blank=True, help_text='From this amount on, ledger units', null=True)),
                ('max_units', models.BigIntegerField(blank=True, help_text='Up to this amount, ledger units', null=True)),
                ('is_enabled', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ('position', 'id'),
            },
        ),
        migrations.CreateModel(
            name='SettlementTerm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=8)),
                ('lag_days', models.PositiveSmallIntegerField(help_text='n of T+n, in days of the calendar')),
                ('calendar', models.CharField(choices=[('every_day', 'Every day'), ('weekdays', 'Monday to Friday'), ('target', 'TARGET: euro banking days')], default='target', max_length=12)),
                ('cut_off', models.TimeField(help_text='Local time; what comes later counts for the next day')),
                ('timezone', models.CharField(default='UTC', help_text='IANA zone of the cut-off', max_length=40)),
                ('is_gross', models.BooleanField(default=False, help_text='Fees are billed apart instead of kept')),
                ('minimum_units', models.BigIntegerField(default=0, help_text='Less than this is carried over, ledger units')),
                ('pays_out_of_balance', models.BooleanField(default=False, help_text='Withdrawals are paid out of what it holds of ours: it can pay no more than that')),
            ],
            options={
                'ordering': ('currency',),
            },
        ),
        migrations.CreateModel(
            name='StateTarget',
            fields=[
                ('state', models.CharField(max_length=12, primary_key=True, serialize=False)),
                ('minutes', models.PositiveIntegerField()),
            ],
            options={
                'ordering': ('minutes',),
            },
        ),
        migrations.CreateModel(
            name='WithdrawalReason',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40)),
                ('decision', models.CharField(choices=[('hold', 'Hold'), ('reject', 'Reject'), ('approve', 'Approve')], max_length=8)),
                ('title', models.CharField(max_length=120)),
                ('player_reason', models.SlugField(blank=True, help_text='What the player is told; empty where the law or caution forbids it', max_length=40)),
                ('would_tip_off', models.BooleanField(default=False, help_text='The player must not learn of it')),
                ('waits_for_player', models.BooleanField(default=False, help_text='The clock stands while it is held for this')),
                ('legal_basis', models.CharField(blank=True, max_length=120)),
                ('position', models.PositiveSmallIntegerField(default=100)),
                ('is_enabled', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ('decision', 'position', 'code'),
            },
        ),
        migrations.AlterModelOptions(
            name='dispute',
            options={'ordering': ('-id',), 'permissions': (('answer_dispute', 'Can defend and accept disputes, and ask for evidence packs'),)},
        ),
        migrations.AlterModelOptions(
            name='instrument',
            options={'ordering': ('-last_used_at', '-id'), 'permissions': (('judge_instrument', 'Can verify, reject, block and unblock payment instruments'),)},
        ),
        migrations.AlterModelOptions(
            name='pspcontract',
            options={'ordering': ('-valid_from',), 'permissions': (('propose_pspcontract', 'Can propose new terms with a provider'), ('approve_pspcontract', 'Can approve new terms with a provider')), 'verbose_name': 'contract'},
        ),
        migrations.AlterModelOptions(
            name='withdrawal',
            options={'ordering': ('-id',), 'permissions': (('claim_withdrawal', 'Can take withdrawals from the queue, and give them back'), ('reassign_withdrawal', 'Can give a withdrawal that somebody holds to somebody else'), ('approve_withdrawal', 'Can approve and reject withdrawals'), ('hold_withdrawal', 'Can hold withdrawals and release them to review'), ('resolve_withdrawal', 'Can decide on a withdrawal whose outcome is unknown, with evidence'))},
        ),
        migrations.RemoveConstraint(
            model_name='dispute',
            name='payments_dispute_state',
        ),
        migrations.RemoveConstraint(
            model_name='dispute',
            name='payments_dispute_amounts',
        ),
        migrations.AddField(
            model_name='approvalpolicy',
            name='daily_units',
            field=models.BigIntegerField(blank=True, help_text='What one player may take out in 24 hours without anybody looking', null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='contract',
            field=models.ForeignKey(help_text='The terms it ran under', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.pspcontract'),
        ),
        migrations.AddField(
            model_name='capability',
            name='daily_units',
            field=models.BigIntegerField(blank=True, help_text='Most that the provider takes in a day (UTC), ledger units; empty: no limit', null=True),
        ),
        migrations.AddField(
            model_name='circuit',
            name='drill_until',
            field=models.DateTimeField(help_text='Passed over on purpose, to see the others carry it', null=True),
        ),
        migrations.AddField(
            model_name='circuit',
            name='last_failure_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='circuit',
            name='opened',
            field=models.PositiveIntegerField(default=0, help_text='How often it opened since the last answer'),
        ),
        migrations.AddField(
            model_name='circuit',
            name='probe_until',
            field=models.DateTimeField(help_text='A payment is trying it', null=True),
        ),
        migrations.AddField(
            model_name='deposit',
            name='instrument',
            field=models.ForeignKey(help_text='What it was paid with', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deposits', to='payments.instrument'),
        ),
        migrations.AddField(
            model_name='dispute',
            name='closed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='dispute',
            name='contract',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.pspcontract'),
        ),
        migrations.AddField(
            model_name='dispute',
            name='fee_units',
            field=models.BigIntegerField(default=0, help_text='What the provider charged for it, ledger units'),
        ),
        migrations.AddField(
            model_name='dispute',
            name='holder',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='dispute',
            name='integration',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='integrations.integration'),
        ),
        migrations.AddField(
            model_name='dispute',
            name='public_id',
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='dispute',
            name='reason_code',
            field=models.CharField(blank=True, help_text='Of the card scheme', max_length=40),
        ),
        migrations.AddField(
            model_name='dispute',
            name='status',
            field=models.CharField(choices=[('opened', 'Waits for our answer'), ('challenged', 'Defended, waits for theirs'), ('expired', 'Not answered in time'), ('accepted', 'Accepted by us'), ('cancelled', 'Withdrawn by them'), ('lost', 'Lost'), ('won', 'Won')], default='opened', max_length=12),
        ),
        migrations.AddField(
            model_name='dispute',
            name='warned_at',
            field=models.DateTimeField(help_text='When somebody was told that time runs out', null=True),
        ),
        migrations.AddField(
            model_name='dispute',
            name='word',
            field=models.CharField(blank=True, help_text="The provider's last word on it", max_length=60),
        ),
        migrations.AddField(
            model_name='instrument',
            name='first_used_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='instrument',
            name='is_shared',
            field=models.BooleanField(default=False, help_text='Another player uses the same one'),
        ),
        migrations.AddField(
            model_name='instrument',
            name='name_score',
            field=models.PositiveSmallIntegerField(help_text='How alike holder and player are called, 0 to 100; empty: no holder is known', null=True),
        ),
        migrations.AddField(
            model_name='instrument',
            name='verification',
            field=models.CharField(choices=[('unverified', "Not known to be the player's own"), ('verified', "The player's own"), ('mismatch', 'In another name')], default='unverified', max_length=10),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='acquirer',
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='added_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='added_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='approved_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='category_code',
            field=models.CharField(blank=True, help_text='MCC; 7995 is betting', max_length=4),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='countries',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=2), blank=True, default=list, help_text='Empty: every country', size=None),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='currencies',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=8), blank=True, default=list, help_text='Empty: every currency', size=None),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='defense_days',
            field=models.PositiveSmallIntegerField(default=14, help_text='Days to answer a dispute, where the provider names no earlier deadline'),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='descriptor',
            field=models.CharField(blank=True, help_text='What the payer reads on the statement', max_length=40),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='legal_entity',
            field=models.CharField(blank=True, help_text='Which of our companies signed', max_length=120),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='merchant_id',
            field=models.CharField(blank=True, help_text='MID', max_length=60),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='methods',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, help_text='Empty: every method', size=None),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='note',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='refund_days',
            field=models.PositiveSmallIntegerField(default=180, help_text='How long after settlement it refunds'),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='shifts_liability',
            field=models.BooleanField(default=False, help_text='3-D Secure moves chargebacks to the issuer'),
        ),
        migrations.AddField(
            model_name='pspcontract',
            name='version',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='clock_stopped_at',
            field=models.DateTimeField(help_text='Since when it has waited for the player', null=True),
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='held_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='withdrawal',
            name='holder',
            field=models.ForeignKey(help_text='Who works on it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        # What there was before is carried over; constraints now, as the tables are altered in the same transaction.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(_CARRY_OVER, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='dispute',
            name='stage',
            field=models.CharField(choices=[('pre_dispute', 'Enquiry'), ('dispute', 'Chargeback'), ('pre_arbitration', 'Pre-arbitration'), ('arbitration', 'Arbitration')], default='dispute', max_length=16),
        ),
        migrations.RemoveField(
            model_name='dispute',
            name='state',
        ),
        migrations.RemoveField(
            model_name='instrument',
            name='is_verified',
        ),
        migrations.RemoveField(
            model_name='pspcontract',
            name='settlement_lag_days',
        ),
        migrations.RemoveField(
            model_name='pspcontract',
            name='terms',
        ),
        migrations.AlterField(
            model_name='dispute',
            name='integration',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='integrations.integration'),
        ),
        migrations.AlterField(
            model_name='dispute',
            name='public_id',
            field=models.UUIDField(default=apps.core.ids.uuid7, editable=False, unique=True),
        ),
        migrations.AlterField(
            model_name='pspcontract',
            name='added_at',
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='pspcontract',
            name='version',
            field=models.PositiveIntegerField(),
        ),
        migrations.AlterField(
            model_name='dispute',
            name='respond_by',
            field=models.DateTimeField(help_text='Until when evidence may be handed in', null=True),
        ),
        migrations.AlterField(
            model_name='pspcontract',
            name='merchant_of_record',
            field=models.CharField(help_text='Who the payer buys from, by name', max_length=120),
        ),
        migrations.AlterField(
            model_name='pspcontract',
            name='valid_to',
            field=models.DateTimeField(blank=True, help_text='Empty: until the next version', null=True),
        ),
        migrations.AlterField(
            model_name='withdrawal',
            name='changed_at',
            field=models.DateTimeField(help_text='Since when it has been in its state'),
        ),
        migrations.AddIndex(
            model_name='dispute',
            index=models.Index(condition=models.Q(('status', 'opened')), fields=['respond_by'], name='payments_dispute_to_answer'),
        ),
        migrations.AddIndex(
            model_name='instrument',
            index=models.Index(fields=['token', 'method'], name='payments_instrument_token'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('opened', 'challenged', 'expired', 'accepted', 'cancelled', 'lost', 'won'))), name='payments_dispute_status'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ('pre_dispute', 'dispute', 'pre_arbitration', 'arbitration'))), name='payments_dispute_stage'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(('debited_units__gte', 0), ('fee_units__gte', 0), ('owed_units__gte', 0)), name='payments_dispute_amounts'),
        ),
        migrations.AddConstraint(
            model_name='instrument',
            constraint=models.CheckConstraint(condition=models.Q(('verification__in', ('unverified', 'verified', 'mismatch'))), name='payments_instrument_verification'),
        ),
        migrations.AddConstraint(
            model_name='instrument',
            constraint=models.CheckConstraint(condition=models.Q(('name_score', None), ('name_score__lte', 100), _connector='OR'), name='payments_instrument_score'),
        ),
        migrations.AddConstraint(
            model_name='pspcontract',
            constraint=models.UniqueConstraint(fields=('integration', 'version'), name='payments_pspcontract_version'),
        ),
        migrations.AddConstraint(
            model_name='pspcontract',
            constraint=models.CheckConstraint(condition=models.Q(('liability__in', ('merchant', 'psp', 'shared'))), name='payments_pspcontract_liability'),
        ),
        migrations.AddConstraint(
            model_name='pspcontract',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by', None), models.Q(('approved_by', models.F('added_by')), _negated=True), _connector='OR'), name='payments_pspcontract_four_eyes'),
        ),
        migrations.AddConstraint(
            model_name='withdrawal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('held_since', None), ('holder', None)), models.Q(('held_since__isnull', False), ('holder__isnull', False)), _connector='OR'), name='payments_withdrawal_held'),
        ),
        migrations.AddConstraint(
            model_name='withdrawal',
            constraint=models.CheckConstraint(condition=models.Q(('clock_stopped_at', None), ('state', 'on_hold'), _connector='OR'), name='payments_withdrawal_clock'),
        ),
        migrations.AddField(
            model_name='contractfee',
            name='contract',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='fees', to='payments.pspcontract'),
        ),
        migrations.AddField(
            model_name='contractfee',
            name='method',
            field=models.ForeignKey(blank=True, help_text='Empty: any other', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.paymentmethod'),
        ),
        migrations.AddField(
            model_name='disputeanswer',
            name='actor',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='disputeanswer',
            name='dispute',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='payments.dispute'),
        ),
        migrations.AddField(
            model_name='disputeevent',
            name='dispute',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='payments.dispute'),
        ),
        migrations.AddField(
            model_name='evidencedownload',
            name='actor',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='evidencepack',
            name='dispute',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='packs', to='payments.dispute'),
        ),
        migrations.AddField(
            model_name='evidencepack',
            name='requested_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='evidencedownload',
            name='pack',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='downloads', to='payments.evidencepack'),
        ),
        migrations.AddField(
            model_name='disputeanswer',
            name='pack',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.evidencepack'),
        ),
        migrations.AddField(
            model_name='instrumentevent',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='instrumentevent',
            name='instrument',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='payments.instrument'),
        ),
        migrations.AddField(
            model_name='refund',
            name='contract',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.pspcontract'),
        ),
        migrations.AddField(
            model_name='refund',
            name='deposit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.deposit'),
        ),
        migrations.AddField(
            model_name='refund',
            name='integration',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='integrations.integration'),
        ),
        migrations.AddField(
            model_name='refund',
            name='player',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='players.player'),
        ),
        migrations.AddField(
            model_name='refund',
            name='requested_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='paymentstep',
            name='refund',
            field=models.ForeignKey(help_text='Beside its deposit', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='payments.refund'),
        ),
        migrations.AddField(
            model_name='reservehold',
            name='brand',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='brands.brand'),
        ),
        migrations.AddField(
            model_name='reservehold',
            name='contract',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.pspcontract'),
        ),
        migrations.AddField(
            model_name='reservehold',
            name='deposit',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reserve_hold', to='payments.deposit'),
        ),
        migrations.AddField(
            model_name='reservehold',
            name='integration',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reserve_holds', to='integrations.integration'),
        ),
        migrations.AddField(
            model_name='reserveterm',
            name='contract',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reserve_terms', to='payments.pspcontract'),
        ),
        migrations.AddField(
            model_name='routedrill',
            name='integration',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='drills', to='integrations.integration'),
        ),
        migrations.AddField(
            model_name='routedrill',
            name='started_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='brand',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='brands.brand'),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='integration',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='routing_rules', to='integrations.integration'),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='method',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='payments.paymentmethod'),
        ),
        migrations.AddField(
            model_name='settlementterm',
            name='contract',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='settlement_terms', to='payments.pspcontract'),
        ),
        migrations.AddConstraint(
            model_name='statetarget',
            constraint=models.CheckConstraint(condition=models.Q(('minutes__gt', 0)), name='payments_statetarget_minutes'),
        ),
        migrations.AddConstraint(
            model_name='withdrawalreason',
            constraint=models.UniqueConstraint(fields=('decision', 'code'), name='payments_withdrawalreason_once'),
        ),
        migrations.AddConstraint(
            model_name='withdrawalreason',
            constraint=models.CheckConstraint(condition=models.Q(('decision__in', ('hold', 'reject', 'approve'))), name='payments_withdrawalreason_decision'),
        ),
        migrations.AddConstraint(
            model_name='withdrawalreason',
            constraint=models.CheckConstraint(condition=models.Q(('would_tip_off', False), models.Q(('player_reason', ''), ('waits_for_player', False)), _connector='OR'), name='payments_withdrawalreason_silence'),
        ),
        migrations.AddConstraint(
            model_name='contractfee',
            constraint=models.UniqueConstraint(fields=('contract', 'kind', 'method', 'currency'), name='payments_contractfee_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='contractfee',
            constraint=models.CheckConstraint(condition=models.Q(('fixed_units__gte', 0), ('percent__gte', 0), ('percent__lte', 100)), name='payments_contractfee_sound'),
        ),
        migrations.AddConstraint(
            model_name='contractfee',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ('deposit', 'withdrawal', 'refund', 'chargeback'))), name='payments_contractfee_kind'),
        ),
        migrations.AddConstraint(
            model_name='evidencepack',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('queued', 'building', 'ready', 'failed'))), name='payments_evidencepack_state'),
        ),
        migrations.AddConstraint(
            model_name='evidencepack',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('content__isnull', False), ('state', 'ready')), models.Q(models.Q(('state', 'ready'), _negated=True), ('content', None)), _connector='OR'), name='payments_evidencepack_content'),
        ),
        migrations.AddConstraint(
            model_name='evidencepack',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('queued', 'building'))), fields=('dispute',), name='payments_evidencepack_one'),
        ),
        migrations.AddConstraint(
            model_name='disputeanswer',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('queued', 'sending', 'done', 'refused', 'unknown'))), name='payments_disputeanswer_state'),
        ),
        migrations.AddConstraint(
            model_name='disputeanswer',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ('defend', 'accept'))), name='payments_disputeanswer_kind'),
        ),
        migrations.AddConstraint(
            model_name='disputeanswer',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('queued', 'sending', 'unknown'))), fields=('dispute',), name='payments_disputeanswer_one'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(condition=models.Q(('next_try_at', None), _negated=True), fields=['next_try_at'], name='payments_refund_due'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(fields=('deposit', 'action_key'), name='payments_refund_action'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(condition=models.Q(('psp_reference', ''), _negated=True), fields=('integration', 'psp_reference'), name='payments_refund_psp'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount_units__gt', 0)), name='payments_refund_amount'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('requested', 'submitting', 'submitted', 'unknown', 'done', 'failed', 'returned'))), name='payments_refund_state'),
        ),
        migrations.AddIndex(
            model_name='reservehold',
            index=models.Index(condition=models.Q(('released_at', None)), fields=['release_at'], name='payments_reserve_due'),
        ),
        migrations.AddConstraint(
            model_name='reservehold',
            constraint=models.CheckConstraint(condition=models.Q(('units__gt', 0), ('release_at__gt', models.F('held_at'))), name='payments_reservehold_sound'),
        ),
        migrations.AddConstraint(
            model_name='reservehold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('released_at', None), ('released_by', None)), models.Q(('released_at__isnull', False), ('released_by__isnull', False)), _connector='OR'), name='payments_reservehold_released'),
        ),
        migrations.AddConstraint(
            model_name='reserveterm',
            constraint=models.UniqueConstraint(fields=('contract', 'currency'), name='payments_reserveterm_once'),
        ),
        migrations.AddConstraint(
            model_name='reserveterm',
            constraint=models.CheckConstraint(condition=models.Q(('days__gt', 0), ('percent__gt', 0), ('percent__lte', 100)), name='payments_reserveterm_sound'),
        ),
        migrations.AddConstraint(
            model_name='reserveterm',
            constraint=models.CheckConstraint(condition=models.Q(('cap_units', None), ('cap_units__gt', 0), _connector='OR'), name='payments_reserveterm_cap'),
        ),
        migrations.AddConstraint(
            model_name='routedrill',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('integration',), name='payments_routedrill_one_open'),
        ),
        migrations.AddConstraint(
            model_name='routedrill',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('started_at'))), name='payments_routedrill_period'),
        ),
        migrations.AddConstraint(
            model_name='routingrule',
            constraint=models.CheckConstraint(condition=models.Q(('verdict__in', ('prefer', 'avoid', 'never'))), name='payments_routingrule_verdict'),
        ),
        migrations.AddConstraint(
            model_name='routingrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('max_units', None), ('min_units', None)), models.Q(('currency', ''), _negated=True), _connector='OR'), name='payments_routingrule_amounts'),
        ),
        migrations.AddConstraint(
            model_name='settlementterm',
            constraint=models.UniqueConstraint(fields=('contract', 'currency'), name='payments_settlementterm_once'),
        ),
        migrations.AddConstraint(
            model_name='settlementterm',
            constraint=models.CheckConstraint(condition=models.Q(('minimum_units__gte', 0)), name='payments_settlementterm_minimum'),
        ),
        migrations.AddConstraint(
            model_name='settlementterm',
            constraint=models.CheckConstraint(condition=models.Q(('calendar__in', ('every_day', 'weekdays', 'target'))), name='payments_settlementterm_calendar'),
        ),
    ]
