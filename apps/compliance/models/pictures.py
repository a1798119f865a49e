"""What the case page reads instead of a million rows: money by day, and what a player shares with others."""

from django.db import models

from apps.players.models import Player


class MoneyDay(models.Model):
    """A player's money on one day (UTC) in ledger units. Kept by `sql/money.sql`, rebuilt from the ledger if lost."""

    pk = models.CompositePrimaryKey("player_id", "day", "currency")
    player_id = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    day = models.DateField()
    paid_in = models.BigIntegerField(help_text="Deposits")
    taken_back = models.BigIntegerField(help_text="Deposits reversed or charged back")
    paid_out = models.BigIntegerField(help_text="Payouts less what came back")
    staked = models.BigIntegerField(help_text="Stakes less what was rolled back")
    won = models.BigIntegerField(help_text="Wins less what was rolled back")
    other = models.BigIntegerField(help_text="Bonuses, adjustments, corrections, test money")
    bets = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "compliance_moneyday"
        ordering = ("-day",)

    def __str__(self) -> str:
        return f"{self.player_id} on {self.day}"


class PlayerTrace(models.Model):
    """
    One thing by which accounts of one person can be found: a device, an address, an instrument.

    Only a digest is kept, with a masked form for people; derived, so it can be made anew.
    """

    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="+")
    kind = models.SlugField(max_length=24)
    digest = models.BinaryField(max_length=32)
    shown = models.CharField(max_length=80, help_text="Masked")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    times = models.PositiveIntegerField()

    class Meta:
        """One row a player and thing."""

        constraints = (
            models.UniqueConstraint(fields=("player", "kind", "digest"), name="compliance_playertrace_once"),
        )
        indexes = (models.Index(fields=["kind", "digest"], name="compliance_trace_by_digest"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.shown}"
