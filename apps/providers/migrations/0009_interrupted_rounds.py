"""
Policies for interrupted rounds, resolutions that name them, and resettling.

Voids are asked for through the platform's approvals from now on. The table of the earlier proposals stays in the database
as it is, readable by SQL: who agreed to what is not thrown away.
"""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

from apps.core.sql import install_sql

# Fresh databases have all of this from the files that older migrations install; only older ones are brought up to it.
_BRING_UP = """
ALTER TABLE providers_round ADD COLUMN IF NOT EXISTS corrected bigint NOT NULL DEFAULT 0;
ALTER TABLE providers_round ADD COLUMN IF NOT EXISTS corrections integer NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS providers_round_in_play ON providers_round (player_id, opened_at) WHERE state = 'open';
DROP INDEX IF EXISTS providers_round_open;
"""
# What the platform did before there were policies, in words. Anything else is published by two people.
_SHIPPED = """
INSERT INTO providers_roundpolicy (category, vendor, interrupted_after_minutes, resolve_after_hours, outcome, new_start, text,
                                   source, effective_at, published_at, origin)
VALUES ('', '', 30, 48, 'settle', 'category',
        'If a game is interrupted, your stake stays in play. Open the game again to go on where you left off. A round that has '
        'not been finished after 48 hours is closed with the result that the game provider has reported until then. A result '
        'that the provider reports later is still paid.',
        'Shipped with the platform: Operator''s Guide 1.5 of Caleta finishes open rounds after 48 hours; UK RTS 10', '2000-01-01',
        '2000-01-01', 'shipped')
"""
# The permission hangs on rounds now; who holds it goes on holding it.
_MOVE_PERMISSION = """
UPDATE auth_permission p SET content_type_id = r.id, name = 'Can decide on a colleague''s proposal to void or resettle rounds'
  FROM django_content_type r, django_content_type v
 WHERE r.app_label = 'providers' AND r.model = 'round' AND v.app_label = 'providers' AND v.model = 'roundvoid'
   AND p.content_type_id = v.id AND p.codename = 'approve_round_void'
"""
_KINDS = (
    ("stuck", "Found without activity"),
    ("expired", "Closed by time"),
    ("closed", "Closed by staff"),
    ("voided", "Voided, stakes returned"),
    ("handed", "Waits for a person"),
    ("resettled", "Resettled"),
    ("late", "The vendor sent a result after it was resolved"),
    ("answered", "Late result looked at by staff"),
)
_OUTCOMES = (
    ("wait", "Wait for the game provider, however long"),
    ("settle", "Close with what the provider has reported"),
    ("void", "Void and return the stake"),
    ("staff", "Hand it to a person"),
    ("general", "No rule of its own: the more general one counts"),
)
_NEW_STARTS = (
    ("category", "As its category: live and crash games are free, others resume"),
    ("resume", "A launch of the game resumes the round"),
    ("refuse", "The game is not launched while a round is unfinished"),
    ("free", "The game may be launched anew"),
)


