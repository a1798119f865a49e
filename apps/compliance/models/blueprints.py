"""How each kind of case is worked, as versioned data: queue, people, time, checklist, what may be decided."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Blueprint(models.Model):
    """
    One version of one kind of case. Append-only: a change is a new version, and a case keeps the one it was opened by.

    The version in force is the highest of its code.
    """

    class Code(models.TextChoices):
        """The kinds of case, each with its own queue."""

        AML = "aml", "Money laundering"
        FRAUD = "fraud", "Fraud"
        HARM = "harm", "Gambling harm"
        KYC = "kyc", "Identity"
        SCREENING = "screening", "Sanctions and PEP"
        PAYMENT = "payment", "Payments"
        GAME = "game", "Game play"
        COMPLAINT = "complaint", "Complaints"

    code = models.SlugField(max_length=16, choices=Code)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=80)
    purpose = models.CharField(max_length=300, blank=True)
    capacity = models.PositiveSmallIntegerField(help_text="Open cases of this kind that one person may hold")
    claim_minutes = models.PositiveIntegerField(help_text="A claim that is not touched for so long goes back")
    sla_minutes = models.JSONField(help_text="Working minutes by severity")
    calendar = models.JSONField(default=dict, help_text="Empty: day and night; else timezone, days, from, to")
    jurisdiction_sla = models.JSONField(default=dict, help_text="Jurisdiction → minutes and calendar that go before")
    max_wait_days = models.PositiveSmallIntegerField(help_text="Longest stay with the player, then it is open again")
    checklist = models.JSONField(default=list, help_text="code and text of each point")
    min_narrative = models.PositiveSmallIntegerField(help_text="Characters of the narrative asked for at closing")
    second_person_for = models.JSONField(default=list, help_text="Resolutions and effects that need a second person")
    reopen_needs_approval = models.BooleanField(default=True)
    escalates_to = models.CharField(max_length=16, default="mlro", help_text="Stage that an escalation goes to")
    sections = models.JSONField(default=list, help_text="Parts of the case page, in order")
    resolutions = models.JSONField(default=list)
    reason_codes = models.JSONField(default=list, help_text="code and text")
    effects = models.JSONField(default=list, help_text="What a decision may do, by name")
    retention_class = models.SlugField(max_length=40)
    reason = models.CharField(max_length=300, help_text="Why this version")
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        """One row a version."""

        ordering = ("code", "-version")
        constraints = (
            models.UniqueConstraint(fields=("code", "version"), name="compliance_blueprint_version"),
            models.CheckConstraint(
                condition=Q(code__in=("aml", "fraud", "harm", "kyc", "screening", "payment", "game", "complaint")),
                name="compliance_blueprint_code",
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1, claim_minutes__gte=1), name="compliance_blueprint_capacity"
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Reason codes as choices."""
        return [(each["code"], each["text"]) for each in self.reason_codes]
