"""Visits to the page on which players exclude themselves: finished, or left again."""

from django.db import models
from django.db.models import Q

from apps.core.ids import uuid7
from apps.players.models import Player


class ExclusionVisit(models.Model):
    """A player has gone to exclude himself. He does, or he leaves, or nothing is heard of him again."""

    class State(models.TextChoices):
        """How it ended."""

        OPEN = "open", "Open"
        FINISHED = "finished", "Excluded himself"
        LEFT = "left", "Left the page"
        LAPSED = "lapsed", "Nothing more was heard"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="exclusion_visits")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """One open at a time."""

        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("player",), condition=Q(state="open"), name="safer_play_exclusionvisit_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None)
                | Q(state__in=("finished", "left", "lapsed"), closed_at__isnull=False),
                name="safer_play_exclusionvisit_state",
            ),
        )
        indexes = (models.Index(fields=["opened_at"], condition=Q(state="open"), name="safer_play_exclvisit_open"),)

    def __str__(self) -> str:
        return f"Visit to self-exclusion of player {self.player_id}: {self.state}"
