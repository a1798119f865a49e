"""What was done about signs of harm, that it really happened, and what came of it."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.core.ids import uuid7
from apps.players.models import Player


class Interaction(models.Model):
    """
    One step taken with a player because of one trigger: planned, carried out with evidence, and later looked at.

    `before` and `after` hold spend and time of the 14 days on either side, so that somebody can see whether it helped.
    """

    class Action(models.TextChoices):
        """The rungs of the ladder, mildest first."""

        MESSAGE = "message", "Message"
        PAUSE = "pause", "Forced pause"
        LIMIT = "limit", "Lower limit"
        MARKETING_STOP = "marketing_stop", "Stop of marketing and bonuses"
        CONTACT = "contact", "Personal contact"
        RESTRICT = "restrict", "Restriction of play"
        EXCLUDE = "exclude", "Exclusion"

    class Channel(models.TextChoices):
        """How the player was reached."""

        ON_SITE = "on_site", "On the site"
        EMAIL = "email", "E-mail"
        PHONE = "phone", "Telephone"
        CHAT = "chat", "Chat"
        SYSTEM = "system", "By the platform itself"

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", "To be done"
        DONE = "done", "Done"
        FAILED = "failed", "The player could not be reached"
        CANCELLED = "cancelled", "Not needed any more"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="interactions")
    trigger = models.CharField(max_length=60, help_text="Rule id, `limit-request`, or `staff`")
    trigger_text = models.CharField(max_length=500, blank=True, help_text="In plain words, with the figures")
    dedupe_key = models.CharField(max_length=120, unique=True)
    action = models.CharField(max_length=16, choices=Action)
    channel = models.CharField(max_length=8, choices=Channel)
    state = FSMField(max_length=12, choices=State.choices, default=State.OPEN, protected=True)
    outcome = models.CharField(max_length=500, blank=True)
    evidence = models.CharField(max_length=300, blank=True, help_text="Where one can see that it happened")
    alert_id = models.CharField(max_length=40, blank=True)
    limit_id = models.BigIntegerField(null=True)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    started_by = models.CharField(max_length=150)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=150, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(null=True)
    measured_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["player", "-id"], name="safer_play_interaction_player"),
            models.Index(fields=["due_at"], condition=Q(state="open"), name="safer_play_interaction_open"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | Q(state__in=("done", "failed", "cancelled"), closed_at__isnull=False),
                name="safer_play_interaction_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(evidence=""), name="safer_play_interaction_evidence"
            ),
        )
        permissions = (("record_interaction", "Can start interactions and record their outcome"),)

    def __str__(self) -> str:
        return f"{self.get_action_display()} of player {self.player_id}: {self.state}"

    @transition(field=state, source=State.OPEN, target=State.DONE)
    def finish(self, *, by: str, at: datetime, outcome: str, evidence: str) -> None:
        """It happened, and this shows it."""
        self.closed_by, self.closed_at, self.outcome, self.evidence = by, at, outcome, evidence

    @transition(field=state, source=State.OPEN, target=State.FAILED)
    def fail(self, *, by: str, at: datetime, outcome: str) -> None:
        """It was tried in vain."""
        self.closed_by, self.closed_at, self.outcome = by, at, outcome

    @transition(field=state, source=State.OPEN, target=State.CANCELLED)
    def cancel(self, *, by: str, at: datetime, outcome: str) -> None:
        """It is not needed any more."""
        self.closed_by, self.closed_at, self.outcome = by, at, outcome
