"""What has to be kept, held or erased, and what was handed out. The rules are in `retention.py`."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.core.ids import uuid7
from apps.players.models import Player


class LegalHold(models.Model):
    """Nothing about this player is erased, whatever his rights or the calendar say, until two people release it."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="legal_holds")
    scope = models.CharField(max_length=200, help_text="What it covers and which matter it belongs to")
    reason = models.TextField(max_length=2000)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    review_on = models.DateField(help_text="When its owner has to say whether it is still needed")
    placed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    release_reason = models.TextField(blank=True, max_length=2000)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (
            models.Index(fields=["player"], condition=Q(released_at__isnull=True), name="compliance_hold_active"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by__isnull=True)
                | Q(released_at__isnull=False, released_by__isnull=False),
                name="compliance_hold_released",
            ),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | Q(released_at__gte=F("placed_at")),
                name="compliance_hold_order",
            ),
        )
        permissions = (
            ("place_hold", "Can place legal holds and propose to release them"),
            ("release_hold", "Can agree to the release of a legal hold"),
        )

    def __str__(self) -> str:
        return f"Legal hold {self.pk}"


class ErasureRequest(models.Model):
    """A player asks to be forgotten. The answer names the law that keeps his data, the day it ends, and his rights."""

    class State(models.TextChoices):
        """Where it stands."""

        RECEIVED = "received", "Has to be answered"
        REFUSED = "refused", "Answered: kept until the law lets go"
        ERASED = "erased", "Erased"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="erasure_requests")
    channel = models.CharField(max_length=80, help_text="How it reached us: letter, e-mail, ticket number")
    state = FSMField(default=State.RECEIVED, choices=State.choices, protected=True, max_length=8)
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="By when the law wants an answer")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True, help_text="What the player is told")
    legal_basis = models.TextField(blank=True)
    delete_on = models.DateField(null=True, help_text="When the law lets go; empty while the account is open")
    policy_version_id = models.BigIntegerField(null=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["due_at"], condition=Q(state="received"), name="compliance_erasure_waiting"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("received", "refused", "erased")), name="compliance_erasure_state"
            ),
            models.CheckConstraint(
                condition=Q(state="received", answered_at__isnull=True, answered_by__isnull=True, answer="")
                | (~Q(state="received") & ~Q(answer="") & Q(answered_at__isnull=False, answered_by__isnull=False)),
                name="compliance_erasure_answered",
            ),
            models.UniqueConstraint(
                fields=("player",), condition=Q(state="received"), name="compliance_erasure_one_open"
            ),
        )  # fmt: skip
        permissions = (("handle_erasure", "Can record and answer requests for erasure"),)

    def __str__(self) -> str:
        return f"Erasure request {self.pk}"

    @transition(field=state, source=State.RECEIVED, target=State.REFUSED)
    def refuse(self, *, by: User, at: datetime, answer: str) -> None:
        """The law keeps the data for now."""
        self.answered_by, self.answered_at, self.answer = by, at, answer

    @transition(field=state, source=State.RECEIVED, target=State.ERASED)
    def erase(self, *, by: User, at: datetime, answer: str) -> None:
        """Nothing kept it."""
        self.answered_by, self.answered_at, self.answer = by, at, answer


class Erasure(models.Model):
    """That a player's personal data were removed, when, by which rule, and how much of what. Never altered."""

    player = models.OneToOneField(Player, on_delete=models.PROTECT, related_name="erasure")
    due_on = models.DateField()
    policy_version_id = models.BigIntegerField(null=True)
    erased_at = models.DateTimeField()
    actor = models.CharField(max_length=150, help_text="Staff username, or `the calendar`")
    counts = models.JSONField(help_text="Rows changed, by kind of data")

    class Meta:
        """Newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Erasure of player {self.player_id}"


class DataExport(models.Model):
    """Everything about one player, for the player: made by a task, kept for some days, every download recorded."""

    class State(models.TextChoices):
        """Where it stands."""

        QUEUED = "queued", "Waits for a worker"
        BUILDING = "building", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Deleted after its time"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="data_exports")
    purpose = models.CharField(max_length=300)
    state = FSMField(default=State.QUEUED, choices=State.choices, protected=True, max_length=8)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    parts_done = models.PositiveSmallIntegerField(default=0)
    parts = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["state"], condition=Q(state__in=("queued", "building")), name="compliance_export_open"
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("queued", "building", "ready", "failed", "expired")),
                name="compliance_export_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(finished_at__isnull=False, expires_at__isnull=False, size_bytes__gt=0),
                name="compliance_export_ready",
            ),
        )
        permissions = (("export_player", "Can have everything about a player exported, and download it"),)

    def __str__(self) -> str:
        return f"Export {self.pk}"

    @transition(field=state, source=[State.QUEUED, State.BUILDING], target=State.BUILDING)
    def begin(self, *, at: datetime, parts: int) -> None:
        """A worker took it, or took it over from one that died."""
        self.begun_at, self.parts, self.parts_done = at, parts, 0

    @transition(field=state, source=State.BUILDING, target=State.READY)
    def finish(self, *, at: datetime, expires_at: datetime, sha256: str, size_bytes: int) -> None:
        """It can be downloaded."""
        self.finished_at, self.expires_at, self.sha256, self.size_bytes = at, expires_at, sha256, size_bytes

    @transition(field=state, source=[State.QUEUED, State.BUILDING], target=State.FAILED)
    def fail(self, *, at: datetime, error: str) -> None:
        """It could not be made."""
        self.finished_at, self.error = at, error

    @transition(field=state, source=State.READY, target=State.EXPIRED)
    def expire(self) -> None:
        """Its file was deleted."""


class DataExportFile(models.Model):
    """The ZIP of an export. In the database, so that every process has it and it goes when it expires."""

    export = models.OneToOneField(DataExport, on_delete=models.CASCADE, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"File of export {self.export_id}"


class DataExportDownload(models.Model):
    """Who took the file away, and when. Never altered."""

    export = models.ForeignKey(DataExport, on_delete=models.PROTECT, related_name="downloads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    remote_address = models.CharField(max_length=45, blank=True)
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Download of export {self.export_id}"
