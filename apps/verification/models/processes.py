"""Verifications: the processes that yield facts, and each step they took."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.brands.models import Brand
from apps.core.ids import uuid7
from apps.integrations.models import Integration
from apps.players.models import Player

_DECIDABLE = ["pending", "retry", "review", "approved", "rejected", "abandoned"]


class Verification(models.Model):
    """
    One attempt to find out who a player is, usually by a vendor.

    Transitions set fields and nothing else; operations decide, lock and write the steps.
    """

    class State(models.TextChoices):
        """See docs/verification.md."""

        NONE = "none", "Being started"
        PENDING = "pending", "Pending"
        APPROVED = "approved", "Approved"
        RETRY = "retry", "To be tried again by the player"
        REJECTED = "rejected", "Rejected"
        REVIEW = "review", "In review"
        ABANDONED = "abandoned", "Abandoned"
        EXPIRED = "expired", "Expired"

    class Level(models.TextChoices):
        """How much is asked for."""

        IDENTITY = "identity", "Identity and age"
        ADDRESS = "address", "Identity and address"
        ENHANCED = "enhanced", "Enhanced due diligence"

    OPEN = (State.NONE, State.PENDING, State.RETRY, State.REVIEW)
    AT_VENDOR = (State.PENDING, State.RETRY, State.REVIEW)

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="verifications")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    level = models.CharField(max_length=12, choices=Level, default=Level.IDENTITY)
    trigger = models.SlugField(max_length=40, default="player", help_text="Why it was begun")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, null=True, related_name="verifications")
    vendor_subject = models.CharField(max_length=120, blank=True, help_text="The vendor's id of the person")
    vendor_session = models.CharField(max_length=120, blank=True, help_text="The vendor's id of this attempt")
    state = FSMField(default=State.NONE, choices=State.choices, protected=True, max_length=12)
    session_url = models.CharField(max_length=1000, blank=True)
    session_expires_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True, help_text="When the vendor (or we) decided what holds now")
    player_reason = models.SlugField(max_length=40, blank=True, help_text="What the player may know")
    player_note = models.CharField(max_length=500, blank=True, help_text="The vendor's words for the player")
    staff_reason = models.SlugField(max_length=60, blank=True, help_text="For staff only")
    staff_note = models.TextField(blank=True, help_text="For staff only; never shown to the player")
    labels = models.JSONField(default=list, help_text="The vendor's codes of what was wrong")
    found = models.JSONField(default=dict, help_text="What the vendor says of the person; erased with the person")
    attempts = models.PositiveIntegerField(default=1, help_text="How often the player was sent to the vendor")
    started_at = models.DateTimeField()
    next_poll_at = models.DateTimeField(null=True, help_text="When the vendor is asked unbidden")
    polls = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        """One open process of a level for each player; a vendor's session belongs to one."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    state__in=("none", "pending", "approved", "retry", "rejected", "review", "abandoned", "expired")
                ),
                name="verification_verification_state",
            ),
            models.UniqueConstraint(
                fields=("player", "level"),
                condition=Q(state__in=("none", "pending", "retry", "review")),
                name="verification_verification_one_open",
            ),
            models.UniqueConstraint(
                fields=("integration", "vendor_session"),
                condition=~Q(vendor_session=""),
                name="verification_verification_session",
            ),
        )
        indexes = (
            models.Index(
                fields=["next_poll_at"],
                condition=Q(state__in=("none", "pending", "retry", "review")),
                name="verification_due_for_poll",
            ),
            models.Index(fields=["state", "changed_at"], name="verification_by_state"),
        )
        permissions = (
            ("decide_verification", "Can decide verifications in review"),
            ("request_verification", "Can ask a player to verify again"),
        )

    def __str__(self) -> str:
        return f"{self.level} of player {self.player_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in self.OPEN

    @transition(field=state, source=[State.NONE, State.PENDING, State.RETRY], target=State.PENDING)
    def send_to_vendor(
        self, *, subject: str, session: str, url: str, expires_at: datetime | None, at: datetime
    ) -> None:
        """The vendor has opened a session for the player."""
        self.vendor_subject, self.vendor_session, self.session_url = subject, session, url
        self.session_expires_at, self.changed_at = expires_at, at

    @transition(field=state, source=_DECIDABLE, target=State.PENDING)
    def reopen(self, *, at: datetime) -> None:
        """The vendor works on it (again)."""
        self.changed_at = at

    @transition(field=state, source=_DECIDABLE, target=State.APPROVED)
    def approve(self, *, decided_at: datetime, at: datetime) -> None:
        """He is who he says."""
        self._decide(decided_at, at)

    @transition(field=state, source=_DECIDABLE, target=State.RETRY)
    def ask_again(self, *, decided_at: datetime, at: datetime) -> None:
        """What he showed was not good enough; he may show something else."""
        self._decide(decided_at, at)

    @transition(field=state, source=_DECIDABLE, target=State.REJECTED)
    def reject(self, *, decided_at: datetime, at: datetime) -> None:
        """He is not who he says, or not allowed."""
        self._decide(decided_at, at)

    @transition(field=state, source=_DECIDABLE, target=State.REVIEW)
    def send_to_review(self, *, decided_at: datetime, at: datetime) -> None:
        """Somebody has to look."""
        self._decide(decided_at, at)

    @transition(field=state, source=[*_DECIDABLE, State.NONE], target=State.ABANDONED)
    def abandon(self, *, decided_at: datetime, at: datetime) -> None:
        """The player did not finish it."""
        self._decide(decided_at, at)

    @transition(field=state, source=State.APPROVED, target=State.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        """What it proved is no longer valid."""
        self.changed_at = at

    def _decide(self, decided_at: datetime, at: datetime) -> None:
        self.decided_at, self.changed_at = decided_at, at


class VerificationStep(models.Model):
    """What happened to a verification: one row for each step, never altered."""

    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="steps")
    name = models.SlugField(max_length=40)
    from_state = models.CharField(max_length=12)
    to_state = models.CharField(max_length=12)
    event_id = models.CharField(max_length=300, blank=True, help_text="The vendor's event that led to it")
    details = models.JSONField(default=dict)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    request_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        """In order."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.name}: {self.from_state} → {self.to_state}"
