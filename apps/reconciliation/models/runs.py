"""Runs: what was compared with what as of a day, and what did not agree."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.integrations.models import Integration


class Scope(models.TextChoices):
    """What a run compares."""

    PSP = "psp", "Payment provider"
    GAMES = "games", "Game provider"
    INTERNAL = "internal", "Our own books"


class BreakClass(models.TextChoices):
    """What kind of disagreement."""

    MISSING_INTERNAL = "missing_internal", "Missing here"
    MISSING_PSP = "missing_psp", "Missing there"
    AMOUNT = "amount", "Amount"
    CURRENCY = "currency", "Currency"
    FEE = "fee", "Fee against contract"
    DUPLICATE = "duplicate", "Duplicate"
    STATUS = "status", "Status"
    TIMING = "timing", "Timing"
    BATCH = "batch", "Batch does not add up"
    PAYOUT_BANK = "payout_bank", "Payout and bank differ"
    RESERVE = "reserve", "Unexplained reserve"
    BOOKS = "books", "Our own books"


EXPECTED = "expected"
"""Not a break: booked here, and the provider still has time to settle it."""


class Run(models.Model):
    """
    One comparison as of a day. Its result follows from what is dated up to that day, so it can be had again.

    `report_hash` is over figures and items, without the time of the run.
    """

    class State(models.TextChoices):
        """Where it stands."""

        QUEUED = "queued", "Waits"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Failed"

    scope = models.CharField(max_length=8, choices=Scope)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, null=True, related_name="+")
    business_date = models.DateField(help_text="What is dated later does not count")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    figures = models.JSONField(default=dict)
    break_count = models.PositiveIntegerField(default=0)
    expected_count = models.PositiveIntegerField(default=0)
    report_hash = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(default=0)

    class Meta:
        """Of one thing and day, one at a time."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["scope", "integration", "-business_date"], name="reconciliation_run_by_day"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("queued", "running", "finished", "failed")), name="reconciliation_run_state"
            ),
            models.CheckConstraint(
                condition=Q(scope="internal", integration__isnull=True)
                | Q(scope__in=("psp", "games"), integration__isnull=False),
                name="reconciliation_run_scope",
            ),
            models.UniqueConstraint(
                fields=("scope", "integration", "business_date"),
                condition=Q(state__in=("queued", "running")),
                nulls_distinct=False,
                name="reconciliation_run_one_at_a_time",
            ),
        )
        permissions = (("start_run", "Can start a reconciliation run"),)

    def __str__(self) -> str:
        of = self.integration.slug if self.integration else "books"
        return f"{of} as of {self.business_date}"


class RunItem(models.Model):
    """
    One thing that did not agree in a run (or is still expected). Amounts as they change what the provider owes us.

    Append-only: a report stays what it was.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=16, choices=[*BreakClass.choices, (EXPECTED, "Expected")])
    subject = models.TextField(help_text="What it is about; with kind unique in a run")
    movement = models.CharField(max_length=12, blank=True)
    payment_key = models.TextField(blank=True)
    currency = models.CharField(max_length=8)
    expected_units = models.BigIntegerField(help_text="What we have, or agreed; ledger units")
    found_units = models.BigIntegerField(help_text="What the other side says; ledger units")
    details = models.JSONField(default=dict)

    class Meta:
        """In the order of the report."""

        ordering = ("run", "subject", "kind")
        constraints = (models.UniqueConstraint(fields=("run", "kind", "subject"), name="reconciliation_runitem_once"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def difference_units(self) -> int:
        """Found less expected."""
        return self.found_units - self.expected_units
