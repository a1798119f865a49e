"""The double-entry ledger. Rows are written by the SQL functions in `sql/`, never through these models."""

from django.db import models


class AccountKind(models.TextChoices):
    """What an account stands for. The first four are a player's buckets."""

    CASH = "cash", "Cash"
    BONUS = "bonus", "Bonus"
    LOCKED = "locked", "Locked for withdrawals"
    RESTRICTED = "restricted", "Restricted: may be played, not withdrawn"
    HOUSE = "house", "House"
    PROVIDER = "provider", "Game provider"
    PSP = "psp", "Payment provider"
    FEE = "fee", "Fees"
    BONUS_COST = "bonus_cost", "Bonus cost"
    ADJUSTMENT = "adjustment", "Adjustments"
    SUSPENSE = "suspense", "Suspense"
    RESERVE = "reserve", "Kept back by a payment provider"
    BANK = "bank", "Bank"
    PAYABLE = "payable", "Owed to a game provider"
    TEST_FUNDING = "test_funding", "Test funding (sandbox)"


PLAYER_KINDS = (AccountKind.CASH, AccountKind.BONUS, AccountKind.LOCKED, AccountKind.RESTRICTED)


class Account(models.Model):
    """
    One ledger account; balance = credits − debits, in ledger units of its currency.

    Player accounts carry their balance, the number of postings and the head of their hash chain on the row. House,
    provider and other shared accounts are hot: their balance comes from `AccountRollup`.
    """

    id = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=16, choices=AccountKind)
    brand_id = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    player_id = models.BigIntegerField(null=True)
    integration_id = models.IntegerField(null=True)
    balance = models.BigIntegerField()
    version = models.BigIntegerField()
    head_hash = models.BinaryField()
    may_go_negative = models.BooleanField()
    opened_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "transactions_account"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.currency} #{self.pk}"


class AccountRollup(models.Model):
    """Balance of a shared account up to (not including) a database transaction id; see `rollup.py`."""

    account = models.OneToOneField(
        Account, primary_key=True, on_delete=models.DO_NOTHING, related_name="rollup", db_constraint=False
    )
    balance = models.DecimalField(max_digits=38, decimal_places=0)
    transfers = models.BigIntegerField()
    updated_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "transactions_accountrollup"

    def __str__(self) -> str:
        return f"{self.account_id}: {self.balance}"


class TransactionKind(models.TextChoices):
    """What happened in business terms."""

    BET = "bet", "Bet"
    WIN = "win", "Win"
    ROLLBACK = "rollback", "Rollback"
    DEPOSIT = "deposit", "Deposit"
    WITHDRAWAL = "withdrawal", "Withdrawal"
    PAYOUT = "payout", "Payout"
    RELEASE = "release", "Withdrawal released"
    RETURN = "return", "Payout returned"
    REVERSAL = "reversal", "Deposit reversed"
    CHARGEBACK = "chargeback", "Chargeback"
    REFUND = "refund", "Deposit refunded"
    RESERVE = "reserve", "Reserve held or released"
    SETTLEMENT = "settlement", "Settled by a payment provider"
    INVOICE = "invoice", "Provider invoice owed or paid"
    ADJUSTMENT = "adjustment", "Manual adjustment"
    BONUS = "bonus", "Bonus"
    CORRECTION = "correction", "Correction"
    TEST_FUNDING = "test_funding", "Test funding"


class Transaction(models.Model):
    """One business event and the transfers it consists of. Append-only; partitioned by month of id (uuidv7)."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=16, choices=TransactionKind)
    brand_id = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    player_id = models.BigIntegerField(null=True)
    integration_id = models.IntegerField(null=True)
    external_id = models.TextField(help_text="The vendor's own id of the call; empty for our own events")
    round_id = models.BigIntegerField(null=True)
    reverses_id = models.UUIDField(null=True, help_text="The transaction that this one takes back")
    request_id = models.UUIDField(null=True)
    details = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "transactions_transaction"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id or self.pk}"


class Transfer(models.Model):
    """
    One movement: `amount` (> 0, ledger units) out of the debit account into the credit account.

    For a side that is a player account the row keeps that account's version, balance and chain hash after it.
    Append-only. Its key is the transaction's id and the number within it.
    """

    pk = models.CompositePrimaryKey("transaction_id", "number")
    transaction = models.ForeignKey(
        Transaction, on_delete=models.DO_NOTHING, related_name="transfers", db_constraint=False
    )
    number = models.SmallIntegerField()
    debit_account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    credit_account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    amount = models.BigIntegerField()
    player_id = models.BigIntegerField(null=True)
    debit_version = models.BigIntegerField(null=True)
    debit_balance = models.BigIntegerField(null=True)
    debit_hash = models.BinaryField(null=True)
    credit_version = models.BigIntegerField(null=True)
    credit_balance = models.BigIntegerField(null=True)
    credit_hash = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "transactions_transfer"
        ordering = ("transaction_id", "number")

    def __str__(self) -> str:
        return f"{self.amount}: {self.debit_account_id} → {self.credit_account_id}"


class Command(models.Model):
    """
    The idempotency record of a vendor's command, for ever: unique (integration, key), its terms and its outcome.

    A `tombstone` is a rollback of something unknown; the late original meets it. Hash-partitioned by key.
    """

    pk = models.CompositePrimaryKey("key", "integration_id")
    key = models.TextField()
    integration_id = models.IntegerField()
    kind = models.CharField(max_length=12)
    fingerprint = models.BinaryField()
    outcome = models.CharField(max_length=24)
    player_id = models.BigIntegerField()
    transaction_id = models.UUIDField(null=True)
    round_id = models.BigIntegerField(null=True)
    cash = models.BigIntegerField(help_text="Moved in this bucket, ledger units, never negative")
    bonus = models.BigIntegerField()
    restricted = models.BigIntegerField()
    cash_balance = models.BigIntegerField(help_text="After it, as it was answered")
    bonus_balance = models.BigIntegerField()
    restricted_balance = models.BigIntegerField()
    settled_by = models.UUIDField(null=True)
    cancelled_by = models.UUIDField(null=True)
    request_id = models.UUIDField()
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "transactions_command"

    def __str__(self) -> str:
        return f"{self.key}: {self.outcome}"


class BooksCheck(models.Model):
    """One run of the proof of the books and what it found."""

    class Mode(models.TextChoices):
        """How much a run looks at."""

        FULL = "full", "Everything"
        INCREMENTAL = "incremental", "What was written since the last proof"

    mode = models.CharField(max_length=12, choices=Mode)
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    break_count = models.PositiveIntegerField()
    breaks = models.JSONField(default=list, help_text="The first of them, as found")
    heads_digest = models.CharField(
        max_length=64,
        blank=True,
        help_text="SHA-256 over the heads of all chains, to be kept elsewhere; full runs only",
    )

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(mode__in=("full", "incremental")), name="transactions_bookscheck_mode"
            ),
        )
        permissions = (("check_books", "Can start a full proof of the books"),)

    def __str__(self) -> str:
        return f"{self.mode} {self.started_at:%Y-%m-%d %H:%M}: {self.break_count} breaks"
