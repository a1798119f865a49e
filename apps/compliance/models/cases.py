"""Cases, what happened to them, their clock, and who is told. Transitions set fields; operations decide who may."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.brands.models import Brand
from apps.compliance.models.blueprints import Blueprint
from apps.players.models import Player

_USER = settings.AUTH_USER_MODEL


class Severity(models.TextChoices):
    """How bad it looks; `severity_rank` orders them."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"


SEVERITY_RANK = {"low": 1, "medium": 2, "high": 3, "critical": 4}


class Case(models.Model):
    """
    Something about a player that a person has to judge. One open case a player and blueprint.

    A resolved case is read-only: a trigger refuses every change but reopening.
    """

    class State(models.TextChoices):
        """Where it stands; what was found is `resolution`."""

        OPEN = "open", "Open"
        AWAITING_PLAYER = "awaiting_player", "Waiting for the player"
        RESOLVED = "resolved", "Resolved"

    class Stage(models.TextChoices):
        """Whose desk it belongs to."""

        TRIAGE = "triage", "Triage"
        INVESTIGATION = "investigation", "Investigation"
        SECOND_REVIEW = "second_review", "Second review"
        MLRO = "mlro", "Reporting officer"

    class Resolution(models.TextChoices):
        """What was found."""

        FALSE_POSITIVE = "false_positive", "False positive"
        CONFIRMED = "confirmed", "Confirmed"
        INCONCLUSIVE = "inconclusive", "Inconclusive"
        REQUIREMENTS_MET = "requirements_met", "Requirements met"
        REQUIREMENTS_NOT_MET = "requirements_not_met", "Requirements not met"
        MERGED = "merged", "Merged into another case"

    class Urgency(models.IntegerChoices):
        """How much of the SLA is used, kept by the clock's sweep; the queue's first key."""

        CALM = 0, "in time"
        HALF = 1, "half used"
        AT_RISK = 2, "at risk"
        BREACHED = 3, "overdue"

    blueprint = models.ForeignKey(Blueprint, on_delete=models.PROTECT, related_name="cases")
    blueprint_code = models.SlugField(max_length=16, choices=Blueprint.Code)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="cases")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    state = FSMField(default=State.OPEN, choices=State.choices, protected=True, max_length=16)
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.TRIAGE)
    resolution = models.CharField(max_length=24, choices=Resolution, blank=True)
    reason_codes = ArrayField(models.SlugField(max_length=40), default=list)
    narrative = models.TextField(blank=True)
    severity = models.CharField(max_length=8, choices=Severity)
    severity_rank = models.PositiveSmallIntegerField(default=1)
    hit_count = models.PositiveIntegerField(default=1)
    last_hit_at = models.DateTimeField()
    checklist = models.JSONField(default=dict, help_text="code → who ticked it and when")
    holder = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="held_cases")
    claimed_at = models.DateTimeField(null=True)
    claim_expires_at = models.DateTimeField(null=True)
    prepared_by = models.ForeignKey(
        _USER, on_delete=models.PROTECT, null=True, related_name="+", help_text="Not offered the second review"
    )
    snoozed_until = models.DateTimeField(null=True)
    sla_minutes = models.PositiveIntegerField()
    clock_started_at = models.DateTimeField(null=True, help_text="Empty while the clock stands")
    due_at = models.DateTimeField(null=True, help_text="Empty while the clock stands")
    warn_at = models.DateTimeField(null=True, help_text="When the urgency rises next")
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.CALM)
    awaiting_since = models.DateTimeField(null=True)
    awaiting_until = models.DateTimeField(null=True, help_text="Then it is open again by itself")
    awaiting_what = models.CharField(max_length=300, blank=True)
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    changed_at = models.DateTimeField()

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("-urgency", "-severity_rank", "-hit_count", "id")
        indexes = (
            models.Index(
                F("urgency").desc(),
                F("severity_rank").desc(),
                F("hit_count").desc(),
                F("id"),
                condition=Q(state="open", holder__isnull=True),
                name="compliance_case_next",
            ),
            # The list and the desk show what is held by others too, in the same order.
            models.Index(
                F("urgency").desc(),
                F("severity_rank").desc(),
                F("hit_count").desc(),
                F("id"),
                condition=~Q(state="resolved"),
                name="compliance_case_pressing",
            ),
            # The desk counts each queue from this index alone.
            models.Index(
                fields=["blueprint_code", "brand", "stage", "state", "urgency", "holder", "snoozed_until"],
                condition=~Q(state="resolved"),
                name="compliance_case_counted",
            ),
            models.Index(fields=["holder"], condition=~Q(state="resolved"), name="compliance_case_held"),
            models.Index(fields=["warn_at"], condition=Q(warn_at__isnull=False), name="compliance_case_warn"),
            models.Index(fields=["awaiting_until"], condition=Q(state="awaiting_player"), name="compliance_case_waits"),
            models.Index(
                fields=["claim_expires_at"], condition=Q(claim_expires_at__isnull=False), name="compliance_case_claims"
            ),
            models.Index(fields=["player", "-id"], name="compliance_case_by_player"),
            models.Index(fields=["blueprint_code", "state", "-id"], name="compliance_case_listed"),
            models.Index(fields=["resolved_at"], condition=Q(state="resolved"), name="compliance_case_resolved"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("player", "blueprint_code"),
                condition=~Q(state="resolved"),
                name="compliance_case_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("open", "awaiting_player", "resolved")), name="compliance_case_state"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=("triage", "investigation", "second_review", "mlro")),
                name="compliance_case_stage",
            ),
            models.CheckConstraint(
                condition=Q(
                    resolution__in=(
                        "", "false_positive", "confirmed", "inconclusive", "requirements_met",
                        "requirements_not_met", "merged",
                    )
                ),
                name="compliance_case_resolution",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="resolved", resolved_at__isnull=False, holder__isnull=True, due_at__isnull=True
                ) & ~Q(resolution="")
                | ~Q(state="resolved") & Q(resolved_at__isnull=True, resolution=""),
                name="compliance_case_resolved_means",
            ),
            models.CheckConstraint(
                condition=Q(state="awaiting_player", awaiting_since__isnull=False, clock_started_at__isnull=True)
                | ~Q(state="awaiting_player") & Q(awaiting_since__isnull=True),
                name="compliance_case_waiting_means",
            ),
            models.CheckConstraint(
                condition=Q(state="open", clock_started_at__isnull=False, due_at__isnull=False)
                | ~Q(state="open") & Q(clock_started_at__isnull=True, due_at__isnull=True),
                name="compliance_case_clock_runs_while_open",
            ),
            models.CheckConstraint(
                condition=Q(holder__isnull=True, claim_expires_at__isnull=True)
                | Q(holder__isnull=False, claim_expires_at__isnull=False),
                name="compliance_case_claims_expire",
            ),
            models.CheckConstraint(
                condition=Q(severity="low", severity_rank=1) | Q(severity="medium", severity_rank=2)
                | Q(severity="high", severity_rank=3) | Q(severity="critical", severity_rank=4),
                name="compliance_case_severity",
            ),
        )  # fmt: skip
        permissions = (
            ("work_aml", "Works money laundering cases"),
            ("work_fraud", "Works fraud cases"),
            ("work_harm", "Works gambling harm cases"),
            ("work_kyc", "Works identity cases"),
            ("work_screening", "Works sanctions and PEP cases"),
            ("work_payment", "Works payment cases"),
            ("work_game", "Works game play cases"),
            ("work_complaint", "Works complaints"),
            ("work_mlro_stage", "Works what was escalated to the reporting officer"),
            ("read_all_cases", "Reads the cases of every queue"),
            ("decide_case", "Takes decisions with effects on a player"),
            ("resolve_case", "Closes cases"),
            ("check_aml", "Is the second person for money laundering cases"),
            ("check_fraud", "Is the second person for fraud cases"),
            ("check_harm", "Is the second person for gambling harm cases"),
            ("check_kyc", "Is the second person for identity cases"),
            ("check_screening", "Is the second person for sanctions and PEP cases"),
            ("check_payment", "Is the second person for payment cases"),
            ("check_game", "Is the second person for game play cases"),
            ("check_complaint", "Is the second person for complaints"),
            ("assign_case", "Gives cases to colleagues"),
            ("export_case", "Exports a whole case"),
            ("snooze_rule", "Snoozes a rule for one player"),
            ("view_case_figures", "Sees the figures of the compliance desk"),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What people call it: ``AML-123``."""
        return f"{self.blueprint_code.upper()}-{self.pk}"

    @property
    def is_closed(self) -> bool:
        """Whether it is read-only."""
        return bool(self.state == self.State.RESOLVED)

    @transition(field=state, source=State.OPEN, target=State.AWAITING_PLAYER)
    def wait_for_player(self, *, what: str, until: datetime, at: datetime) -> None:
        """The next word is the player's."""
        self.awaiting_since, self.awaiting_until, self.awaiting_what, self.changed_at = at, until, what, at

    @transition(field=state, source=State.AWAITING_PLAYER, target=State.OPEN)
    def take_up(self, *, at: datetime) -> None:
        """The player answered, the time ran out, or something new happened."""
        self.awaiting_since = self.awaiting_until = None
        self.awaiting_what, self.changed_at = "", at

    @transition(field=state, source=[State.OPEN, State.AWAITING_PLAYER], target=State.RESOLVED)
    def resolve(self, *, resolution: str, reason_codes: list[str], narrative: str, by: Any, at: datetime) -> None:
        """It is decided."""
        self.resolution, self.reason_codes, self.narrative = resolution, reason_codes, narrative
        self.resolved_by, self.resolved_at, self.changed_at = by, at, at
        self.holder, self.claimed_at, self.claim_expires_at, self.snoozed_until = None, None, None, None
        self.awaiting_since = self.awaiting_until = None
        self.urgency = self.Urgency.CALM

    @transition(field=state, source=State.RESOLVED, target=State.OPEN)
    def reopen(self, *, at: datetime) -> None:
        """Looked at again; what was found before stays in its events."""
        self.resolution, self.reason_codes, self.narrative = "", [], ""
        self.resolved_at, self.resolved_by, self.changed_at = None, None, at


class CaseEvent(models.Model):
    """One thing that happened to a case. Append-only."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    kind = models.SlugField(max_length=32)
    actor = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=150, help_text="Username, or the part of the platform that acted")
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        """In order."""

        ordering = ("id",)
        indexes = (models.Index(fields=["case", "-id"], name="compliance_event_by_case"),)

    def __str__(self) -> str:
        return self.kind


class ClockInterval(models.Model):
    """A time for which a case's clock ran, once it has stopped. Append-only; the SLA used is their sum."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="intervals")
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField()
    why_stopped = models.SlugField(max_length=32)
    working_seconds = models.PositiveIntegerField(help_text="By the calendar of the case's blueprint")

    class Meta:
        """Never backwards."""

        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(stopped_at__gte=F("started_at")), name="compliance_clockinterval_forwards"
            ),
        )

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}–{self.stopped_at:%Y-%m-%d %H:%M}"


class CaseNotice(models.Model):
    """Something the holder of a case should know; gone from the desk once read."""

    user = models.ForeignKey(_USER, on_delete=models.CASCADE, related_name="case_notices")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    kind = models.SlugField(max_length=32)
    text = models.CharField(max_length=300)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["user", "-id"], condition=Q(read_at=None), name="compliance_notice_unread"),)

    def __str__(self) -> str:
        return self.text


class CaseLink(models.Model):
    """Two cases that belong together. Append-only."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="links")
    other = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="linked_from")
    reason = models.CharField(max_length=300)
    added_by = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        """Not with itself, and once."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("case", "other"), name="compliance_caselink_once"),
            models.CheckConstraint(condition=~Q(case=F("other")), name="compliance_caselink_not_itself"),
        )

    def __str__(self) -> str:
        return f"{self.case_id} – {self.other_id}"


class SavedView(models.Model):
    """Filters of the case list that a person keeps."""

    user = models.ForeignKey(_USER, on_delete=models.CASCADE, related_name="case_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)

    class Meta:
        """One name, one view."""

        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("user", "name"), name="compliance_savedview_once"),)

    def __str__(self) -> str:
        return self.name
