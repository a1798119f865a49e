"""What rules decided, with all that it takes to decide again; what keeps alerts from repeating; what went wrong."""

from django.db import models
from django.db.models import Q

from apps.monitoring.models.rules import Rule, RuleVersion


class Decision(models.Model):
    """
    One evaluation of one version: each hit and each unknown, and whatever the gate was asked. Append-only.

    `inputs`, `params` and `lists` are all that the expression read, so the decision can be made again from its row.
    """

    class Mode(models.TextChoices):
        """Where it was made."""

        GATE = "gate", "Gate"
        STREAM = "stream", "Stream"
        NIGHTLY = "nightly", "Nightly"

    class Result(models.TextChoices):
        """What the expression said."""

        HIT = "hit", "Hit"
        PASS = "pass", "No hit"
        UNKNOWN = "unknown", "Input unknown"
        ERROR = "error", "Could not be evaluated"

    class Outcome(models.TextChoices):
        """What follows, weakest first."""

        NONE = "none", "Nothing"
        OBSERVE = "observe", "Observe"
        ALERT = "alert", "Alert"
        HOLD = "hold", "Hold"
        BLOCK = "block", "Block"

    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, null=True, related_name="decisions")
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, null=True, related_name="decisions")
    player_id = models.BigIntegerField()
    mode = models.CharField(max_length=8, choices=Mode)
    is_shadow = models.BooleanField(default=False)
    purpose = models.CharField(max_length=32, help_text="What the gate was asked about, or what set the rule off")
    subject = models.CharField(max_length=80, blank=True)
    call_id = models.UUIDField(null=True, help_text="The rules of one call of the gate share it")
    at = models.DateTimeField(help_text="Event time: the rule saw the world as it was then")
    decided_at = models.DateTimeField()
    result = models.CharField(max_length=8, choices=Result)
    outcome = models.CharField(max_length=8, choices=Outcome)
    suppressed = models.CharField(
        max_length=12, blank=True, help_text="Why no alert followed: cool-down, snooze, shadow"
    )
    dedupe_key = models.CharField(max_length=160)
    magnitude = models.DecimalField(max_digits=28, decimal_places=8, null=True)
    inputs = models.JSONField(default=dict)
    params = models.JSONField(default=dict)
    lists = models.JSONField(default=dict, help_text="Versions of the lists that were asked")
    policy_versions = models.JSONField(default=dict)
    risk_band = models.CharField(max_length=8)
    trace = models.JSONField(default=dict)
    explanation = models.TextField(blank=True)
    contributions = models.JSONField(default=list, help_text="Transactions and events that made the value")
    latency_us = models.PositiveIntegerField()
    alert_id = models.BigIntegerField(null=True)
    case_id = models.BigIntegerField(null=True)
    is_new_alert = models.BooleanField(default=False)

    class Meta:
        """Read by player and by rule, newest first."""

        ordering = ("-id",)
        indexes = (
            models.Index(fields=["player_id", "-id"], name="monitoring_decision_player"),
            models.Index(fields=["rule", "-id"], name="monitoring_decision_rule"),
            models.Index(fields=["version", "at"], name="monitoring_decision_version"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(result__in=("hit", "pass", "unknown", "error")), name="monitoring_decision_result"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=("none", "observe", "alert", "hold", "block")),
                name="monitoring_decision_outcome",
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule_id} on player {self.player_id}: {self.result}"


class RuleState(models.Model):
    """What a rule last said about a player: keeps alerts from repeating, and counts what was kept back."""

    dedupe_key = models.CharField(max_length=160, unique=True)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="+")
    player_id = models.BigIntegerField()
    hits = models.PositiveIntegerField(default=0)
    suppressed = models.PositiveIntegerField(default=0)
    first_hit_at = models.DateTimeField()
    last_hit_at = models.DateTimeField()
    alerted_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="When a hit last went to the alert")
    alerted_magnitude = models.DecimalField(max_digits=28, decimal_places=8, null=True)
    alert_id = models.BigIntegerField(null=True)

    class Meta:
        """Read by player too."""

        indexes = (models.Index(fields=["player_id"], name="monitoring_rulestate_player"),)

    def __str__(self) -> str:
        return self.dedupe_key


class RuleTally(models.Model):
    """How often a version was evaluated, hit and alerted on one day."""

    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="tallies")
    day = models.DateField()
    evaluations = models.BigIntegerField(default=0)
    hits = models.BigIntegerField(default=0)
    unknowns = models.BigIntegerField(default=0)
    alerts = models.BigIntegerField(default=0)
    suppressed = models.BigIntegerField(default=0)
    microseconds = models.BigIntegerField(default=0)

    class Meta:
        """One row a day."""

        constraints = (models.UniqueConstraint(fields=("version", "day"), name="monitoring_ruletally_once"),)

    def __str__(self) -> str:
        return f"{self.version} on {self.day}"


class DeadLetter(models.Model):
    """What could not be taken in or judged as it should be. The rest goes on; this is tried again and looked at."""

    class Stage(models.TextChoices):
        """Where it failed."""

        INTAKE = "intake", "Taking a fact in"
        RULE = "rule", "Evaluating a rule"
        BATCH = "batch", "Evaluating a rule over many events"
        GATE = "gate", "Judging a request"

    TRIED_AGAIN = (Stage.INTAKE, Stage.RULE)
    """The others were judged or held all the same; people look why."""

    stage = models.CharField(max_length=8, choices=Stage)
    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, null=True, related_name="+")
    player_id = models.BigIntegerField(null=True)
    purpose = models.CharField(max_length=32)
    payload = models.JSONField(default=dict, help_text="What it takes to try again")
    error = models.CharField(max_length=500)
    happened_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=1)
    next_try_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_how = models.CharField(max_length=120, blank=True)

    class Meta:
        """Open ones are what staff look for."""

        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["next_try_at"], condition=Q(settled_at__isnull=True), name="monitoring_deadletter_open"
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(stage__in=("intake", "rule", "batch", "gate")), name="monitoring_deadletter_stage"
            ),
        )
        permissions = (("settle_deadletter", "Can try dead letters again or set them aside"),)

    def __str__(self) -> str:
        return f"{self.stage} {self.purpose}: {self.error[:40]}"
