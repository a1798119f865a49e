"""Withdrawals that nobody asked for: money of a failed due diligence on its way back to where it came from."""

from django.db import models

from apps.payments.models.withdrawals import Withdrawal
from apps.verification.models import DueDiligence


class SourceRefund(models.Model):
    """
    One part of a due diligence's money, going back to one source: one row each, never altered.

    What does not arrive goes back to the locked funds, not to the player's cash.
    """

    withdrawal = models.OneToOneField(Withdrawal, on_delete=models.PROTECT, related_name="source_refund")
    due_diligence = models.ForeignKey(DueDiligence, on_delete=models.PROTECT, related_name="source_refunds")
    source = models.CharField(max_length=64, help_text="Method and instrument that the money came by")
    currency = models.CharField(max_length=8)
    at = models.DateTimeField()

    class Meta:
        """One for each source and currency."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("due_diligence", "source", "currency"), name="payments_sourcerefund_once"),
        )

    def __str__(self) -> str:
        return f"refund of {self.withdrawal_id} to {self.source}"
