"""What wallets keep beside the ledger: manual adjustments, which exist only as what two people did."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.brands.models import Brand
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.players.models import Player


class Adjustment(models.Model):
    """
    A change of a player's balance by hand: asked for by one person, agreed to by another, superusers included.

    The row is made with its posting and never altered (a trigger refuses it). What waits or was turned down stands
    among the approvals. `amount_units` is signed: above zero the player gets it, below he pays.
    """

    class State(models.TextChoices):
        """New rows are posted; the others are from before requests were approvals."""

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
    payload_digest = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the terms")
    state = models.CharField(max_length=8, choices=State, default=State.POSTED)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True, max_length=2000)
    transaction_id = models.UUIDField(null=True, unique=True, help_text="The ledger transaction that it became")
    request_id = models.UUIDField(null=True, help_text="The request that posted it")

    class Meta:
        """The rules hold in the database, whoever writes."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["player", "-id"], name="wallets_adjustment_by_player"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("posted", "rejected", "expired")), name="wallets_adjustment_state"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="wallets_adjustment_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("expired",), decided_by__isnull=True, decided_at__isnull=False)
                | Q(state__in=("posted", "rejected"), decided_by__isnull=False, decided_at__isnull=False),
                name="wallets_adjustment_decided",
            ),
            models.CheckConstraint(
                # That a posted one has its transaction is proven by the books: it is made a moment before.
                condition=Q(state="posted") | Q(transaction_id__isnull=True),
                name="wallets_adjustment_posted",
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
