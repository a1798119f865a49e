"""What vendors' game lists say, beside what our catalogue says: looks at them, and the differences found."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.integrations.models import Integration

_USER = settings.AUTH_USER_MODEL


class CatalogueSync(models.Model):
    """One look at a vendor's game list."""

    class State(models.TextChoices):
        """How it went."""

        RUNNING = "running", "Being fetched"
        DONE = "done", "Compared"
        FAILED = "failed", "Failed"

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="catalogue_syncs")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    listed = models.PositiveIntegerField(default=0, help_text="Games in the vendor's list")
    found = models.PositiveIntegerField(default=0, help_text="Differences that were new")
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("running", "done", "failed")), name="providers_cataloguesync_state"
            ),
        )
        permissions = (("sync_catalogue", "Can fetch vendors' game lists and decide on the differences"),)

    def __str__(self) -> str:
        return f"{self.integration} {self.started_at:%Y-%m-%d %H:%M}"


class CatalogueChange(models.Model):
    """
    One difference between a vendor's list and our catalogue. Nothing of it is in effect before somebody accepts it.

    At most one waits for each game; a later look at the list renews it, or withdraws it where it has gone.
    """

    class Kind(models.TextChoices):
        """What the vendor did."""

        ADDED = "added", "Added"
        CHANGED = "changed", "Changed"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", "Waits for a decision"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"
        GONE = "gone", "No longer in the vendor's list"

    sync = models.ForeignKey(CatalogueSync, on_delete=models.PROTECT, related_name="changes")
    vendor = models.SlugField(max_length=40)
    code = models.CharField(max_length=120)
    title = models.CharField(max_length=160)
    kind = models.CharField(max_length=9, choices=Kind)
    fields = models.JSONField(default=dict, help_text="Name → [what we have, what the vendor says]")
    state = FSMField(max_length=8, choices=State, default=State.WAITING, protected=True)
    decided_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=100, blank=True)

    class Meta:
        """By game."""

        ordering = ("vendor", "title", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("waiting", "accepted", "refused", "gone")), name="providers_cataloguechange_state"
            ),
            models.UniqueConstraint(
                fields=("vendor", "code"), condition=Q(state="waiting"), name="providers_cataloguechange_waiting_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.title}: {self.get_kind_display().lower()}"

    @transition(field=state, source=State.WAITING, target=State.ACCEPTED)
    def accept(self, *, by: User, at: datetime, reason: str) -> None:
        """Our catalogue follows."""
        self.decided_by, self.decided_at, self.reason = by, at, reason

    @transition(field=state, source=State.WAITING, target=State.REFUSED)
    def refuse(self, *, by: User, at: datetime, reason: str) -> None:
        """Our catalogue stays; the same difference is not shown again."""
        self.decided_by, self.decided_at, self.reason = by, at, reason

    @transition(field=state, source=State.WAITING, target=State.GONE)
    def vanish(self, *, at: datetime) -> None:
        """The vendor's list does not say so any more."""
        self.decided_at = at
