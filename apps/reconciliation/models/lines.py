"""Rows of three legs: our ledger's lines, what providers say they settled, what the bank says it credited."""

from django.db import models
from django.db.models import F, Q

from apps.integrations.models import Integration
from apps.reconciliation.models.files import Import


class Movement(models.TextChoices):
    """What a row of any leg is about. The first four are payments: they have a counterpart in the ledger."""

    DEPOSIT = "deposit", "Deposit"
    REFUND = "refund", "Refund or reversal"
    CHARGEBACK = "chargeback", "Chargeback"
    PAYOUT = "payout", "Payout or its return"
    FEE = "fee", "Fee"
    RESERVE = "reserve", "Reserve"
    CARRY = "carry", "Carried to or from another batch"
    BANK = "bank", "Paid to our bank"
    OTHER = "other", "Other"


PAYMENTS = (Movement.DEPOSIT, Movement.REFUND, Movement.CHARGEBACK, Movement.PAYOUT)


class LedgerLine(models.Model):
    """
    One posting to a payment provider's account, as reconciliation sees it. Collected from the ledger in its order.

    `units` > 0: the provider owes us more by it. Its own fee stands apart in `fee_units`. Append-only.
    """

    transaction_id = models.UUIDField(primary_key=True)
    integration_id = models.IntegerField()
    brand_id = models.BigIntegerField()
    player_id = models.BigIntegerField(null=True)
    movement = models.CharField(max_length=12, choices=Movement)
    payment_key = models.TextField(help_text="The provider's id of the payment; ours where it gave none")
    reference = models.TextField(blank=True, help_text="Our reference that the provider was given")
    currency = models.CharField(max_length=8)
    units = models.BigIntegerField()
    fee_units = models.BigIntegerField(default=0)
    occurred_at = models.DateTimeField()
    occurred_on = models.DateField(help_text="UTC")

    class Meta:
        indexes = (
            models.Index(fields=["integration_id", "payment_key"], name="reconciliation_ledger_key"),
            models.Index(
                fields=["integration_id", "reference"], condition=~Q(reference=""), name="reconciliation_ledger_ref"
            ),
            models.Index(fields=["integration_id", "occurred_on"], name="reconciliation_ledger_day"),
        )

    def __str__(self) -> str:
        return f"{self.movement} {self.payment_key}"


class SettlementRow(models.Model):
    """
    One line of a provider's settlement file. Amounts are ledger units; > 0: the provider owes us more by it.

    `gross` is in the payment's currency, `fee` and `net` in the currency settled in. Append-only.
    """

    pk = models.CompositePrimaryKey("import_file_id", "line")
    # Written by one SQL function that holds the import's row; a constraint would ask for it again a million times.
    import_file = models.ForeignKey(
        Import, on_delete=models.PROTECT, related_name="settlement_rows", db_index=False, db_constraint=False
    )
    line = models.BigIntegerField(help_text="In the file, from 1")
    integration_id = models.IntegerField()
    batch = models.TextField(blank=True)
    raw_type = models.TextField(help_text="As the provider writes it")
    movement = models.CharField(max_length=12, choices=Movement)
    is_fee = models.BooleanField(help_text="A fee of the movement in a line of its own")
    payment_key = models.TextField()
    psp_reference = models.TextField(blank=True)
    modification = models.TextField(blank=True, help_text="The provider's id of this step, or the text of a payout")
    reference = models.TextField(blank=True, help_text="Our reference")
    currency = models.CharField(max_length=8)
    gross = models.BigIntegerField()
    net_currency = models.CharField(max_length=8)
    rate = models.DecimalField(max_digits=30, decimal_places=15, null=True)
    fee = models.BigIntegerField()
    net = models.BigIntegerField()
    net_expected = models.BigIntegerField(null=True, help_text="gross x rate - fees; empty where it does not apply")
    occurred_at = models.DateTimeField()

    class Meta:
        ordering = ("import_file_id", "line")
        indexes = (
            models.Index(fields=["integration_id", "payment_key"], name="reconciliation_row_key"),
            models.Index(
                fields=["integration_id", "reference"], condition=~Q(reference=""), name="reconciliation_row_ref"
            ),
            models.Index(
                fields=["import_file", "line"],
                condition=Q(net_expected__isnull=False) & ~Q(net_expected=F("net")),
                name="reconciliation_row_identity",
            ),
        )

    def __str__(self) -> str:
        return f"{self.import_file_id}:{self.line} {self.raw_type}"


class Batch(models.Model):
    """One batch of a settlement file, summed up while it was loaded. Amounts are ledger units. Append-only."""

    import_file = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="batches")
    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="+")
    name = models.TextField(blank=True)
    currency = models.CharField(max_length=8)
    rows = models.BigIntegerField()
    net = models.BigIntegerField(help_text="Sum of all lines")
    net_expected = models.BigIntegerField(help_text="What that sum has to be: 0, or the total the file states")
    sales = models.BigIntegerField(help_text="Deposits in it, net of nothing")
    fees = models.BigIntegerField()
    reserve = models.BigIntegerField(help_text="Held back (< 0) or released (> 0)")
    bank = models.BigIntegerField(help_text="Paid to our bank")
    payout_reference = models.TextField(blank=True, help_text="What the bank's line is known by")
    closed_at = models.DateTimeField(help_text="Its last line")

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        indexes = (models.Index(fields=["integration", "name"], name="reconciliation_batch_by_name"),)

    def __str__(self) -> str:
        return f"batch {self.name} {self.currency}"


class BankLine(models.Model):
    """One entry of a bank statement; `units` > 0 came in. Append-only."""

    import_file = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="bank_lines")
    line = models.BigIntegerField()
    account = models.CharField(max_length=80)
    currency = models.CharField(max_length=8)
    units = models.BigIntegerField()
    booked_on = models.DateField()
    reference = models.TextField(blank=True, help_text="Everything the entry says, ids and remittance text")
    counterparty = models.TextField(blank=True)

    class Meta:
        """As on the statement."""

        ordering = ("import_file", "line")
        indexes = (models.Index(fields=["booked_on"], name="reconciliation_bankline_day"),)
        constraints = (models.UniqueConstraint(fields=("import_file", "line"), name="reconciliation_bankline_once"),)

    def __str__(self) -> str:
        return f"{self.booked_on} {self.reference[:60]}"


class GameReportRow(models.Model):
    """One line of a game provider's report: a round, or the totals of a game and day. Ledger units. Append-only."""

    import_file = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="game_rows")
    line = models.BigIntegerField()
    integration_id = models.IntegerField()
    day = models.DateField()
    game_code = models.TextField()
    round_ref = models.TextField(blank=True, help_text="Empty: totals of the game and day")
    currency = models.CharField(max_length=8)
    rounds = models.BigIntegerField(default=1)
    staked = models.BigIntegerField()
    won = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)

    class Meta:
        """As in the file."""

        ordering = ("import_file", "line")
        indexes = (models.Index(fields=["integration_id", "day"], name="reconciliation_gamerow_day"),)
        constraints = (models.UniqueConstraint(fields=("import_file", "line"), name="reconciliation_gamerow_once"),)

    def __str__(self) -> str:
        return f"{self.day} {self.game_code} {self.round_ref}"
