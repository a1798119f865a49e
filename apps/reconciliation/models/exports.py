"""Exports: files made for finance, compliance and disputes, on demand and by schedule."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.ids import uuid7
from apps.reconciliation.models.files import StoredFile


class ExportKind(models.TextChoices):
    """What is in it."""

    SETTLEMENTS = "settlements", "Finance: settlement batches and their bank credits"
    LEDGER = "ledger", "Finance: payment postings of the day"
    BREAKS = "breaks", "Finance: breaks and their resolution"
    PLAYER_MONEY = "player_money", "Compliance: money held for players"
    RETURNED = "returned", "Compliance: returned payouts"
    DISPUTES = "disputes", "Disputes and their deadlines"


class ExportFormat(models.TextChoices):
    """How it is written."""

    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"


class ExportSchedule(models.Model):
    """An export made again and again."""

    class Cadence(models.TextChoices):
        """How often."""

        DAILY = "daily", "Every day"
        WEEKLY = "weekly", "Every Monday"
        MONTHLY = "monthly", "Every first of the month"

    kind = models.CharField(max_length=16, choices=ExportKind)
    format = models.CharField(max_length=4, choices=ExportFormat)
    cadence = models.CharField(max_length=8, choices=Cadence)
    brand_ids = ArrayField(models.BigIntegerField(), default=list)
    is_enabled = models.BooleanField(default=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        """By what they make."""

        ordering = ("kind", "cadence")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_cadence_display().lower()}"


class StoredExport(models.Model):
    """
    One export as of a day. The same data gives the same bytes, so its hash says whether anything changed.

    Here are the exports of reconciliation; reporting has others of the same shape.
    """

    class State(models.TextChoices):
        """Where it stands."""

        QUEUED = "queued", "Waits"
        RUNNING = "running", "Being written"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    Format = ExportFormat

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    kind: "models.CharField[str, str]"
    format = models.CharField(max_length=4, choices=ExportFormat)
    as_of = models.DateField()
    brand_ids = ArrayField(models.BigIntegerField(), default=list)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    rows = models.PositiveBigIntegerField(default=0)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    error = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first."""

        abstract = True
        ordering = ("-id",)
        constraints: ClassVar[tuple[models.BaseConstraint, ...]] = (
            models.CheckConstraint(
                condition=Q(state__in=("queued", "running", "ready", "failed")), name="%(app_label)s_%(class)s_state"
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(file__isnull=False), name="%(app_label)s_%(class)s_ready"
            ),
        )

    @property
    def file_name(self) -> str:
        """As which it is kept and handed out."""
        return f"{self.kind}-{self.as_of}.{self.format}"

    @property
    def progress_key(self) -> str:
        """Under which name it tells how far it has come."""
        return f"{self._meta.label_lower}-{self.pk}"


class Export(StoredExport):
    """For finance, compliance and disputes."""

    kind = models.CharField(max_length=16, choices=ExportKind)
    schedule = models.ForeignKey(ExportSchedule, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta(StoredExport.Meta):
        """One of a schedule and day."""

        abstract = False
        constraints = (
            *StoredExport.Meta.constraints,
            models.UniqueConstraint(
                fields=("schedule", "as_of"),
                condition=Q(schedule__isnull=False),
                name="reconciliation_export_scheduled",
            ),
        )
        permissions = (("request_export", "Can make and download exports of money data"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} as of {self.as_of}"
