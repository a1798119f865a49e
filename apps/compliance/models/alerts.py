"""Alerts, every hit that made them, and snoozes of a rule for one player."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.compliance.models.cases import Case, Severity
from apps.players.models import Player


class Alert(models.Model):
    """What made somebody look. It is always in exactly one case (C1); further hits are appended while it is open."""

    class State(models.TextChoices):
        """It is closed with its case."""

        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="alerts")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    blueprint_code = models.SlugField(max_length=16)
    source = models.CharField(max_length=60, help_text="The part of the platform that raised it")
    rule_id = models.CharField(max_length=40, blank=True)
    rule_version = models.CharField(max_length=40, blank=True)
    policy_version_id = models.BigIntegerField(null=True)
    dedupe_key = models.CharField(max_length=200)
    severity = models.CharField(max_length=8, choices=Severity)
    title = models.CharField(max_length=160)
    explanation = models.TextField(help_text="In plain words, of the first hit")
    evidence = models.JSONField(default=dict)
    magnitude = models.DecimalField(max_digits=28, decimal_places=8, null=True, help_text="The largest so far")
    hit_count = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    last_hit_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """One open alert a player and key."""

        ordering = ("-last_hit_at", "-id")
        indexes = (models.Index(fields=["player", "dedupe_key", "-id"], name="compliance_alert_by_key"),)
        constraints = (
            models.UniqueConstraint(
                fields=("player", "blueprint_code", "dedupe_key"),
                condition=Q(state="open"),
                name="compliance_alert_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True) | Q(state="closed", closed_at__isnull=False),
                name="compliance_alert_closed",
            ),
            models.CheckConstraint(
                condition=Q(severity__in=("low", "medium", "high", "critical")), name="compliance_alert_severity"
            ),
        )

    def __str__(self) -> str:
        return self.title


class AlertHit(models.Model):
    """One hit of an alert, counted even where nobody was to be told. Append-only."""

    class Suppressed(models.TextChoices):
        """Why nobody was told."""

        NO = "", "No"
        COOL_DOWN = "cool_down", "Closed not long ago"
        SNOOZE = "snooze", "Rule snoozed for this player"

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="hits")
    suppressed = models.CharField(max_length=10, choices=Suppressed, blank=True, default="")
    severity = models.CharField(max_length=8, choices=Severity)
    explanation = models.TextField()
    evidence = models.JSONField(default=dict)
    magnitude = models.DecimalField(max_digits=28, decimal_places=8, null=True)
    rule_version = models.CharField(max_length=40, blank=True)
    policy_version_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["alert", "-id"], name="compliance_hit_by_alert"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(suppressed__in=("", "cool_down", "snooze")), name="compliance_alerthit_suppressed"
            ),
        )

    def __str__(self) -> str:
        return f"hit of {self.alert_id}"


class RuleSnooze(models.Model):
    """A rule that raises no alert for one player for a while, after a reviewed decision. Only its end is written."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    rule_id = models.CharField(max_length=40)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="snoozes", help_text="Whose decision it is")
    magnitude = models.DecimalField(
        max_digits=28, decimal_places=8, null=True, help_text="A hit 1.5 times as large ends it"
    )
    reason = models.CharField(max_length=500)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="Before its time: by a larger hit, or by staff")
    ended_why = models.CharField(max_length=160, blank=True)

    class Meta:
        """At most 180 days, and one at a time."""

        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("player", "rule_id"), condition=Q(ended_at=None), name="compliance_rulesnooze_one"
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule_id} until {self.ends_at:%Y-%m-%d}"
