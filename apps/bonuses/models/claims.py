"""How each attempt to take a bonus was judged. Append-only: a refusal is kept as well as a success."""

from django.db import models

from apps.bonuses.models.grants import Grant
from apps.bonuses.models.offers import OfferVersion
from apps.core.ids import uuid7
from apps.players.models import Player


class Claim(models.Model):
    """One attempt of a player to take a bonus."""

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(OfferVersion, on_delete=models.PROTECT, related_name="claims")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, related_name="claims")
    refusal = models.SlugField(max_length=40, blank=True, help_text="What the player was told; empty: he has it")
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return self.refusal or "taken"


class ClaimCheck(models.Model):
    """One question that was asked about a claim, and its answer."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="checks")
    name = models.SlugField(max_length=24)
    passed = models.BooleanField()
    evidence = models.JSONField(default=dict)
    policy_version_id = models.BigIntegerField(null=True)

    class Meta:
        """In the order in which they were asked."""

        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("claim", "name"), name="bonuses_claimcheck_once"),)

    def __str__(self) -> str:
        return f"{self.name}: {'passed' if self.passed else 'refused'}"
