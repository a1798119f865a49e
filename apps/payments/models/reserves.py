"""What providers keep back of deposits as a reserve: one hold for each deposit, with its day of release."""

from django.db import models
from django.db.models import F, Q

from apps.brands.models import Brand
from apps.integrations.models import Integration
from apps.payments.models.contracts import PspContract
from apps.payments.models.deposits import Deposit


class ReserveHold(models.Model):
    """A part of a deposit that its provider keeps for a while. It stands in the ledger's reserve account until then."""

    deposit = models.OneToOneField(Deposit, on_delete=models.PROTECT, related_name="reserve_hold")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="reserve_holds")
    contract = models.ForeignKey(PspContract, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=8)
    units = models.BigIntegerField(help_text="Kept, ledger units")
    held_at = models.DateTimeField()
    release_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    held_by = models.UUIDField(help_text="The ledger transaction that moved it there")
    released_by = models.UUIDField(null=True, help_text="The one that moved it back")

    class Meta:
        """What is released first comes first."""

        ordering = ("release_at", "id")
        indexes = (models.Index(fields=["release_at"], condition=Q(released_at=None), name="payments_reserve_due"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(units__gt=0) & Q(release_at__gt=F("held_at")), name="payments_reservehold_sound"
            ),
            models.CheckConstraint(
                condition=Q(released_at=None, released_by=None)
                | Q(released_at__isnull=False, released_by__isnull=False),
                name="payments_reservehold_released",
            ),
        )

    def __str__(self) -> str:
        return f"reserve of deposit {self.deposit_id}"
