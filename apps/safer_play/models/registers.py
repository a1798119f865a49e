"""The log of questions to national registers of excluded people."""

from django.db import models

from apps.players.models import Player, PlayerSession


class RegisterQuery(models.Model):
    """One question and its answer, never altered. The person it was about is kept as a digest."""

    class Purpose(models.TextChoices):
        """Why it was asked; an answer counts for that only."""

        REGISTER = "register", "Registration"
        LOGIN = "login", "Log-in to play"
        MARKETING = "marketing", "Marketing"

    class Answer(models.TextChoices):
        """What it said. `unknown` bars like `excluded`: no answer, a wrong one, or too late."""

        CLEAR = "clear", "Not in the register"
        EXCLUDED = "excluded", "Excluded"
        PREVIOUSLY = "previously_excluded", "Was excluded before"
        UNKNOWN = "unknown", "No usable answer"

    register = models.CharField(max_length=40)
    jurisdiction = models.CharField(max_length=8)
    purpose = models.CharField(max_length=12, choices=Purpose)
    subject_digest = models.CharField(max_length=64, help_text="Keyed SHA-256 of name, birth date and e-mail")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, null=True, related_name="register_queries")
    player_session = models.ForeignKey(
        PlayerSession, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    answer = models.CharField(max_length=20, choices=Answer)
    error = models.CharField(max_length=200, blank=True)
    latency_ms = models.PositiveIntegerField()
    policy_version_id = models.BigIntegerField(null=True)
    exchange_id = models.UUIDField(null=True)
    request_id = models.UUIDField(null=True)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "register queries"
        indexes = (
            models.Index(fields=["player", "-id"], name="safer_play_query_by_player"),
            models.Index(fields=["player_session"], name="safer_play_query_by_session"),
        )

    def __str__(self) -> str:
        return f"{self.register} {self.purpose}: {self.answer}"
