"""That a player has looked at his account and his limits, when the law wants him to be asked."""

from django.db import models
from django.db.models import Q

from apps.players.models import Player


class Review(models.Model):
    """A look that a player has taken."""

    class Kind(models.TextChoices):
        """At what; the words of the policy `limit_review_prompts`."""

        ACCOUNT = "account_and_transaction_review", "Account and transactions"
        NO_LIMIT = "no_limit_set_review", "Whether to set a limit"

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="limit_reviews")
    kind = models.CharField(max_length=32, choices=Kind)
    reviewed_at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        default_permissions = ()
        indexes = (models.Index(fields=["player", "kind", "-reviewed_at"], name="safer_play_review_of"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=("account_and_transaction_review", "no_limit_set_review")),
                name="safer_play_review_kind",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of player {self.player_id}"