def _person() -> models.ForeignKey:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
    )


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("brands", "0001_initial"),
        ("compliance", "0012_erasure_of_texts"),
        ("providers", "0008_catalogue_sync"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(_BRING_UP, migrations.RunSQL.noop),
        migrations.AddField("round", "corrected", models.BigIntegerField(default=0)),
        migrations.AddField("round", "corrections", models.IntegerField(default=0)),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("RoundVoid")]),
        migrations.AlterModelOptions(
            name="round",
            options={
                "managed": False,
                "ordering": ("-id",),
                "permissions": (
                    ("resolve_round", "Can close rounds, and propose to void and resettle them"),
                    ("approve_round_void", "Can decide on a colleague's proposal to void or resettle rounds"),
                ),
            },
        ),
        migrations.RunSQL(_MOVE_PERMISSION, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="RoundPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "category",
                    models.CharField(blank=True, help_text="Empty: games of every category", max_length=16),
                ),
                ("vendor", models.SlugField(blank=True, help_text="Empty: games of every vendor", max_length=40)),
                (
                    "interrupted_after_minutes",
                    models.PositiveIntegerField(help_text="Without activity for so long, it is interrupted"),
                ),
                (
                    "resolve_after_hours",
                    models.PositiveIntegerField(help_text="After the last activity; until then it may be resumed"),
                ),
                ("outcome", models.CharField(choices=_OUTCOMES, help_text="What happens then", max_length=8)),
                ("new_start", models.CharField(choices=_NEW_STARTS, default="category", max_length=8)),
                ("text", models.TextField(help_text="What players read", max_length=2000)),
                ("source", models.CharField(help_text="The rule or agreement that it follows", max_length=300)),
                ("effective_at", models.DateTimeField(help_text="For rounds opened from then on")),
                ("published_at", models.DateTimeField()),
                (
                    "origin",
                    models.CharField(
                        choices=[("shipped", "Shipped with the platform"), ("staff", "Staff")],
                        default="staff",
                        max_length=8,
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="brands.brand"
                    ),
                ),
                ("checker", _person()),
                (
                    "game",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="providers.game"
                    ),
                ),
                (
                    "jurisdiction",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="brands.jurisdiction",
                    ),
                ),
                ("maker", _person()),
            ],
            options={
                "ordering": ("-id",),
                "verbose_name_plural": "round policies",
                "permissions": (
                    ("propose_round_policy", "Can propose policies for interrupted rounds"),
                    (
                        "publish_round_policy",
                        "Can publish policies for interrupted rounds that a colleague proposed",
                    ),
                ),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(outcome__in=("wait", "settle", "void", "staff", "general")),
                        name="providers_roundpolicy_outcome",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(new_start__in=("category", "resume", "refuse", "free")),
                        name="providers_roundpolicy_new_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(origin="shipped", maker__isnull=True, checker__isnull=True)
                        | (
                            models.Q(origin="staff", maker__isnull=False, checker__isnull=False)
                            & ~models.Q(maker=models.F("checker"))
                        ),
                        name="providers_roundpolicy_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(origin="shipped") | models.Q(effective_at__gte=models.F("published_at")),
                        name="providers_roundpolicy_not_backdated",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(resolve_after_hours__lte=8760, interrupted_after_minutes__gte=1)
                        & models.Q(interrupted_after_minutes__lte=models.F("resolve_after_hours") * 60),
                        name="providers_roundpolicy_times",
                    ),
                ],
            },
        ),
        install_sql("providers", "round_policies.sql"),
        migrations.RunSQL(_SHIPPED, migrations.RunSQL.noop),
        migrations.AlterField("roundevent", "kind", models.CharField(choices=_KINDS, max_length=12)),
        migrations.AddField(
            "roundevent",
            "amount_units",
            models.BigIntegerField(help_text="Returned, paid, or (negative) taken back; ledger units", null=True),
        ),
        migrations.AddField(
            "roundevent",
            "approval",
            models.ForeignKey(
                help_text="What two people agreed on",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="compliance.approvalrequest",
            ),
        ),
        migrations.AddField(
            "roundevent",
            "reference",
            models.CharField(default="", help_text="The vendor's own word for it", max_length=200),
        ),
        migrations.AddField(
            "roundevent",
            "policy",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="providers.roundpolicy"
            ),
        ),
        # Resolutions of before named no policy that exists.
        AddConstraintNotValid(
            model_name="roundevent",
            constraint=models.CheckConstraint(
                condition=~models.Q(kind__in=("expired", "closed", "voided", "handed", "resettled"))
                | models.Q(policy__isnull=False),
                name="providers_event_names_policy",
            ),
        ),
        migrations.AddConstraint(
            "roundevent",
            models.UniqueConstraint(
                condition=models.Q(kind__in=("voided", "handed")),
                fields=("round_id", "kind"),
                name="providers_event_once_a_round",
            ),
        ),
        migrations.AddConstraint(
            "roundevent",
            models.UniqueConstraint(
                condition=models.Q(kind="late"), fields=("round_id", "reference"), name="providers_event_late_once"
            ),
        ),
        install_sql("providers", "wallet_call.sql"),
        install_sql("providers", "void_round.sql"),
        install_sql("providers", "resettle_round.sql"),
        install_sql("providers", "books.sql"),
    ]
