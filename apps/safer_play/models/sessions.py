"""Reality checks: how often a player wants one, and each that was shown and acknowledged."""

from django.db import models

from apps.players.models import Player, PlayerSession


class RealityChoice(models.Model):
    """How often a player wants to be told how long he has played and where he stands."""

    player = models.OneToOneField(Player, primary_key=True, on_delete=models.CASCADE, related_name="reality_choice")
    interval_minutes = models.PositiveIntegerField()
    chosen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"every {self.interval_minutes} minutes"


class RealityCheck(models.Model):
    """One check that its player acknowledged, and what he was shown. Never altered."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="reality_checks")
    player_session = models.ForeignKey(
        PlayerSession, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    due_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField()
    elapsed_seconds = models.PositiveIntegerField()
    net_positions = models.JSONField(help_text="Currency → won minus staked, as it was shown")
    pause_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["player", "-id"], name="safer_play_check_by_player"),)

    def __str__(self) -> str:
        return f"{self.acknowledged_at:%Y-%m-%d %H:%M}"
