"""What is known of players, by whom and until when. Append-only: a newer fact supersedes an older one, for ever."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.ids import uuid7
from apps.integrations.models import Integration
from apps.players.models import Player

_KINDS = (
    "age", "identity", "address", "instrument", "source_of_funds", "source_of_wealth", "pep", "sanctions",
)  # fmt: skip


class FactQuerySet(models.QuerySet["PlayerFact"]):
    """Facts by whether they count."""

    def standing(self) -> Self:
        """The last word on each kind and subject, whatever it says."""
        return self.filter(superseded_by=None)

    def proven(self, now: datetime) -> Self:
        """What counts now: the last word, confirmed, and neither expired nor of a time to come."""
        in_time = Q(valid_to=None) | Q(valid_to__gt=now)
        return self.standing().filter(in_time, outcome=PlayerFact.Outcome.CONFIRMED, obtained_at__lte=now)


class PlayerFact(models.Model):
    """
    One thing that somebody found out about a player, with how, when and until when.

    For each (player, kind, subject) the facts form a chain: each but the first supersedes exactly one.
    """

    class Kind(models.TextChoices):
        """What can be known."""

        AGE = "age", "Age"
        IDENTITY = "identity", "Identity"
        ADDRESS = "address", "Address"
        INSTRUMENT = "instrument", "Instrument ownership"
        SOURCE_OF_FUNDS = "source_of_funds", "Source of funds"
        SOURCE_OF_WEALTH = "source_of_wealth", "Source of wealth"
        PEP = "pep", "Politically exposed person"
        SANCTIONS = "sanctions", "Sanctions"

    class Outcome(models.TextChoices):
        """What was found. For PEP and sanctions `confirmed` means: looked, and clear."""

        CONFIRMED = "confirmed", "Confirmed"
        REFUTED = "refuted", "Refuted"
        WITHDRAWN = "withdrawn", "No longer relied on"

    class Level(models.IntegerChoices):
        """How sure one may be."""

        STATED = 0, "Stated by the player"
        BASIC = 1, "One source"
        STANDARD = 2, "Document or two sources"
        ENHANCED = 3, "Enhanced"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="facts")
    kind = models.CharField(max_length=20, choices=Kind)
    subject = models.CharField(max_length=64, blank=True, help_text="Which instrument; empty for the person")
    outcome = models.CharField(max_length=12, choices=Outcome)
    value = models.JSONField(default=dict, help_text="What was found: birth date, country, names that matched")
    method = models.CharField(max_length=40, help_text="document, database, manual, screening, instrument …")
    level = models.PositiveSmallIntegerField(choices=Level, default=Level.STANDARD)
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, null=True, related_name="+")
    vendor_reference = models.CharField(max_length=120, blank=True)
    verification = models.ForeignKey("Verification", on_delete=models.PROTECT, null=True, related_name="facts")
    obtained_at = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, help_text="Empty: until superseded")
    evidence_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of what it rests on")
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    reason = models.CharField(max_length=300, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: the platform"
    )
    request_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()

    objects = FactQuerySet.as_manager()

    class Meta:
        """One chain for each thing."""

        ordering = ("-id",)
        verbose_name = "fact"
        constraints = (
            models.UniqueConstraint(
                fields=("player", "kind", "subject"), condition=Q(supersedes=None), name="verification_fact_one_chain"
            ),
            models.CheckConstraint(condition=Q(kind__in=_KINDS), name="verification_fact_kind"),
            models.CheckConstraint(
                condition=Q(outcome__in=("confirmed", "refuted", "withdrawn")), name="verification_fact_outcome"
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=models.F("obtained_at")), name="verification_fact_validity"
            ),
        )
        indexes = (
            models.Index(fields=["player", "kind"], name="verification_fact_of_player"),
            models.Index(fields=["valid_to"], condition=Q(outcome="confirmed"), name="verification_fact_expiring"),
        )
        permissions = (("record_fact", "Can record facts about players by hand"),)

    def __str__(self) -> str:
        return f"{self.kind} of player {self.player_id}: {self.outcome}"
