"""Breaks: disagreements that somebody owns, and what was said and posted about them."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.brands.models import Brand
from apps.core.ids import uuid7
from apps.integrations.models import Integration
from apps.reconciliation.models.runs import BreakClass, Run, Scope


class Break(models.Model):
    """
    One disagreement over time: found by a run, gone when a later one no longer finds it or postings cover it.

    Nobody edits it. `remaining_units` is what no posting has covered yet.
    """

    class State(models.TextChoices):
        """Whether anything is left of it."""

        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"

    class ResolvedBy(models.TextChoices):
        """How it ended."""

        LATER = "later", "Gone: a later file or posting agrees"
        POSTING = "posting", "Posted"
        WRITE_OFF = "write_off", "Written off"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    scope = models.CharField(max_length=8, choices=Scope)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, null=True, related_name="+")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=16, choices=BreakClass)
    subject = models.TextField()
    movement = models.CharField(max_length=12, blank=True)
    payment_key = models.TextField(blank=True)
    currency = models.CharField(max_length=8)
    expected_units = models.BigIntegerField(help_text="Ledger units")
    found_units = models.BigIntegerField(help_text="Ledger units")
    posted_units = models.BigIntegerField(default=0, help_text="Covered by postings, ledger units")
    details = models.JSONField(default=dict)
    state = FSMField(default=State.OPEN, choices=State.choices, protected=True, max_length=8)
    resolved_by = models.CharField(max_length=10, choices=ResolvedBy, blank=True)
    resolved_at = models.DateTimeField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    opened_on = models.DateField(help_text="Business day on which it was first found")
    last_run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        """Oldest first; one row for each thing that can be wrong."""

        ordering = ("opened_on", "id")
        indexes = (
            models.Index(fields=["opened_on", "id"], condition=Q(state="open"), name="reconciliation_break_open"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("scope", "integration", "kind", "subject"),
                nulls_distinct=False,
                name="reconciliation_break_once",
            ),
            models.CheckConstraint(condition=Q(state__in=("open", "resolved")), name="reconciliation_break_state"),
            models.CheckConstraint(
                condition=Q(state="open", resolved_by="", resolved_at__isnull=True)
                | (Q(state="resolved", resolved_at__isnull=False) & ~Q(resolved_by="")),
                name="reconciliation_break_resolved",
            ),
        )
        permissions = (
            ("work_break", "Can claim breaks, comment on them and post to suspense"),
            ("propose_writeoff", "Can propose to write a break off"),
            ("approve_writeoff", "Can decide on a colleague's proposal to write a break off"),
        )

    def __str__(self) -> str:
        return f"{BreakClass(self.kind).label} {self.subject}"

    @property
    def difference_units(self) -> int:
        """Found less expected: by so much the provider owes us more than we have booked."""
        return self.found_units - self.expected_units

    @property
    def remaining_units(self) -> int:
        """What no posting has covered yet."""
        return self.difference_units - self.posted_units

    @transition(field=state, source=State.OPEN, target=State.RESOLVED)
    def resolve(self, *, how: str, at: datetime) -> None:
        """Nothing is left of it."""
        self.resolved_by, self.resolved_at, self.changed_at = how, at, at

    @transition(field=state, source=State.RESOLVED, target=State.OPEN)
    def reopen(self, *, at: datetime) -> None:
        """A run finds it again, or finds it changed."""
        self.resolved_by, self.resolved_at, self.changed_at = "", None, at


class BreakEvent(models.Model):
    """What happened to a break and what people said of it. Append-only."""

    class Kind(models.TextChoices):
        """What happened."""

        FOUND = "found", "Found"
        CHANGED = "changed", "Found changed"
        REOPENED = "reopened", "Found again"
        GONE = "gone", "No longer found"
        CLAIMED = "claimed", "Claimed"
        RELEASED = "released", "Given back"
        COMMENT = "comment", "Comment"
        POSTED = "posted", "Posted"
        PROPOSED = "proposed", "Write-off proposed"
        REJECTED = "rejected", "Write-off rejected"
        WRITTEN_OFF = "written_off", "Written off"

    of_break = models.ForeignKey(Break, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind)
    text = models.TextField(blank=True, max_length=2000)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="+")
    transaction_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        """As it happened."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.of_break_id}"


class WriteOffAccount(models.TextChoices):
    """Where what is left of a break is carried to by a write-off."""

    ADJUSTMENT = "adjustment", "Adjustments"
    FEE = "fee", "Fees: we accept the provider's charge"


class Resolution(models.Model):
    """A posting that covers a break, or a part of it. Append-only; `units` has the sign of the difference it covers."""

    of_break = models.ForeignKey(Break, on_delete=models.PROTECT, related_name="resolutions")
    transaction_id = models.UUIDField(unique=True)
    units = models.BigIntegerField()
    account = models.CharField(max_length=16, help_text="Kind of the account on the other side")
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    posted_at = models.DateTimeField()

    class Meta:
        """What goes to profit and loss has two people."""

        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=~Q(units=0), name="reconciliation_resolution_units"),
            models.CheckConstraint(
                condition=Q(account="suspense")
                | (Q(account__in=("adjustment", "fee"), approved_by__isnull=False) & ~Q(approved_by=F("posted_by"))),
                name="reconciliation_resolution_two_people",
            ),
        )

    def __str__(self) -> str:
        return f"{self.units} to {self.account}"
