"""A player's risk of money laundering and of harm: the score, what it is made of, and overrides by people."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class RiskKind(models.TextChoices):
    """Two scales, both of five levels."""

    AML = "aml", "Money laundering"
    HARM = "harm", "Gambling harm"


class RiskState(models.Model):
    """The risk of one player now. `level` is what counts: the computed one, or an override that runs."""

    player_id = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=RiskKind)
    score = models.DecimalField(max_digits=8, decimal_places=2)
    computed_level = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    contributions = models.JSONField(default=list)
    model_hash = models.CharField(max_length=64)
    raised_at = models.DateTimeField(help_text="When the level last rose, or a reason for it came anew")
    computed_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="Older than this it counts as unknown, and is computed anew")

    class Meta:
        """One a player and kind."""

        constraints = (
            models.UniqueConstraint(fields=("player_id", "kind"), name="monitoring_riskstate_once"),
            models.CheckConstraint(
                condition=Q(level__range=(1, 5), computed_level__range=(1, 5)), name="monitoring_riskstate_level"
            ),
        )
        indexes = (models.Index(fields=["expires_at"], name="monitoring_riskstate_expires"),)

    def __str__(self) -> str:
        return f"{self.kind} risk of player {self.player_id}: {self.level}"


class RiskAssessment(models.Model):
    """One computation that changed something, kept for ever. Append-only."""

    player_id = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=RiskKind)
    score = models.DecimalField(max_digits=8, decimal_places=2)
    from_level = models.PositiveSmallIntegerField(null=True)
    level = models.PositiveSmallIntegerField()
    contributions = models.JSONField(default=list)
    why = models.CharField(max_length=200)
    model_hash = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["player_id", "kind", "-id"], name="monitoring_assessment_player"),)

    def __str__(self) -> str:
        return f"{self.kind} risk of player {self.player_id}: {self.level}"


class RiskOverride(models.Model):
    """A level set by two people (`compliance.approvals`), with a reason and an end; nobody is exempt."""

    class State(models.TextChoices):
        """Whether it counts."""

        RUNNING = "running", "In force"
        ENDED = "ended", "Ended"

    player_id = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=RiskKind)
    level = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    until = models.DateTimeField()
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    checker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        """Two people and an end, in the database."""

        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("player_id", "kind"), condition=Q(state="running"), name="monitoring_riskoverride_one_running"
            ),
            models.CheckConstraint(condition=~Q(checker=F("maker")), name="monitoring_riskoverride_second_person"),
            models.CheckConstraint(condition=Q(level__range=(1, 5)), name="monitoring_riskoverride_level"),
            models.CheckConstraint(condition=Q(until__gt=F("decided_at")), name="monitoring_riskoverride_ends"),
            models.CheckConstraint(condition=Q(state__in=("running", "ended")), name="monitoring_riskoverride_state"),
        )
        permissions = (
            ("override_risk", "Can ask for another risk level of a player"),
            ("approve_riskoverride", "Can agree to another risk level of a player"),
        )

    def __str__(self) -> str:
        return f"{self.kind} risk of player {self.player_id}: {self.level} until {self.until:%Y-%m-%d}"
