"""What is expected of an integration, the incidents when it falls short, and the breaker of calls to it."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class ServiceTarget(models.Model):
    """What an integration has to reach. Without a row the defaults of the columns apply."""

    integration = models.OneToOneField(
        "integrations.Integration", primary_key=True, on_delete=models.CASCADE, related_name="target"
    )
    success_percent = models.DecimalField(
        max_digits=6,
        decimal_places=3,
        default=Decimal("99.9"),
        help_text="Share of calls that end as the protocol means them to",
    )
    p95_ms = models.PositiveIntegerField(default=1000, help_text="Latency that 95 % of calls stay below, milliseconds")
    silence_minutes = models.PositiveSmallIntegerField(
        default=5, help_text="So long without a call is an incident, if there was traffic before"
    )
    key_age_days = models.PositiveSmallIntegerField(default=365, help_text="A key older than this should be rotated")
    alert_emails = models.CharField(
        max_length=500, blank=True, help_text="Who is told of incidents, beside the setting"
    )

    class Meta:
        """Targets make sense only inside these bounds."""

        constraints = (
            models.CheckConstraint(
                condition=Q(success_percent__gt=0, success_percent__lt=100), name="integrations_servicetarget_share"
            ),
        )

    def __str__(self) -> str:
        return f"{self.success_percent} %, {self.p95_ms} ms"


class Incident(models.Model):
    """A vendor that fell short: opened and closed by a rule, at most one open for each rule and integration."""

    class Severity(models.TextChoices):
        """How soon somebody has to look."""

        WARNING = "warning", "Warning"
        CRITICAL = "critical", "Critical"

    integration = models.ForeignKey("integrations.Integration", on_delete=models.PROTECT, related_name="incidents")
    rule = models.SlugField(max_length=40)
    severity = models.CharField(max_length=8, choices=Severity)
    summary = models.CharField(max_length=300, help_text="What was seen against what was expected")
    evidence = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When the rule last found it so")
    closed_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Who looks after it"
    )
    acknowledged_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    notified_at = models.DateTimeField(null=True, help_text="When e-mails about its opening went out")

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        permissions = (("acknowledge_incident", "Can take over incidents of vendors"),)
        indexes = (models.Index(fields=["integration", "-opened_at"], name="integrations_incident_of"),)
        constraints = (
            models.UniqueConstraint(
                fields=("integration", "rule"), condition=Q(closed_at=None), name="integrations_incident_open_once"
            ),
            models.CheckConstraint(
                condition=Q(severity__in=("warning", "critical")), name="integrations_incident_severity"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")), name="integrations_incident_period"
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule}: {self.summary}"


class Breaker(models.Model):
    """Calls to a vendor that failed in a row; while open, nothing is sent and callers are told at once."""

    integration = models.OneToOneField(
        "integrations.Integration", primary_key=True, on_delete=models.CASCADE, related_name="breaker"
    )
    failures = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True, help_text="When the next call may try whether the vendor is back")

    def __str__(self) -> str:
        return f"{self.failures} failures"
