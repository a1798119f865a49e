"""Sessions of players at a cashier that calls back with a token."""

from django.db import models

from apps.integrations.models import Integration
from apps.players.models import Player


class CashierSession(models.Model):
    """Lets one integration's cashier ask about one player. The token itself is not stored, only its SHA-256."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+")
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="cashier_sessions")
    token_digest = models.BinaryField(unique=True, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return f"cashier session {self.pk}"
