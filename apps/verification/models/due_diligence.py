"""Customer due diligence at a threshold: who reached it, what became of it, and the money locked meanwhile."""

from datetime import datetime

from django.db import models
from django.db.models import Q
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
    measured = models.JSONField(
        help_text="What was counted against it, in the threshold's currency and in ledger units"
    )
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
