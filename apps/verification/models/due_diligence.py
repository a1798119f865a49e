"""Customer due diligence at a threshold: who reached it, what became of it, and the money locked meanwhile."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.core.ids import uuid7
from apps.players.models import Player


class DueDiligence(models.Model):
    """
    One player at the threshold. While it is open and `locks_funds`, none of his money leaves; he may play with it.

    The ledger itself refuses withdrawals and manual adjustments then: see `sql/funds_lock.sql`.
    """

    class State(models.TextChoices):
        """How it goes on."""

        OPEN = "open", "Open: money locked where the law says so"
        MET = "met", "Met: money released"
        REFUND_DUE = "refund_due", "Failed: money goes back to where it came from"
        REFUNDED = "refunded", "Refunded to source"

    LOCKING = (State.OPEN, State.REFUND_DUE)

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="due_diligence")
    jurisdiction = models.CharField(max_length=8)
    threshold = models.JSONField(help_text="Amount, currency, basis and window that applied")
    measured = models.JSONField(help_text="What was counted against it, in the threshold's currency and in ledger units")
    policy_version_id = models.BigIntegerField(null=True)
    locks_funds = models.BooleanField()
    state = FSMField(default=State.OPEN, choices=State.choices, protected=True, max_length=12)
    reached_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """One at a time."""

        ordering = ("-id",)
        verbose_name = verbose_name_plural = "due diligence"
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("open", "met", "refund_due", "refunded")), name="verification_duediligence_state"
            ),
            models.UniqueConstraint(
                fields=("player",),
                condition=Q(state__in=("open", "refund_due")),
                name="verification_duediligence_one_open",
            ),
        )
        permissions = (
            ("propose_release", "Can propose to release or refund locked funds"),
            ("approve_release", "Can decide on a colleague's proposal about locked funds"),
        )

    def __str__(self) -> str:
        return f"due diligence of player {self.player_id}: {self.state}"

    @transition(field=state, source=State.OPEN, target=State.MET)
    def meet(self, *, at: datetime) -> None:
        """He showed what was asked for."""
        self.closed_at = at

    @transition(field=state, source=State.OPEN, target=State.REFUND_DUE)
    def fail(self) -> None:
        """He did not, or it was not good."""

    @transition(field=state, source=State.REFUND_DUE, target=State.REFUNDED)
    def refund(self, *, at: datetime) -> None:
        """The last of the money has gone back."""
        self.closed_at = at


class FundsMove(models.Model):
    """Money that went into, or out of, the locked state: one row for each posting, never altered."""

    due_diligence = models.ForeignKey(DueDiligence, on_delete=models.PROTECT, related_name="moves")
    currency = models.CharField(max_length=8)
    units = models.BigIntegerField(help_text="Ledger units; below zero: released")
    transaction_id = models.UUIDField(unique=True)
    at = models.DateTimeField()

    class Meta:
        """In order."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.units} {self.currency}"


class Proposal(models.Model):
    """A command that needs a second person: fixed when it is made, decided once, run once."""

    class Command(models.TextChoices):
        """What can be proposed."""

        RELEASE_FUNDS = "release_funds", "Release locked funds"
        REFUND_FUNDS = "refund_funds", "Refund locked funds to source"
        CLEAR_HIT = "clear_hit", "Clear a sanctions hit as a false positive"

    class State(models.TextChoices):
        """Decided once."""

        PROPOSED = "proposed", "Waiting for a second person"
        EXECUTED = "executed", "Agreed and done"
        REJECTED = "rejected", "Rejected"
        EXPIRED = "expired", "Expired"

    command = models.CharField(max_length=20, choices=Command)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField(help_text="Row that the command is about")
    payload = models.JSONField(default=dict)
    payload_digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    state = FSMField(default=State.PROPOSED, choices=State.choices, protected=True, max_length=10)
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    checker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=500, blank=True)

    class Meta:
        """Two people, always."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(checker=None) | ~Q(checker=F("maker")), name="verification_proposal_second_person"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("proposed", "executed", "rejected", "expired")),
                name="verification_proposal_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("proposed", "expired"), checker=None)
                | Q(state__in=("executed", "rejected"), checker__isnull=False, decided_at__isnull=False),
                name="verification_proposal_decided",
            ),
            models.UniqueConstraint(
                fields=("command", "subject_id"), condition=Q(state="proposed"), name="verification_proposal_one_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_command_display()} ({self.state})"

    @transition(field=state, source=State.PROPOSED, target=State.EXECUTED)
    def execute(self, *, checker: object, at: datetime, note: str) -> None:
        """The second person agreed."""
        self._decide(checker, at, note)

    @transition(field=state, source=State.PROPOSED, target=State.REJECTED)
    def turn_down(self, *, checker: object, at: datetime, note: str) -> None:
        """The second person did not."""
        self._decide(checker, at, note)

    @transition(field=state, source=State.PROPOSED, target=State.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        """Nobody decided in time."""
        self.decided_at = at

    def _decide(self, checker: object, at: datetime, note: str) -> None:
        self.checker, self.decided_at, self.decision_note = checker, at, note  # type: ignore[assignment]
