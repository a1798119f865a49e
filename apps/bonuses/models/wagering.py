"""What the ledger says about grants: made by `sql/follow.sql` only, and made anew by a rebuild with the same values."""

from django.db import models
from django.db.models import F, Q

from apps.bonuses.models.grants import Grant
from apps.core.money import Money


class Progress(models.Model):
    """How far a grant has come, ledger units; `bonus_version` says how far its bonus account was followed."""

    grant = models.OneToOneField(Grant, primary_key=True, on_delete=models.PROTECT, related_name="progress")
    counted_units = models.BigIntegerField(default=0, help_text="Toward what is required")
    staked_units = models.BigIntegerField(default=0, help_text="All stakes, less those taken back")
    stakes = models.IntegerField(default=0, help_text="Stakes, less those taken back")
    too_large = models.IntegerField(default=0, help_text="Stakes above the limit, which do not count")
    bonus_in_units = models.BigIntegerField(default=0, help_text="Came to the bonus bucket after the claim")
    bonus_out_units = models.BigIntegerField(default=0, help_text="Left it")
    bonus_version = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    withdrawal_id = models.UUIDField(null=True, help_text="Transaction of the first withdrawal while it was active")
    reversal_id = models.UUIDField(null=True, help_text="Transaction that took its deposit back")

    def __str__(self) -> str:
        return f"grant {self.grant_id}: {self.counted_units}"

    @property
    def counted(self) -> Money:
        """Toward what is required; never below zero and, as shown, never above it."""
        return Money(min(max(self.counted_units, 0), self.grant.required_units), self.grant.currency)


class Wager(models.Model):
    """One stake of a player with a bonus (or one taken back, below zero), and what of it counts, ledger units."""

    transaction_id = models.UUIDField()
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="wagers")
    player_id = models.BigIntegerField()
    round_id = models.BigIntegerField(null=True)
    game_id = models.BigIntegerField(null=True)
    stake_units = models.BigIntegerField()
    bonus_units = models.BigIntegerField(help_text="Of the stake, what was bonus money")
    percent = models.SmallIntegerField()
    counted_units = models.BigIntegerField()
    is_too_large = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        """Once."""

        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=["player_id", "round_id"], name="bonuses_wager_round"),
            models.Index(fields=["grant", "-at", "-id"], name="bonuses_wager_of_grant"),
        )
        constraints = (
            models.UniqueConstraint(fields=("transaction_id", "grant"), name="bonuses_wager_once"),
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name="bonuses_wager_percent"),
        )

    def __str__(self) -> str:
        return f"{self.stake_units} of grant {self.grant_id}"


class LateCredit(models.Model):
    """Bonus money that came back for a stake of a grant that had ended: a late win, or a stake taken back."""

    transaction_id = models.UUIDField(unique=True, help_text="The credit")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="late_credits")
    units = models.BigIntegerField()
    settled_at = models.DateTimeField(null=True)
    settled_transaction_id = models.UUIDField(null=True, unique=True)
    settled_units = models.BigIntegerField(default=0)

    class Meta:
        """The rules hold in the database, whoever writes."""

        indexes = (models.Index(fields=["id"], condition=Q(settled_at=None), name="bonuses_latecredit_open"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(units__gt=0, settled_units__gte=0, settled_units__lte=F("units")),
                name="bonuses_latecredit_units",
            ),
        )

    def __str__(self) -> str:
        return f"{self.units} for grant {self.grant_id}"


class DepositSeen(models.Model):
    """A settled deposit of the ledger, for which offers are looked up once."""

    transaction_id = models.UUIDField(primary_key=True)
    deposit_id = models.UUIDField(help_text="Public id of the deposit")
    units = models.BigIntegerField()
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        """Those that wait."""

        indexes = (models.Index(fields=["at"], condition=Q(done_at=None), name="bonuses_depositseen_open"),)

    def __str__(self) -> str:
        return f"deposit {self.deposit_id}"
