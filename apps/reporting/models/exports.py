"""Exports of what games and providers brought."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.ids import uuid7
from apps.reconciliation.models import StoredFile


class ReportKind(models.TextChoices):
    """What is in it."""

    PERFORMANCE = "performance", "Performance of games"
    ROUNDS = "rounds", "Rounds of a game"
    INVOICE = "invoice", "Provider invoice with its lines"
    REVENUE = "revenue", "GGR and NGR by brand, jurisdiction and month"


class ReportExport(models.Model):
    """One export. The same data gives the same bytes, so its hash says whether anything changed."""

    class State(models.TextChoices):
        """Where it stands."""

        QUEUED = "queued", "Waits"
        RUNNING = "running", "Being written"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    class Format(models.TextChoices):
        """How it is written."""

        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=12, choices=ReportKind)
    format = models.CharField(max_length=4, choices=Format)
    terms = models.JSONField(default=dict, help_text="Period and filters")
    as_of = models.DateField()
    brand_ids = ArrayField(models.BigIntegerField(), default=list)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    rows = models.PositiveBigIntegerField(default=0)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    error = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        verbose_name = "report"
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("queued", "running", "ready", "failed")), name="reporting_reportexport_state"
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(file__isnull=False), name="reporting_reportexport_ready"
            ),
        )
        permissions = (("request_reportexport", "Can make and download exports of games and providers"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.as_of}"
