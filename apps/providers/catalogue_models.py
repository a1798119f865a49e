"""Runs that compare a vendor's game list with the catalogue, and the differences found; imported by `models`."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.brands.models import Brand
from apps.integrations.models import Integration


class CatalogueSync(models.Model):
    """One fetch of an integration's game list, and what became of it. At most one an integration is under way."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for a worker"
        RUNNING = "running", "Running"
        DONE = "done", "Compared"
        REFUSED = "refused", "List refused"
        FAILED = "failed", "Failed"

    UNDER_WAY = (State.WAITING, State.RUNNING)

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="catalogue_syncs")
    state = FSMField(max_length=8, choices=State, default=State.WAITING, protected=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True, help_text="Why staff take a list that is suspiciously short")
    may_be_short = models.BooleanField(default=False, help_text="The list is taken although many games are missing")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    games = models.PositiveIntegerField(default=0, help_text="On the list")
    unread = models.PositiveIntegerField(default=0, help_text="Further entries of it that could not be read")
    unread_entries = models.JSONField(
        default=list, help_text="The first of them: code, problem, and the text as it came"
    )
    proposed = models.PositiveIntegerField(default=0, help_text="Differences that wait for staff")
    applied = models.PositiveIntegerField(default=0, help_text="Restrictions that took effect at once")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the answer, in hex")
    exchange_id = models.UUIDField(null=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why the list was refused or not to be had")
    listed_codes = ArrayField(
        models.CharField(max_length=120), default=list, help_text="On the last list taken; older runs keep the count"
    )

    class Meta:
        verbose_name = "fetched game list"
        ordering = ("-id",)
        permissions = (("synchronise_catalogue", "Can fetch vendors' game lists and decide on their changes"),)
        indexes = (models.Index(fields=["integration", "-id"], name="providers_sync_of"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("waiting", "running", "done", "refused", "failed")),
                name="providers_cataloguesync_state",
            ),
            models.UniqueConstraint(
                fields=("integration",),
                condition=Q(state__in=("waiting", "running")),
                name="providers_cataloguesync_one_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.integration}: {self.state}"

    @transition(field=state, source=State.WAITING, target=State.RUNNING)
    def start(self, *, at: datetime) -> None:
        """A worker has it."""
        self.started_at = at

    @transition(field=state, source=State.RUNNING, target=State.DONE)
    def finish(self, *, at: datetime) -> None:
        """The list was compared."""
        self.ended_at = at

    @transition(field=state, source=State.RUNNING, target=State.REFUSED)
    def refuse(self, *, at: datetime, problem: str) -> None:
        """The list can not be true; nothing of it counts."""
        self.ended_at, self.problem = at, problem[:300]

    @transition(field=state, source=UNDER_WAY, target=State.FAILED)
    def fail(self, *, at: datetime, problem: str) -> None:
        """There was no usable list."""
        self.ended_at, self.problem = at, problem[:300]


class CatalogueChange(models.Model):
    """One difference between a vendor's list and the catalogue, and what was decided about it."""

    class Kind(models.TextChoices):
        ADDED = "added", "Added"
        CHANGED = "changed", "Changed"
        WITHDRAWN = "withdrawn", "Withdrawn"
        RETURNED = "returned", "Returned"

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waits for staff"
        APPLIED = "applied", "In force at once"
        ACCEPTED = "accepted", "Accepted"
        IGNORED = "ignored", "Ignored"
        OVERTAKEN = "overtaken", "Overtaken by a later list"

    sync = models.ForeignKey(CatalogueSync, on_delete=models.PROTECT, related_name="changes")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="+")
    game = models.ForeignKey("providers.Game", on_delete=models.PROTECT, null=True, related_name="changes")
    code = models.CharField(max_length=120, help_text="The vendor's own")
    title = models.CharField(max_length=160)
    kind = models.CharField(max_length=9, choices=Kind)
    field = models.CharField(max_length=24, blank=True, help_text="What has changed")
    brand = models.ForeignKey(
        Brand, on_delete=models.PROTECT, null=True, related_name="+",
        help_text="Only at this brand; another brand still gets the game",
    )  # fmt: skip
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    state = FSMField(max_length=9, choices=State, default=State.PROPOSED, protected=True)
    found_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = "change on a vendor's list"
        verbose_name_plural = "changes on vendors' lists"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["integration", "code", "field", "-id"], name="providers_change_latest"),
            models.Index(fields=["state", "-id"], name="providers_change_queue"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("proposed", "applied", "accepted", "ignored", "overtaken")),
                name="providers_cataloguechange_state",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("added", "changed", "withdrawn", "returned")),
                name="providers_cataloguechange_kind",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("accepted", "ignored")) | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="providers_cataloguechange_decided",
            ),
            models.UniqueConstraint(
                fields=("integration", "code", "kind", "field"),
                condition=Q(state="proposed"),
                name="providers_cataloguechange_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title}: {self.field or self.kind}"

    @transition(field=state, source=State.PROPOSED, target=State.ACCEPTED)
    def accept(self, *, by: User, at: datetime, reason: str) -> None:
        """Record the decision; the operation changes the catalogue."""
        self.decided_by, self.decided_at, self.reason = by, at, reason

    @transition(field=state, source=State.PROPOSED, target=State.IGNORED)
    def ignore(self, *, by: User, at: datetime, reason: str) -> None:
        """Record the decision; the catalogue stays."""
        self.decided_by, self.decided_at, self.reason = by, at, reason

    @transition(field=state, source=State.PROPOSED, target=State.APPLIED)
    def apply_at_once(self, *, at: datetime) -> None:
        """It only restricts: it does not wait."""
        self.decided_at = at

    @transition(field=state, source=State.PROPOSED, target=State.OVERTAKEN)
    def overtake(self, *, at: datetime) -> None:
        """The vendor's list says something else by now."""
        self.decided_at = at
