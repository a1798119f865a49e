"""Deposits. What is contested about them stands in `disputes`, what is given back in `refunds`."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.brands.models import Brand
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.integrations.models import Integration
from apps.payments.models.contracts import PspContract
from apps.payments.models.instruments import Instrument
from apps.payments.models.routing import PaymentMethod
from apps.players.models import Player


class Deposit(models.Model):
    """
    Money on its way to a player's cash.

    `amount_units` is what was asked for, `settled_units` what came: the provider's word counts.
    """

    class State(models.TextChoices):
        """Where it stands. A failed or expired one may still settle: the provider may be late."""

        INITIATED = "initiated", "Initiated"
        PENDING = "pending", "Pending at the provider"
        SETTLED = "settled", "Settled"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"
        REVERSED = "reversed", "Reversed"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="deposits")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=8)
    amount_units = models.BigIntegerField(help_text="Asked for, ledger units")
    settled_units = models.BigIntegerField(default=0, help_text="What came, ledger units")
    reversed_units = models.BigIntegerField(default=0, help_text="What the provider took back, ledger units")
    fee_units = models.BigIntegerField(default=0, help_text="What the provider kept, ledger units")
    method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(PspContract, on_delete=models.PROTECT, null=True, related_name="+")
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, null=True, related_name="deposits", help_text="What it was paid with"
    )
    state = FSMField(default=State.INITIATED, choices=State.choices, protected=True, max_length=12)
    reason = models.CharField(max_length=200, blank=True)
    client_key = models.CharField(max_length=255, blank=True, help_text="Idempotency-Key of the player's request")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="SHA-256 of that request's terms")
    next_step = models.JSONField(null=True, help_text="What the player was told to do")
    remote_address = models.CharField(max_length=45, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("-id",)
        indexes = (
            models.Index(fields=["player", "-id"], name="payments_deposit_by_player"),
            models.Index(
                fields=["expires_at"], condition=Q(state__in=("initiated", "pending")), name="payments_deposit_open"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("player", "client_key"), condition=~Q(client_key=""), name="payments_deposit_client_key"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("initiated", "pending", "settled", "failed", "expired", "reversed")),
                name="payments_deposit_state",
            ),
            models.CheckConstraint(
                condition=Q(amount_units__gt=0, settled_units__gte=0, reversed_units__gte=0),
                name="payments_deposit_amounts",
            ),
            models.CheckConstraint(
                condition=(Q(state__in=("settled", "reversed")) & Q(settled_units__gt=0))
                | (~Q(state__in=("settled", "reversed")) & Q(settled_units=0)),
                name="payments_deposit_settled",
            ),
        )

    def __str__(self) -> str:
        return f"{self.money} deposit of player {self.player_id}: {self.state}"

    @property
    def money(self) -> Money:
        """What was asked for."""
        return Money(self.amount_units, self.currency)

    @transition(field=state, source=State.INITIATED, target=State.PENDING)
    def mark_pending(self, *, at: datetime) -> None:
        """The provider works on it."""
        self.changed_at = at

    @transition(field=state, source=[State.INITIATED, State.PENDING, State.FAILED, State.EXPIRED], target=State.SETTLED)
    def settle(self, *, units: int, at: datetime) -> None:
        """The money has come; late is not too late."""
        self.settled_units, self.settled_at, self.changed_at = units, at, at

    @transition(field=state, source=[State.INITIATED, State.PENDING, State.EXPIRED], target=State.FAILED)
    def fail(self, *, reason: str, at: datetime) -> None:
        """The provider says that nothing will come."""
        self.reason, self.changed_at = reason[:200], at

    @transition(field=state, source=[State.INITIATED, State.PENDING], target=State.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        """Nothing was heard in time. That says nothing about the money."""
        self.changed_at = at

    @transition(field=state, source=[State.SETTLED, State.REVERSED], target=State.REVERSED)
    def reverse(self, *, units: int, at: datetime) -> None:
        """The provider took it back, or a part of it."""
        self.reversed_units, self.changed_at = self.reversed_units + units, at
