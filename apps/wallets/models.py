"""What wallets keep beside the ledger: manual adjustments, which exist only as requests that two people make."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from apps.brands.models import Brand
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.players.models import Player


class Adjustment(models.Model):
    """
    A change of a player's balance by hand: proposed by one person, decided by another, superusers included.

    Its terms never change (a trigger refuses it): `payload_digest` is what the second person decides on. Once it is
    decided nothing of it changes any more. `amount_units` is signed: above zero the player gets it, below he pays.
    """

    class State(models.TextChoices):
        """Where it stands; the last three are final."""

        PROPOSED = "proposed", "Waits for a second person"
        POSTED = "posted", "Posted"
        REJECTED = "rejected", "Rejected"
        EXPIRED = "expired", "Expired undecided"

    class Bucket(models.TextChoices):
        """Which balance of the wallet. What is locked belongs to a withdrawal and is not adjusted."""

        CASH = "cash", "Cash"
        BONUS = "bonus", "Bonus"
        RESTRICTED = "restricted", "Restricted"

    class Reason(models.TextChoices):
        """Why."""

        VENDOR_ERROR = "vendor-error", "A vendor's error"
        OUR_ERROR = "our-error", "Our own error"
        GOODWILL = "goodwill", "Goodwill"
        RECONCILIATION = "reconciliation", "A break found by reconciliation"
        CHARGEBACK = "chargeback", "Chargeback"
        FRAUD = "fraud", "Fraud or abuse"
        COURT_ORDER = "court-order", "Order of a court or authority"
        ROUND_CORRECTION = "round-correction", "Correction of a game round"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="adjustments")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=8)
    bucket = models.CharField(max_length=16, choices=Bucket)
    amount_units = models.BigIntegerField(help_text="Ledger units; above zero the player gets it, below he pays")
    reason = models.CharField(max_length=32, choices=Reason)
    note = models.TextField(max_length=2000)
    payload_digest = models.CharField(max_length=64, editable=False)
    state = FSMField(default=State.PROPOSED, choices=State.choices, protected=True, max_length=8)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True, max_length=2000)
    transaction_id = models.UUIDField(null=True, unique=True, help_text="The ledger transaction that it became")
    request_id = models.UUIDField(null=True, help_text="The request that proposed it")

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("-id",)
        indexes = (
            models.Index(fields=["expires_at"], condition=Q(state="proposed"), name="wallets_adjustment_waiting"),
            models.Index(fields=["player", "-id"], name="wallets_adjustment_by_player"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("proposed", "posted", "rejected", "expired")), name="wallets_adjustment_state"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="wallets_adjustment_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("proposed",), decided_by__isnull=True, decided_at__isnull=True)
                | Q(state__in=("expired",), decided_by__isnull=True, decided_at__isnull=False)
                | Q(state__in=("posted", "rejected"), decided_by__isnull=False, decided_at__isnull=False),
                name="wallets_adjustment_decided",
            ),
            models.CheckConstraint(
                condition=Q(state="posted", transaction_id__isnull=False)
                | (~Q(state="posted") & Q(transaction_id__isnull=True)),
                name="wallets_adjustment_posted",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("proposed", "rejected", "expired")) | Q(decided_at__lt=F("expires_at")),
                name="wallets_adjustment_in_time",
            ),
            models.CheckConstraint(condition=~Q(amount_units=0), name="wallets_adjustment_amount"),
            models.CheckConstraint(
                condition=Q(bucket__in=("cash", "bonus", "restricted")), name="wallets_adjustment_bucket"
            ),
        )
        permissions = (
            ("propose_adjustment", "Can propose adjustments of balances"),
            ("approve_adjustment", "Can decide on a colleague's adjustment"),
        )

    def __str__(self) -> str:
        return f"{self.money} {self.bucket} of player {self.player_id}: {self.state}"

    @property
    def money(self) -> Money:
        """The signed amount."""
        return Money(self.amount_units, self.currency)

    @transition(field=state, source=State.PROPOSED, target=State.POSTED)
    def post(self, *, by: User, at: datetime, note: str, transaction_id: UUID) -> None:
        """It became a transaction."""
        self.decided_by, self.decided_at, self.decision_note, self.transaction_id = by, at, note, transaction_id

    @transition(field=state, source=State.PROPOSED, target=State.REJECTED)
    def reject(self, *, by: User, at: datetime, note: str) -> None:
        """The second person said no."""
        self.decided_by, self.decided_at, self.decision_note = by, at, note

    @transition(field=state, source=State.PROPOSED, target=State.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        """Nobody decided in time."""
        self.decided_at = at
