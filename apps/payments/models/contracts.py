"""The terms with payment providers, as data: fees, settlement, what is kept back, who is liable."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.integrations.contracts.models import VendorContract
from apps.integrations.models import Integration
from apps.payments.models.routing import PaymentMethod


class PspContract(VendorContract):
    """One version of the terms with a payment provider, from an instant on. Each payment names the one it ran under."""

    class Liability(models.TextChoices):
        """Who bears chargebacks."""

        MERCHANT = "merchant", "We"
        PSP = "psp", "The provider"
        SHARED = "shared", "Shared"

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="psp_contracts")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True, help_text="Empty: until the next version")
    merchant_of_record = models.CharField(max_length=120, help_text="Who the payer buys from, by name")
    acquirer = models.CharField(max_length=120, blank=True)
    merchant_id = models.CharField(max_length=60, blank=True, help_text="MID")
    category_code = models.CharField(max_length=4, blank=True, help_text="MCC; 7995 is betting")
    descriptor = models.CharField(max_length=40, blank=True, help_text="What the payer reads on the statement")
    liability = models.CharField(max_length=8, choices=Liability, default=Liability.MERCHANT)
    shifts_liability = models.BooleanField(default=False, help_text="3-D Secure moves chargebacks to the issuer")
    defense_days = models.PositiveSmallIntegerField(
        default=14, help_text="Days to answer a dispute, where the provider names no earlier deadline"
    )
    refund_days = models.PositiveSmallIntegerField(default=180, help_text="How long after settlement it refunds")
    methods = ArrayField(models.CharField(max_length=40), default=list, blank=True, help_text="Empty: every method")
    currencies = ArrayField(models.CharField(max_length=8), default=list, blank=True, help_text="Empty: every currency")
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True, help_text="Empty: every country")

    class Meta(VendorContract.Meta):
        """Who may propose and approve one."""

        abstract = False
        verbose_name = "contract"
        constraints = (
            *VendorContract.Meta.constraints,
            models.CheckConstraint(
                condition=Q(liability__in=("merchant", "psp", "shared")), name="payments_pspcontract_liability"
            ),
        )
        permissions = (
            ("propose_pspcontract", "Can propose new terms with a provider"),
            ("approve_pspcontract", "Can approve new terms with a provider"),
        )

    def __str__(self) -> str:
        return f"version {self.version} from {self.valid_from:%Y-%m-%d}"


class SettlementTerm(models.Model):
    """When a provider pays out what it has collected in one currency."""

    class Calendar(models.TextChoices):
        """Which days count."""

        EVERY_DAY = "every_day", "Every day"
        WEEKDAYS = "weekdays", "Monday to Friday"
        TARGET = "target", "TARGET: euro banking days"

    contract = models.ForeignKey(PspContract, on_delete=models.PROTECT, related_name="settlement_terms")
    currency = models.CharField(max_length=8)
    lag_days = models.PositiveSmallIntegerField(help_text="n of T+n, in days of the calendar")
    calendar = models.CharField(max_length=12, choices=Calendar, default=Calendar.TARGET)
    cut_off = models.TimeField(help_text="Local time; what comes later counts for the next day")
    timezone = models.CharField(max_length=40, default="UTC", help_text="IANA zone of the cut-off")
    is_gross = models.BooleanField(default=False, help_text="Fees are billed apart instead of kept")
    minimum_units = models.BigIntegerField(default=0, help_text="Less than this is carried over, ledger units")
    pays_out_of_balance = models.BooleanField(
        default=False, help_text="Withdrawals are paid out of what it holds of ours: it can pay no more than that"
    )

    class Meta:
        """One for each currency."""

        ordering = ("currency",)
        constraints = (
            models.UniqueConstraint(fields=("contract", "currency"), name="payments_settlementterm_once"),
            models.CheckConstraint(condition=Q(minimum_units__gte=0), name="payments_settlementterm_minimum"),
            models.CheckConstraint(
                condition=Q(calendar__in=("every_day", "weekdays", "target")), name="payments_settlementterm_calendar"
            ),
        )

    def __str__(self) -> str:
        return f"{self.currency} T+{self.lag_days}"


class ReserveTerm(models.Model):
    """What a provider keeps back of each deposit in one currency, and how long."""

    contract = models.ForeignKey(PspContract, on_delete=models.PROTECT, related_name="reserve_terms")
    currency = models.CharField(max_length=8)
    percent = models.DecimalField(max_digits=7, decimal_places=4, help_text="Of each deposit")
    days = models.PositiveSmallIntegerField(help_text="Until it is released")
    cap_units = models.BigIntegerField(null=True, blank=True, help_text="At most this is held at a time, ledger units")

    class Meta:
        """One for each currency."""

        ordering = ("currency",)
        constraints = (
            models.UniqueConstraint(fields=("contract", "currency"), name="payments_reserveterm_once"),
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100, days__gt=0), name="payments_reserveterm_sound"
            ),
            models.CheckConstraint(condition=Q(cap_units=None) | Q(cap_units__gt=0), name="payments_reserveterm_cap"),
        )

    def __str__(self) -> str:
        return f"{self.percent:f} % for {self.days} days"


class ContractFee(models.Model):
    """What one thing costs at a provider: a fixed part and a share."""

    class Kind(models.TextChoices):
        """What it is charged for."""

        DEPOSIT = "deposit", "Deposit"
        WITHDRAWAL = "withdrawal", "Withdrawal"
        REFUND = "refund", "Refund"
        CHARGEBACK = "chargeback", "Chargeback"

    contract = models.ForeignKey(PspContract, on_delete=models.PROTECT, related_name="fees")
    kind = models.CharField(max_length=12, choices=Kind)
    method = models.ForeignKey(
        PaymentMethod, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: any other"
    )
    currency = models.CharField(max_length=8)
    fixed_units = models.BigIntegerField(default=0, help_text="Ledger units")
    percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)

    class Meta:
        """One for each thing."""

        ordering = ("kind", "currency", "method")
        constraints = (
            models.UniqueConstraint(
                fields=("contract", "kind", "method", "currency"),
                nulls_distinct=False,
                name="payments_contractfee_once",
            ),
            models.CheckConstraint(
                condition=Q(fixed_units__gte=0, percent__gte=0, percent__lte=100), name="payments_contractfee_sound"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("deposit", "withdrawal", "refund", "chargeback")),
                name="payments_contractfee_kind",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.currency}"
