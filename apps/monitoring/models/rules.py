"""Rules as versioned data, and their back-tests. Publishing them is a command of `compliance.approvals`."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition


class Rule(models.Model):
    """One rule of the catalogue. Its id stays the same over all versions."""

    class Family(models.TextChoices):
        """What the rule looks for."""

        AML = "aml", "Money laundering"
        FRAUD = "fraud", "Fraud"
        HARM = "harm", "Gambling harm"

    code = models.CharField(primary_key=True, max_length=16, help_text="AML-01, RG-11 …")
    name = models.SlugField(max_length=60)
    family = models.CharField(max_length=8, choices=Family)
    owner = models.CharField(max_length=80, blank=True)

    class Meta:
        """By code; rules are drafted by one role and published by another."""

        ordering = ("code",)
        constraints = (
            models.CheckConstraint(condition=Q(family__in=("aml", "fraud", "harm")), name="monitoring_rule_family"),
        )
        permissions = (
            ("author_rule", "Can draft, commit and back-test rules, and ask for their publication"),
            ("publish_rule", "Can publish rules that somebody else asked for"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class RuleVersion(models.Model):
    """
    One version of a rule. From `committed` on its definition never changes (a trigger refuses it).

    `definition` is the whole rule as data: population, expression, parameters, outcome, fixtures. See
    `apps.monitoring.definitions`.
    """

    class State(models.TextChoices):
        """Where it stands. One version of a rule is live, and one runs in shadow, at most."""

        DRAFT = "draft", "Draft"
        COMMITTED = "committed", "Committed"
        SHADOW = "shadow", "Shadow: runs, alerts nobody"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = FSMField(default=State.DRAFT, choices=State.choices, protected=True, max_length=10)
    definition = models.JSONField()
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the definition in canonical JSON")
    note = models.CharField(max_length=300, blank=True, help_text="What is different from the version before")
    published_by = models.JSONField(
        default=list, help_text="Who asked for each step and who agreed: target, approval, maker, checker, at"
    )
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    drafted_at = models.DateTimeField()
    committed_at = models.DateTimeField(null=True)
    shadow_at = models.DateTimeField(null=True)
    live_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("rule_id", "-number")
        constraints = (
            models.UniqueConstraint(fields=("rule", "number"), name="monitoring_ruleversion_once"),
            models.UniqueConstraint(
                fields=("rule",), condition=Q(state="live"), name="monitoring_ruleversion_one_live"
            ),
            models.UniqueConstraint(
                fields=("rule",), condition=Q(state="shadow"), name="monitoring_ruleversion_one_shadow"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("draft", "committed", "shadow", "live", "retired")),
                name="monitoring_ruleversion_state",
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule_id} v{self.number}"

    @transition(field=state, source=State.DRAFT, target=State.COMMITTED)
    def commit(self, *, at: datetime) -> None:
        """From here on it never changes."""
        self.committed_at = at

    @transition(field=state, source=State.COMMITTED, target=State.SHADOW)
    def start_shadow(self, *, at: datetime) -> None:
        """It runs on live traffic and alerts nobody."""
        self.shadow_at = at

    @transition(field=state, source=[State.COMMITTED, State.SHADOW], target=State.LIVE)
    def go_live(self, *, at: datetime) -> None:
        """It alerts."""
        self.live_at = at

    @transition(field=state, source=[State.DRAFT, State.COMMITTED, State.SHADOW, State.LIVE], target=State.RETIRED)
    def retire(self, *, at: datetime) -> None:
        """It runs no more. What it decided stays."""
        self.retired_at = at


class Backtest(models.Model):
    """One replay of a version over the past: what it would have found. It writes no alerts."""

    class State(models.TextChoices):
        """Where it stands."""

        QUEUED = "queued", "Queued"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="backtests")
    against = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, null=True, related_name="+")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    report = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("queued", "done", "failed")), name="monitoring_backtest_state"
            ),
            models.CheckConstraint(condition=Q(from_at__lt=F("to_at")), name="monitoring_backtest_span"),
        )

    def __str__(self) -> str:
        return f"{self.version} over {self.from_at:%Y-%m-%d} to {self.to_at:%Y-%m-%d}"
