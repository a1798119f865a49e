"""Sanctions and PEP screening: the local list, what was asked when, and hits that people review once."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.core.ids import uuid7
from apps.players.models import Player


class ListedEntity(models.Model):
    """One entry of a list that the operator loaded: a person or body that is sanctioned or exposed."""

    dataset = models.SlugField(max_length=60)
    entity_id = models.CharField(max_length=120)
    is_person = models.BooleanField(default=True)
    names = ArrayField(models.CharField(max_length=300), help_text="Main name first, then aliases")
    birth_dates = ArrayField(models.CharField(max_length=10), default=list, help_text="YYYY, YYYY-MM or YYYY-MM-DD")
    countries = ArrayField(models.CharField(max_length=2), default=list)
    topics = ArrayField(models.CharField(max_length=40), default=list, help_text="sanction, role.pep …")
    details = models.JSONField(default=dict)
    keys = ArrayField(models.CharField(max_length=40), default=list, help_text="By which candidates are found")
    digest = models.CharField(max_length=64, help_text="Of everything above; another one means it has changed")
    is_active = models.BooleanField(default=True, help_text="No longer on the list otherwise")
    changed_at = models.DateTimeField()

    class Meta:
        """Unique in its list."""

        ordering = ("dataset", "entity_id")
        verbose_name_plural = "listed entities"
        constraints = (models.UniqueConstraint(fields=("dataset", "entity_id"), name="verification_listed_once"),)
        indexes = (
            GinIndex(fields=["keys"], name="verification_listed_keys"),
            models.Index(fields=["changed_at"], name="verification_listed_changed"),
        )

    def __str__(self) -> str:
        return self.names[0] if self.names else self.entity_id


class ScreeningRun(models.Model):
    """One question to a list about one player, and how many hits it had. Never altered."""

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="screenings")
    source = models.CharField(max_length=40, help_text="`local`, or the slug of the integration")
    trigger = models.SlugField(max_length=40)
    player_digest = models.CharField(max_length=64)
    list_changed_at = models.DateTimeField(null=True, help_text="How new the list was")
    threshold = models.FloatField()
    hits = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["player", "-at"], name="verification_run_of_player"),)

    def __str__(self) -> str:
        return f"player {self.player_id}: {self.hits} hits"


class ScreeningHit(models.Model):
    """
    A player who may be a listed entity. One row for each (player, entity), reviewed once.

    A decision holds as long as neither side's data change (`player_digest`, `entity_digest`); then it is open again.
    """

    class State(models.TextChoices):
        """Where the review stands."""

        OPEN = "open", "To be reviewed"
        FALSE_POSITIVE = "false_positive", "Somebody else"
        CONFIRMED = "confirmed", "The same person"
        GONE = "gone", "No longer listed, or no longer alike"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="screening_hits")
    source = models.CharField(max_length=40)
    dataset = models.CharField(max_length=120)
    entity_id = models.CharField(max_length=120)
    caption = models.CharField(max_length=300)
    listed = models.JSONField(help_text="The entity as it was when it was compared")
    topics = ArrayField(models.CharField(max_length=40), default=list)
    is_sanction = models.BooleanField()
    score = models.FloatField()
    corroboration = models.SmallIntegerField(help_text="Fields that agree, less those that contradict")
    explanation = models.JSONField(help_text="Why, in words, one line each")
    rank = models.FloatField(help_text="What to look at first: higher comes first")
    player_digest = models.CharField(max_length=64)
    entity_digest = models.CharField(max_length=64)
    state = FSMField(default=State.OPEN, choices=State.choices, protected=True, max_length=16)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=500, blank=True)

    class Meta:
        """Once for each pair; a sanctions hit is cleared by two people."""

        ordering = ("-rank", "id")
        constraints = (
            models.UniqueConstraint(fields=("player", "source", "entity_id"), name="verification_hit_once"),
            models.CheckConstraint(
                condition=Q(state__in=("open", "false_positive", "confirmed", "gone")), name="verification_hit_state"
            ),
            models.CheckConstraint(
                condition=~Q(state="false_positive", is_sanction=True)
                | (Q(checked_by__isnull=False) & ~Q(checked_by=models.F("decided_by"))),
                name="verification_hit_two_people",
            ),
        )
        indexes = (
            models.Index(fields=["-rank"], condition=Q(state="open"), name="verification_hit_queue"),
            models.Index(fields=["player", "state"], name="verification_hit_of_player"),
        )
        permissions = (
            ("review_hit", "Can review screening hits"),
            ("clear_sanctions_hit", "Can be the second person who clears a sanctions hit"),
        )

    def __str__(self) -> str:
        return f"{self.caption} ({self.score:.0%})"

    @transition(field=state, source=State.OPEN, target=State.FALSE_POSITIVE)
    def clear(self) -> None:
        """Somebody else."""

    @transition(field=state, source=[State.OPEN, State.FALSE_POSITIVE], target=State.CONFIRMED)
    def confirm(self) -> None:
        """The same person."""

    @transition(field=state, source=[State.FALSE_POSITIVE, State.GONE, State.CONFIRMED], target=State.OPEN)
    def reopen(self) -> None:
        """Either side has changed."""

    @transition(field=state, source=[State.OPEN, State.FALSE_POSITIVE], target=State.GONE)
    def vanish(self) -> None:
        """The list no longer gives cause."""


class HitReview(models.Model):
    """Each decision about a hit, with what was compared then. Never altered."""

    hit = models.ForeignKey(ScreeningHit, on_delete=models.PROTECT, related_name="reviews")
    from_state = models.CharField(max_length=16)
    to_state = models.CharField(max_length=16)
    note = models.CharField(max_length=500, blank=True)
    player_digest = models.CharField(max_length=64)
    entity_digest = models.CharField(max_length=64)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    checker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        """In order."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
