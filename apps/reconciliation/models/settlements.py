"""What was posted because a provider has settled: money at the bank, and what it has kept as its fee."""

from django.db import models
from django.db.models import Q

from apps.brands.models import Brand
from apps.integrations.models import Integration


class SettlementPosting(models.Model):
    """
    One posting about a settled batch: a line of a bank statement that names its payout, or the batch's fees.

    `key` says which, the same in every file that holds the entry, so that it counts once. When the file behind it is
    discarded it is taken back, and may be posted anew.
    """

    class Kind(models.TextChoices):
        """What it is about."""

        BANK = "bank", "Credited by the bank"
        FEE = "fee", "Fees of a batch"

    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=4, choices=Kind)
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=8)
    units = models.BigIntegerField(help_text="By so much less the provider owes us, ledger units")
    day = models.DateField(help_text="When the bank booked it")
    details = models.JSONField(default=dict)
    transaction_id = models.UUIDField(unique=True)
    posted_at = models.DateTimeField()
    reversal_id = models.UUIDField(null=True, unique=True, help_text="The transaction that took it back")
    reversed_at = models.DateTimeField(null=True)

    class Meta:
        """One that stands for each key."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["brand", "day"], name="reconciliation_settled_day"),)
        constraints = (
            models.UniqueConstraint(
                fields=("key",), condition=Q(reversal_id=None), name="reconciliation_settlementposting_once"
            ),
            models.CheckConstraint(condition=~Q(units=0), name="reconciliation_settlementposting_units"),
            models.CheckConstraint(
                condition=Q(reversal_id__isnull=True, reversed_at__isnull=True)
                | Q(reversal_id__isnull=False, reversed_at__isnull=False),
                name="reconciliation_settlementposting_reversed",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.units} {self.currency}"
