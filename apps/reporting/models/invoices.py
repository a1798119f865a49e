"""What a game provider gets for a month: reckoned from the projections, proven against the ledger, agreed by two."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.core.ids import uuid7
from apps.integrations.models import Integration
from apps.reporting.models.contracts import ProviderContract

_USER = settings.AUTH_USER_MODEL


class Invoice(models.Model):
    """
    A provider's statement of one month, as far as it was known at the cut-off.

    `document` is everything it was reckoned from; its hash is that of the document. What rounds of the month bring
    after the cut-off becomes a correction line of a later invoice.
    """

    class State(models.TextChoices):
        """Where it stands."""

        DRAFT = "draft", "Draft"
        CHECKED = "checked", "Checked"
        APPROVED = "approved", "Approved, owed"
        DISPUTED = "disputed", "Disputed"
        SETTLED = "settled", "Settled"
        WITHDRAWN = "withdrawn", "Withdrawn"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    number = models.CharField(max_length=90, unique=True)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="provider_invoices")
    contract = models.ForeignKey(ProviderContract, on_delete=models.PROTECT, related_name="invoices")
    month = models.DateField(help_text="Its first day, in the contract's zone")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    cut_off = models.DateTimeField(help_text="What was posted before it is in")
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)
    state = FSMField(max_length=9, choices=State, default=State.DRAFT, protected=True)
    drawn_at = models.DateTimeField()
    drawn_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True)
    checked_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True, help_text="Of the dispute or withdrawal")
    paid_reference = models.CharField(max_length=80, blank=True, help_text="Of the bank transfer")

    class Meta:
        """Newest month first."""

        ordering = ("-month", "integration__slug", "-id")
        verbose_name = "provider invoice"
        constraints = (
            models.UniqueConstraint(
                fields=("integration", "month"), condition=~Q(state="withdrawn"), name="reporting_invoice_one_a_month"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("draft", "checked", "approved", "disputed", "settled", "withdrawn")),
                name="reporting_invoice_state",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("checked_by")), name="reporting_invoice_four_eyes"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("approved", "settled"))
                | Q(checked_by__isnull=False, approved_by__isnull=False, approved_at__isnull=False),
                name="reporting_invoice_approved",
            ),
        )
        permissions = (
            ("draw_invoice", "Can draw up provider invoices and enter the vendor's figures"),
            ("check_invoice", "Can check and dispute provider invoices"),
            ("approve_invoice", "Can approve provider invoices that somebody else checked, and record payment"),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def is_posted(self) -> bool:
        """Whether the ledger owes it."""
        return self.approved_at is not None

    @transition(field=state, source=[State.DRAFT, State.DISPUTED], target=State.CHECKED)
    def check_figures(self, *, by: User, at: datetime) -> None:
        """Say that the figures are right."""
        self.checked_by, self.checked_at = by, at

    @transition(field=state, source=State.CHECKED, target=State.APPROVED)
    def approve(self, *, by: User, at: datetime) -> None:
        """Owe it; the operation posts."""
        self.approved_by, self.approved_at = by, at

    @transition(field=state, source=[State.DRAFT, State.CHECKED, State.APPROVED], target=State.DISPUTED)
    def dispute(self, *, by: User, at: datetime, reason: str) -> None:
        """Say that the vendor and we do not agree."""
        self.ended_by, self.ended_at, self.reason = by, at, reason

    @transition(field=state, source=[State.APPROVED, State.DISPUTED], target=State.SETTLED)
    def settle(self, *, by: User, at: datetime, reference: str) -> None:
        """Say that it was paid; the operation posts."""
        self.ended_by, self.ended_at, self.paid_reference = by, at, reference

    @transition(field=state, source=[State.DRAFT, State.CHECKED, State.DISPUTED], target=State.WITHDRAWN)
    def withdraw(self, *, by: User, at: datetime, reason: str) -> None:
        """Make room for another of the same month."""
        self.ended_by, self.ended_at, self.reason = by, at, reason


class InvoiceLine(models.Model):
    """One line, rounded once. Amounts in ledger units; `reckoning` says how it came about."""

    class Kind(models.TextChoices):
        """What it is for."""

        SHARE = "share", "Share"
        JACKPOT = "jackpot", "Jackpot contribution"
        MINIMUM = "minimum", "Up to the minimum fee"
        FIXED = "fixed", "Fixed fee"
        TRUE_UP = "true_up", "Correction of an earlier month"
        VAT = "vat", "VAT"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    place = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind)
    words = models.CharField(max_length=300)
    currency = models.CharField(max_length=8)
    amount_units = models.BigIntegerField()
    corrects = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, related_name="corrections")
    reckoning = models.JSONField(default=dict)

    class Meta:
        """As they stand on the paper."""

        ordering = ("invoice_id", "place")
        constraints = (
            models.UniqueConstraint(fields=("invoice", "key"), name="reporting_invoiceline_once"),
            models.CheckConstraint(
                condition=Q(kind__in=("share", "jackpot", "minimum", "fixed", "true_up", "vat")),
                name="reporting_invoiceline_kind",
            ),
        )

    def __str__(self) -> str:
        return self.key


class VendorLine(models.Model):
    """What the vendor's own invoice says for one line, and what we say to a difference."""

    class Verdict(models.TextChoices):
        """What was decided."""

        OPEN = "open", "Not decided"
        AGREES = "agrees", "Agrees"
        ACCEPTED = "accepted", "Accepted: we owe the vendor's figure"
        DISPUTED = "disputed", "Disputed: we owe our figure"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="vendor_lines")
    key = models.CharField(max_length=120)
    currency = models.CharField(max_length=8)
    ours_units = models.BigIntegerField(default=0)
    vendor_units = models.BigIntegerField()
    verdict = models.CharField(max_length=8, choices=Verdict, default=Verdict.OPEN)
    reason = models.CharField(max_length=300, blank=True)
    entered_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField()
    decided_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        """As our lines."""

        ordering = ("invoice_id", "id")
        constraints = (
            models.UniqueConstraint(fields=("invoice", "key", "currency"), name="reporting_vendorline_once"),
            models.CheckConstraint(
                condition=Q(verdict__in=("open", "agrees", "accepted", "disputed")), name="reporting_vendorline_verdict"
            ),
        )

    def __str__(self) -> str:
        return self.key

    @property
    def difference_units(self) -> int:
        """What the vendor wants more than we reckoned, ledger units."""
        return self.vendor_units - self.ours_units


class InvoiceRefusal(models.Model):
    """Why a month could not be drawn up; gone once it could."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+")
    month = models.DateField()
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-at",)
        constraints = (models.UniqueConstraint(fields=("integration", "month"), name="reporting_invoicerefusal_once"),)

    def __str__(self) -> str:
        return f"{self.integration_id} {self.month:%Y-%m}"
