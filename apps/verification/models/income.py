"""What players say they earn, and where their money comes from. Rows are added, never altered; erasure removes them."""

from django.db import models
from django.db.models import Q

from apps.core.ids import uuid7
from apps.players.models import Player
from apps.verification.models.documents import Document


class IncomeDeclaration(models.Model):
    """One declaration. The last one of a player counts; whether it is true is another question (source of funds)."""

    class Source(models.TextChoices):
        """Where the money mostly comes from."""

        EMPLOYMENT = "employment", "Employment"
        SELF_EMPLOYMENT = "self_employment", "Self-employment or business"
        PENSION = "pension", "Pension or benefits"
        SAVINGS = "savings", "Savings or investments"
        PROPERTY = "property", "Sale or letting of property"
        INHERITANCE = "inheritance", "Inheritance or gift"
        OTHER = "other", "Other"

    public_id = models.UUIDField(unique=True, default=uuid7, editable=False)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="income_declarations")
    monthly_units = models.BigIntegerField(help_text="Ledger units a month, after tax, as declared")
    currency = models.CharField(max_length=8)
    source = models.CharField(max_length=20, choices=Source)
    document = models.ForeignKey(
        Document, on_delete=models.PROTECT, null=True, related_name="+", help_text="What shows it, if anything does"
    )
    declared_by = models.CharField(max_length=150, help_text="`player`, or the member of staff who wrote it down")
    declared_at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(monthly_units__gte=0), name="verification_income_not_negative"),
        )
        indexes = (models.Index(fields=["player", "-id"], name="verification_income_of_player"),)

    def __str__(self) -> str:
        return f"Income declared for player {self.player_id}"
