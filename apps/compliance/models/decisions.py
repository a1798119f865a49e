"""Decisions on cases, what they hold, evidence, and notes that follow a player."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.compliance.models.cases import Case
from apps.core.ids import uuid7
from apps.players.models import Player

_USER = settings.AUTH_USER_MODEL


class CaseDecision(models.Model):
    """One decision that was carried out, with its reason. Append-only; taken back only by a further one."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    effect = models.SlugField(max_length=40)
    params = models.JSONField(default=dict)
    reason_code = models.SlugField(max_length=40)
    note = models.TextField()
    result = models.JSONField(default=dict, help_text="What the platform did")
    decided_by = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    checked_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    at = models.DateTimeField()

    class Meta:
        """Nobody checks themselves."""

        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=models.F("decided_by")),
                name="compliance_casedecision_two_people",
            ),
        )

    def __str__(self) -> str:
        return self.effect


class CaseHold(models.Model):
    """Money (or a whole account) that is held because of a case: while it is open, that case explains it (C2)."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    kind = models.SlugField(max_length=40)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="holds")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """One open hold of a kind, so one case that explains it."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("player", "kind"), condition=Q(closed_at=None), name="compliance_casehold_one_open"
            ),
        )

    def __str__(self) -> str:
        return self.kind


class Evidence(models.Model):
    """
    Something a decision rests on, as it was. Append-only: it is superseded by a further row, never replaced.

    So every piece is locked from the start; a lock that came with a report would tell that there is one.
    """

    class Kind(models.TextChoices):
        """What it is."""

        FILE = "file", "File"
        TRANSACTION = "transaction", "Transaction"
        EXCHANGE = "exchange", "Exchange with a vendor"
        SNAPSHOT = "snapshot", "Figures as they were"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=12, choices=Kind)
    title = models.CharField(max_length=200)
    reference = models.CharField(max_length=120, blank=True, help_text="Id of what was pinned")
    content = models.JSONField(null=True, help_text="What was pinned; empty for files")
    file_name = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes")
    sha256 = models.CharField(max_length=64)
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    added_by = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        """In order; a transaction or exchange is pinned to a case once."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("case", "kind", "reference"),
                condition=Q(kind__in=("transaction", "exchange")),
                name="compliance_evidence_pinned_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("file", "transaction", "exchange", "snapshot")), name="compliance_evidence_kind"
            ),
        )

    def __str__(self) -> str:
        return self.title


class PlayerNote(models.Model):
    """An annotation that follows the player into later cases. Append-only."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="player_notes")
    text = models.TextField(max_length=4000)
    written_by = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return self.text[:60]
