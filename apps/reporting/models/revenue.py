"""Projections that invoices and regulators' reports are made of: revenue by two times, and calls by day."""

from django.db import models


class Revenue(models.Model):
    """
    What rounds that were opened at one time brought at another, in ledger units; made of the ledger.

    Both times are the beginnings of buckets (`sql/revenue.sql`): a UTC day, and around the turn of a month half an
    hour, so that months of other time zones are sums of whole buckets. Summed over `posted` up to an instant it is what
    was known then of the rounds of a month; summed over `opened` it is what moved the ledger in a time.
    """

    opened = models.DateTimeField()
    posted = models.DateTimeField()
    brand_id = models.BigIntegerField()
    integration_id = models.IntegerField()
    game_id = models.BigIntegerField()
    jurisdiction = models.CharField(max_length=8, help_text="The player's, when it was followed")
    currency = models.CharField(max_length=8)
    bets = models.BigIntegerField(default=0)
    staked = models.BigIntegerField(default=0)
    returned = models.BigIntegerField(default=0, help_text="Stakes given back: rollbacks and voids")
    won = models.BigIntegerField(default=0)
    won_back = models.BigIntegerField(default=0, help_text="Wins taken back")
    bonus_staked = models.BigIntegerField(default=0, help_text="Of stakes less those given back: bonus money")
    bonus_won = models.BigIntegerField(default=0, help_text="Of wins less those taken back: paid as bonus money")
    free_won = models.BigIntegerField(default=0, help_text="Of wins less those taken back: in rounds without a stake")

    class Meta:
        """One row a pair of buckets, game, brand, jurisdiction and currency."""

        constraints = (
            models.UniqueConstraint(
                fields=("opened", "posted", "brand_id", "integration_id", "game_id", "jurisdiction", "currency"),
                name="reporting_revenue_once",
            ),
        )
        indexes = (
            models.Index(fields=["integration_id", "opened"], name="reporting_revenue_opened"),
            models.Index(fields=["integration_id", "posted"], name="reporting_revenue_posted"),
        )

    def __str__(self) -> str:
        return f"game {self.game_id}: opened {self.opened:%Y-%m-%d}, posted {self.posted:%Y-%m-%d}"


class CallDay(models.Model):
    """How the calls between a vendor and us went on one day (UTC, real time); made of the counted minutes."""

    day = models.DateField()
    integration_id = models.IntegerField()
    calls = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0, help_text="A proper no: funds, limits, closed rounds")
    failed = models.BigIntegerField(default=0, help_text="Broken, unproven or without an answer in time")

    class Meta:
        """One row an integration and day."""

        constraints = (models.UniqueConstraint(fields=("day", "integration_id"), name="reporting_callday_once"),)

    def __str__(self) -> str:
        return f"integration {self.integration_id} on {self.day}: {self.calls} calls"


class RefusalDay(models.Model):
    """Wallet calls of one game that were refused on one day (UTC, business time), by reason; see `sql/refusals.sql`."""

    day = models.DateField()
    brand_id = models.BigIntegerField()
    integration_id = models.IntegerField()
    game_id = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    outcome = models.CharField(max_length=32, help_text="As in the exchange log")
    calls = models.BigIntegerField()

    class Meta:
        """One row a day, place, game and reason."""

        constraints = (
            models.UniqueConstraint(
                fields=("day", "game_id", "brand_id", "integration_id", "currency", "outcome"),
                name="reporting_refusalday_once",
            ),
        )

    def __str__(self) -> str:
        return f"game {self.game_id} on {self.day}: {self.calls} times {self.outcome}"
