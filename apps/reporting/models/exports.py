"""Exports of what games and providers brought."""

from django.db import models

from apps.reconciliation.models import StoredExport


class ReportKind(models.TextChoices):
    """What is in it."""

    PERFORMANCE = "performance", "Performance of games"
    ROUNDS = "rounds", "Rounds of a game"
    INVOICE = "invoice", "Provider invoice with its lines"
    REVENUE = "revenue", "GGR and NGR by brand, jurisdiction and month"


class ReportExport(StoredExport):
    """What it is about is in its terms."""

    kind = models.CharField(max_length=12, choices=ReportKind)
    terms = models.JSONField(default=dict, help_text="Period and filters")

    class Meta(StoredExport.Meta):
        """Who may have them."""

        abstract = False
        verbose_name = "report"
        permissions = (("request_reportexport", "Can make and download exports of games and providers"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.as_of}"
