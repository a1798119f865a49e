"""How staff work the queue of withdrawals: why they decide, and by when each state is to be left."""

from django.db import models
from django.db.models import Q


class WithdrawalReason(models.Model):
    """Why somebody holds, rejects or approves a withdrawal, and what its player may know of that."""

    class Decision(models.TextChoices):
        """What it is a reason for."""

        HOLD = "hold", "Hold"
        REJECT = "reject", "Reject"
        APPROVE = "approve", "Approve"

    code = models.SlugField(max_length=40)
    decision = models.CharField(max_length=8, choices=Decision)
    title = models.CharField(max_length=120)
    player_reason = models.SlugField(
        max_length=40, blank=True, help_text="What the player is told; empty where the law or caution forbids it"
    )
    would_tip_off = models.BooleanField(default=False, help_text="The player must not learn of it")
    waits_for_player = models.BooleanField(default=False, help_text="The clock stands while it is held for this")
    legal_basis = models.CharField(max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(default=100)
    is_enabled = models.BooleanField(default=True)

    class Meta:
        """In the order in which they are offered."""

        ordering = ("decision", "position", "code")
        constraints = (
            models.UniqueConstraint(fields=("decision", "code"), name="payments_withdrawalreason_once"),
            models.CheckConstraint(
                condition=Q(decision__in=("hold", "reject", "approve")), name="payments_withdrawalreason_decision"
            ),
            # Whoever must not be told must not be told by a code either, nor be waited for.
            models.CheckConstraint(
                condition=Q(would_tip_off=False) | Q(player_reason="", waits_for_player=False),
                name="payments_withdrawalreason_silence",
            ),
        )

    def __str__(self) -> str:
        return self.title


class StateTarget(models.Model):
    """How long a withdrawal may stay in one state before somebody has to know."""

    state = models.CharField(primary_key=True, max_length=12)
    minutes = models.PositiveIntegerField()

    class Meta:
        """By state."""

        ordering = ("minutes",)
        constraints = (models.CheckConstraint(condition=Q(minutes__gt=0), name="payments_statetarget_minutes"),)

    def __str__(self) -> str:
        return f"{self.state}: {self.minutes} min"
