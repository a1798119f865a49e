"""Roll-up of shared accounts, and the proof of the books."""

from django.db import migrations, models

from apps.core.sql import install_sql


class Migration(migrations.Migration):
    dependencies = [("transactions", "0002_ledger"), ("integrations", "0002_exchanges")]

    operations = [
        install_sql("transactions", "posting.sql"),
        install_sql("transactions", "rollup.sql"),
        install_sql("transactions", "books.sql"),
        install_sql("transactions", "books_commands.sql"),
        migrations.CreateModel(
            name="BooksCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "mode",
                    models.CharField(
                        choices=[("full", "Everything"), ("incremental", "What was written since the last proof")],
                        max_length=12,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("duration_ms", models.PositiveIntegerField()),
                ("break_count", models.PositiveIntegerField()),
                ("breaks", models.JSONField(default=list, help_text="The first of them, as found")),
                (
                    "heads_digest",
                    models.CharField(
                        blank=True,
                        help_text="SHA-256 over the heads of all chains, to be kept elsewhere; full runs only",
                        max_length=64,
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "permissions": (("check_books", "Can start a full proof of the books"),),
            },
        ),
        migrations.AddConstraint(
            model_name="bookscheck",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ("full", "incremental"))), name="transactions_bookscheck_mode"
            ),
        ),
    ]
