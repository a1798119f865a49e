"""What deposits have taken of the limits: reserved when one begins, kept when it settles, given back when it fails."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.players.models import Player


class DepositUse(models.Model):
    """One deposit's share of the headroom, in the period in which it began."""

    class State(models.TextChoices):
        """Released shares no longer count."""

        RESERVED = "reserved", "Under way"
        SETTLED = "settled", "Settled"
        RELEASED = "released", "Given back"

    deposit_key = models.CharField(max_length=80, unique=True, help_text="The deposit's own id")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="deposit_uses")
    currency = models.CharField(max_length=8)
    units = models.BigIntegerField(help_text="Ledger units that count")
    state = FSMField(max_length=8, choices=State.choices, default=State.RESERVED, protected=True)
    reserved_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["player", "currency", "reserved_at"],
                condition=Q(state__in=("reserved", "settled")),
                include=["units"],
                name="safer_play_deposituse_counted",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="reserved", closed_at__isnull=True)
                | Q(state__in=("settled", "released"), closed_at__isnull=False),
                name="safer_play_deposituse_state",
            ),
            models.CheckConstraint(condition=Q(units__gte=0), name="safer_play_deposituse_units"),
        )

    def __str__(self) -> str:
        return f"{self.deposit_key}: {self.state}"

    @transition(field=state, source=[State.RESERVED, State.RELEASED], target=State.SETTLED)
    def settle(self, *, units: int, at: datetime) -> None:
        """The money has come; money that comes after all counts too."""
        self.units, self.closed_at = units, at

    @transition(field=state, source=State.RESERVED, target=State.RELEASED)
    def release(self, *, at: datetime) -> None:
        """No money comes."""
        self.closed_at = at
