"""Offers and their dated versions. The terms of a version are fixed once two people have published it."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.brands.models import Brand
from apps.core.ids import uuid7
from apps.players.models import Player

_USER = settings.AUTH_USER_MODEL


class Offer(models.Model):
    """What a brand offers, by the code under which it is known to staff; its terms are in its versions."""

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False, help_text="The id that players see")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="bonus_offers")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80, help_text="As the player reads it")
    created_at = models.DateTimeField()

    class Meta:
        """Once in a brand."""

        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("brand", "code"), name="bonuses_offer_code"),)
        permissions = (
            ("draft_offer", "Can draft offers and ask for their publication"),
            ("publish_offer", "Can publish an offer that a colleague drafted"),
            ("stop_offer", "Can stop an offer"),
        )

    def __str__(self) -> str:
        return self.name


class OfferVersion(models.Model):
    """
    The terms of an offer from an instant on; a grant keeps the version it was made under.

    `terms` is what two people agreed on, amounts as decimal texts; the columns beside it say the same for queries.
    """

    class State(models.TextChoices):
        """Where it stands."""

        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        STOPPED = "stopped", "Stopped"
        DISCARDED = "discarded", "Discarded"

    class Kind(models.TextChoices):
        """What is given."""

        DEPOSIT_MATCH = "deposit_match", "Share of a deposit"
        FIXED = "fixed", "Fixed amount"

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    jurisdictions = ArrayField(models.CharField(max_length=8))
    currencies = ArrayField(models.CharField(max_length=8))
    terms = models.JSONField()
    categories = models.JSONField(help_text="Percent of a stake that counts, by category of game")
    games = models.JSONField(default=dict, help_text="The same for single games, by their row id")
    counts_bonus_only = models.BooleanField(default=False, help_text="Stakes of the player's own money do not count")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    state = FSMField(default=State.DRAFT, choices=State.choices, protected=True, max_length=10)
    policy_versions = models.JSONField(default=dict, help_text="Policies that the terms were checked against, by law")
    drafted_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    drafted_at = models.DateTimeField()
    published_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("-id",)
        verbose_name = "bonus offer"
        constraints = (
            models.UniqueConstraint(fields=("offer", "number"), name="bonuses_offerversion_number"),
            models.UniqueConstraint(
                fields=("offer", "valid_from"), condition=Q(state="published"), name="bonuses_offerversion_from"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("draft", "published", "stopped", "discarded")),
                name="bonuses_offerversion_state",
            ),
            models.CheckConstraint(condition=Q(kind__in=("deposit_match", "fixed")), name="bonuses_offerversion_kind"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="bonuses_offerversion_period"
            ),
            models.CheckConstraint(
                condition=Q(published_by=None) | ~Q(published_by=F("drafted_by")),
                name="bonuses_offerversion_four_eyes",
            ),
        )

    def __str__(self) -> str:
        return f"{self.offer.name}, version {self.number}"

    def is_open(self, at: datetime) -> bool:
        """Whether it may be taken at an instant; a later version may have replaced it."""
        ended = self.valid_to is not None and at >= self.valid_to
        return self.state == self.State.PUBLISHED and self.valid_from <= at and not ended

    @transition(field=state, source=State.DRAFT, target=State.PUBLISHED)
    def publish(self, *, by: User | None, at: datetime, policy_versions: dict[str, int | None]) -> None:
        """A second person agreed."""
        self.published_by, self.published_at, self.policy_versions = by, at, policy_versions

    @transition(field=state, source=State.DRAFT, target=State.DISCARDED)
    def discard(self) -> None:
        """It will not be published."""

    @transition(field=state, source=State.PUBLISHED, target=State.STOPPED)
    def stop(self, *, by: User, at: datetime) -> None:
        """Nobody may take it any more; who has taken it keeps it."""
        self.stopped_by, self.stopped_at = by, at


class Listing(models.Model):
    """A player to whom an offer is made by name."""

    version = models.ForeignKey(OfferVersion, on_delete=models.PROTECT, related_name="listings")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Once."""

        constraints = (models.UniqueConstraint(fields=("version", "player"), name="bonuses_listing_once"),)

    def __str__(self) -> str:
        return f"player {self.player_id} of version {self.version_id}"
