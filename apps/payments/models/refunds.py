"""Deposits given back on our own decision. What a provider takes back by itself is a reversal of the deposit."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from apps.core.ids import uuid7
from apps.core.money import Money
from apps.integrations.models import Integration
from apps.payments.models.contracts import PspContract
from apps.payments.models.deposits import Deposit
from apps.players.models import Player


class Refund(models.Model):
    """
    A deposit, or a part of it, on its way back to where it came from.

    As long as it is open, its amount lies in the player's locked account. `key` is the idempotency key at the provider,
    the same in every try; `action_key` that of the person who asked, so that a form sent twice is one refund.
    """

    class State(models.TextChoices):
        """Where it stands."""

        REQUESTED = "requested", "Requested"
        SUBMITTING = "submitting", "Being submitted"
        SUBMITTED = "submitted", "Accepted by the provider"
        UNKNOWN = "unknown", "Unknown: it is sent again under its key"
        DONE = "done", "Refunded"
        FAILED = "failed", "Refused: the player has the money back"
        RETURNED = "returned", "Came back after it was refunded"

    OPEN = (State.REQUESTED, State.SUBMITTING, State.SUBMITTED, State.UNKNOWN)

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="refunds")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(PspContract, on_delete=models.PROTECT, null=True, related_name="+")
    currency = models.CharField(max_length=8)
    amount_units = models.BigIntegerField(help_text="Ledger units")
    state = FSMField(default=State.REQUESTED, choices=State.choices, protected=True, max_length=12)
    reason_code = models.SlugField(max_length=40)
    note = models.CharField(max_length=500, blank=True)
    action_key = models.CharField(max_length=64, help_text="Of the form that asked for it")
    key = models.CharField(max_length=64, unique=True)
    psp_reference = models.CharField(max_length=120, blank=True)
    error = models.CharField(max_length=300, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["next_try_at"], condition=~Q(next_try_at=None), name="payments_refund_due"),)
        constraints = (
            models.UniqueConstraint(fields=("deposit", "action_key"), name="payments_refund_action"),
            models.UniqueConstraint(
                fields=("integration", "psp_reference"), condition=~Q(psp_reference=""), name="payments_refund_psp"
            ),
            models.CheckConstraint(condition=Q(amount_units__gt=0), name="payments_refund_amount"),
            models.CheckConstraint(
                condition=Q(
                    state__in=("requested", "submitting", "submitted", "unknown", "done", "failed", "returned")
                ),
                name="payments_refund_state",
            ),
        )
        permissions = (("start_refund", "Can refund deposits"),)

    def __str__(self) -> str:
        return f"{self.money} refund of deposit {self.deposit_id}"

    @property
    def money(self) -> Money:
        """What goes back."""
        return Money(self.amount_units, self.currency)

    @property
    def is_open(self) -> bool:
        """Whether its amount is still locked."""
        return self.state in self.OPEN

    @transition(field=state, source=[State.REQUESTED, State.UNKNOWN], target=State.SUBMITTING)
    def begin(self, *, at: datetime) -> None:
        """The call follows; after a crash it counts as unknown."""
        self.changed_at = at
        self.tries += 1

    @transition(field=state, source=[State.SUBMITTING, State.UNKNOWN], target=State.SUBMITTED)
    def mark_submitted(self, *, at: datetime) -> None:
        """The provider has it; its word on the outcome comes by event."""
        self.changed_at = at

    @transition(field=state, source=State.SUBMITTING, target=State.UNKNOWN)
    def mark_unknown(self, *, error: str, at: datetime) -> None:
        """It may or may not have been taken."""
        self.error, self.changed_at = error[:300], at

    @transition(
        field=state,
        source=[State.REQUESTED, State.SUBMITTING, State.SUBMITTED, State.UNKNOWN, State.FAILED],
        target=State.DONE,
    )
    def complete(self, *, at: datetime) -> None:
        """The provider says that it was made; after a failure too: late is true."""
        self.changed_at = self.closed_at = at

    @transition(field=state, source=[State.SUBMITTING, State.SUBMITTED, State.UNKNOWN], target=State.FAILED)
    def fail(self, *, error: str, at: datetime) -> None:
        """The provider certainly has not made it."""
        self.error = error[:300]
        self.changed_at = self.closed_at = at

    @transition(field=state, source=State.DONE, target=State.RETURNED)
    def mark_returned(self, *, at: datetime) -> None:
        """What was refunded came back to the provider."""
        self.changed_at = self.closed_at = at
