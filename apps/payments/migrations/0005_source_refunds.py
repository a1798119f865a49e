"""Money of a failed due diligence goes back to where it came from, as withdrawals that say so."""

import django.db.models.deletion
from django.db import migrations, models

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_reasons"), ("verification", "0002_guards")]

    operations = [
        migrations.CreateModel(
            name="SourceRefund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(help_text="Method and instrument that the money came by", max_length=64)),
                ("currency", models.CharField(max_length=8)),
                ("at", models.DateTimeField()),
                (
                    "due_diligence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="source_refunds",
                        to="verification.duediligence",
                    ),
                ),
                (
                    "withdrawal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="source_refund",
                        to="payments.withdrawal",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("due_diligence", "source", "currency"), name="payments_sourcerefund_once"
                    )
                ],
            },
        ),
        install_sql("payments", "append_only_refunds.sql"),
    ]
