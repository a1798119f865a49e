"""Reports of suspicion and decisions not to report, what happened to them, and what each authority wants to see."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.compliance.models import Case, Evidence
from apps.core.ids import uuid7
from apps.players.models import Player

_USER = settings.AUTH_USER_MODEL


class AuthorityProfile(models.Model):
    """
    How reports to one authority are written, and the schema it publishes. Append-only: a change is a new version.

    Schema and codes are supplied by the operator; authorities run different versions of goAML.
    """

    code = models.SlugField(max_length=20, help_text="e.g. mt-fiau")
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    jurisdiction = models.CharField(max_length=8)
    schema_version = models.CharField(max_length=20, help_text="e.g. goAML 5.0.1")
    terms = models.JSONField(
        help_text="Identifiers, codes and what this authority wants; see docs/compliance-reports.md"
    )
    xsd = models.TextField()
    xsd_sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()
    loaded_by = models.CharField(max_length=150)

    class Meta:
        """Newest first; no permission of Django's opens this table."""

        default_permissions = ()
        ordering = ("code", "-version")
        constraints = (models.UniqueConstraint(fields=("code", "version"), name="compliance_reports_profile_version"),)

    def __str__(self) -> str:
        return f"{self.title}, {self.schema_version}"


class Report(models.Model):
    """A report about a player, or the decision to make none. Two people, always."""

    class Kind(models.TextChoices):
        """Whether something is told."""

        REPORT = "report", "Report"
        NO_REPORT = "no_report", "Decision not to report"

    class State(models.TextChoices):
        """Where it stands."""

        DRAFT = "draft", "Draft"
        INTERNAL_REVIEW = "internal_review", "In review"
        APPROVED = "approved", "Approved"
        SUBMITTED = "submitted", "Submitted"
        ACCEPTED = "accepted", "Accepted by the authority"
        REJECTED = "rejected", "Rejected by the authority"
        CORRECTED = "corrected", "Replaced by a corrected one"
        NOT_REPORTED = "not_reported", "Not reported"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    profile = models.ForeignKey(AuthorityProfile, on_delete=models.PROTECT, null=True, related_name="+")
    state = FSMField(default=State.DRAFT, choices=State.choices, protected=True, max_length=16)
    report_code = models.CharField(max_length=10, blank=True)
    reason = models.TextField(blank=True, help_text="What is suspected and why; or why nothing is reported")
    action = models.TextField(blank=True, help_text="What we did")
    indicators = ArrayField(models.CharField(max_length=20), default=list)
    drafted_by = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    maker = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    checker = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    drafted_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    document = models.TextField(blank=True, help_text="The XML as it was validated and handed in")
    document_sha256 = models.CharField(max_length=64, blank=True)
    authority_reference = models.CharField(max_length=80, blank=True)
    rejection = models.TextField(blank=True)
    corrects = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="corrected_by")

    class Meta:
        """The rules hold in the database, whoever writes."""

        default_permissions = ()
        permissions = (
            ("access_reports", "Works behind the wall"),
            ("approve_reports", "Is the second person behind the wall"),
        )
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    state__in=(
                        "draft", "internal_review", "approved", "submitted", "accepted", "rejected", "corrected",
                        "not_reported",
                    )
                ),
                name="compliance_reports_report_state",
            ),
            models.CheckConstraint(
                condition=Q(checker__isnull=True) | Q(maker__isnull=False) & ~Q(checker=F("maker")),
                name="compliance_reports_report_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("draft", "internal_review")) | Q(checker__isnull=False),
                name="compliance_reports_report_checked",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("submitted", "accepted", "rejected", "corrected"))
                | Q(kind="report", submitted_at__isnull=False) & ~Q(document_sha256=""),
                name="compliance_reports_report_submitted_has_document",
            ),
            models.CheckConstraint(
                condition=Q(kind="report", profile__isnull=False) & ~Q(state="not_reported")
                | Q(kind="no_report", profile__isnull=True, state__in=("draft", "internal_review", "not_reported")),
                name="compliance_reports_report_kind",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return "Filing"

    @property
    def entity_reference(self) -> str:
        """Our reference, as the authority sees it: short, unique, and without a player's data."""
        return f"{self.public_id.hex[:20]}"

    @transition(field=state, source=State.DRAFT, target=State.INTERNAL_REVIEW)
    def send_to_review(self, *, maker: Any) -> None:
        """A second person reads it."""
        self.maker = maker

    @transition(field=state, source=State.INTERNAL_REVIEW, target=State.DRAFT)
    def send_back(self) -> None:
        """Not yet."""
        self.maker = None

    @transition(field=state, source=State.INTERNAL_REVIEW, target=State.APPROVED)
    def approve(self, *, checker: Any, at: datetime) -> None:
        """It may go out."""
        self.checker, self.reviewed_at = checker, at

    @transition(field=state, source=State.INTERNAL_REVIEW, target=State.NOT_REPORTED)
    def agree_not_to(self, *, checker: Any, at: datetime) -> None:
        """Nothing goes out, for the reasons given."""
        self.checker, self.reviewed_at, self.closed_at = checker, at, at

    @transition(field=state, source=State.APPROVED, target=State.SUBMITTED)
    def submit(self, *, document: str, digest: str, at: datetime) -> None:
        """It was handed in."""
        self.document, self.document_sha256, self.submitted_at = document, digest, at

    @transition(field=state, source=State.SUBMITTED, target=State.ACCEPTED)
    def accept(self, *, reference: str, at: datetime) -> None:
        """The authority has it."""
        self.authority_reference, self.closed_at = reference, at

    @transition(field=state, source=State.SUBMITTED, target=State.REJECTED)
    def reject(self, *, why: str, at: datetime) -> None:
        """The authority does not take it like this."""
        self.rejection, self.closed_at = why, at

    @transition(field=state, source=State.REJECTED, target=State.CORRECTED)
    def mark_corrected(self, *, at: datetime) -> None:
        """Another one takes its place."""
        self.closed_at = at


class ReportItem(models.Model):
    """A pinned transaction that a report cites, with the hash it had."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="items")
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    exchange_rate = models.DecimalField(
        max_digits=20, decimal_places=10, null=True, help_text="Local units for one of the transaction's currency"
    )

    class Meta:
        """Cited once."""

        default_permissions = ()
        ordering = ("evidence_id",)
        constraints = (
            models.UniqueConstraint(fields=("report", "evidence"), name="compliance_reports_reportitem_once"),
        )

    def __str__(self) -> str:
        return self.sha256


class ReportEvent(models.Model):
    """What happened to a report. Append-only."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="events")
    kind = models.SlugField(max_length=32)
    actor = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        """In order."""

        default_permissions = ()
        ordering = ("id",)

    def __str__(self) -> str:
        return self.kind
