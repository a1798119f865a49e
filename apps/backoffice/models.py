"""What the staff site itself keeps: who looked at whose personal data, and why."""

from django.conf import settings
from django.db import models

from apps.players.models import Player


class PersonalDataRead(models.Model):
    """One look at unmasked personal data. Append-only by trigger."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=300)
    remote_address = models.CharField(max_length=45)
    request_id = models.UUIDField(null=True)
    read_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        verbose_name = "look at personal data"
        verbose_name_plural = "looks at personal data"
        permissions = (
            ("view_figures", "Can see turnover, GGR and other figures of the business"),
            ("approve_roles", "Can agree to a colleague's change of somebody's roles"),
        )
        indexes = (models.Index(fields=["player", "-read_at"], name="backoffice_read_by_player"),)

    def __str__(self) -> str:
        return f"{self.user_id} looked at player {self.player_id}"
