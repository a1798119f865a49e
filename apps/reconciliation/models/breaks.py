"""Breaks: disagreements that somebody owns, what was said and posted about them, and write-offs by two people."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
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


class WriteOff(models.Model):
    """
    A request to carry the rest of a break to profit and loss: proposed by one person, decided by another.

    Its terms never change; `digest` is what the second person decides on.
    """

    class State(models.TextChoices):
        """Where it stands."""

        PROPOSED = "proposed", "Waits for a second person"
        POSTED = "posted", "Posted"
        REJECTED = "rejected", "Rejected"

    class Account(models.TextChoices):
        """Where it is carried to."""

        ADJUSTMENT = "adjustment", "Adjustments"
        FEE = "fee", "Fees: we accept the provider's charge"

    of_break = models.ForeignKey(Break, on_delete=models.PROTECT, related_name="write_offs")
    currency = models.CharField(max_length=8)
    units = models.BigIntegerField(help_text="Ledger units, with the sign of the difference")
    account = models.CharField(max_length=12, choices=Account)
    note = models.TextField(max_length=2000)
    digest = models.CharField(max_length=64)
    state = FSMField(default=State.PROPOSED, choices=State.choices, protected=True, max_length=8)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True, max_length=2000)
    transaction_id = models.UUIDField(null=True, unique=True)

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("proposed", "posted", "rejected")), name="reconciliation_writeoff_state"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="reconciliation_writeoff_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="proposed") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="reconciliation_writeoff_decided",
            ),
            models.CheckConstraint(
                condition=Q(state="posted", transaction_id__isnull=False)
                | (~Q(state="posted") & Q(transaction_id__isnull=True)),
                name="reconciliation_writeoff_posted",
            ),
            models.CheckConstraint(condition=~Q(units=0), name="reconciliation_writeoff_units"),
            models.CheckConstraint(
                condition=Q(account__in=("adjustment", "fee")), name="reconciliation_writeoff_account"
            ),
            models.UniqueConstraint(
                fields=("of_break",), condition=Q(state="proposed"), name="reconciliation_writeoff_one_waiting"
            ),
        )

    def __str__(self) -> str:
        return f"write-off of break {self.of_break_id}"

    @transition(field=state, source=State.PROPOSED, target=State.POSTED)
    def post(self, *, by: User, at: datetime, note: str, transaction_id: UUID) -> None:
        """It became a transaction."""
        self.decided_by, self.decided_at, self.decision_note, self.transaction_id = by, at, note, transaction_id

    @transition(field=state, source=State.PROPOSED, target=State.REJECTED)
    def reject(self, *, by: User, at: datetime, note: str) -> None:
        """It was turned down."""
        self.decided_by, self.decided_at, self.decision_note = by, at, note
