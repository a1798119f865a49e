"""Which provider may carry which payment, under what terms, and who has to agree. Data, not code."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from apps.brands.models import Brand
from apps.integrations.models import Integration


class PaymentMethod(models.Model):
    """A way to pay as players know it: card, bank transfer, a wallet, a crypto asset."""

    code = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=80)
    is_enabled = models.BooleanField(default=True)

    class Meta:
        """By name."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Capability(models.Model):
    """One cell of the matrix: an integration carries this method, direction and currency, for these countries."""

    class Direction(models.TextChoices):
        """Which way money goes."""

        DEPOSIT = "deposit", "Deposit"
        WITHDRAWAL = "withdrawal", "Withdrawal"

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="capabilities")
    direction = models.CharField(max_length=12, choices=Direction)
    method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT, related_name="capabilities")
    currency = models.CharField(max_length=8)
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True, help_text="Empty: every country")
    min_units = models.BigIntegerField(default=1, help_text="Smallest amount, ledger units")
    max_units = models.BigIntegerField(help_text="Largest amount, ledger units")
    priority = models.PositiveSmallIntegerField(default=100, help_text="The lowest is asked first")
    is_enabled = models.BooleanField(default=True)

    class Meta:
        """The rules hold in the database."""

        ordering = ("priority", "id")
        verbose_name_plural = "capabilities"
        constraints = (
            models.UniqueConstraint(
                fields=("integration", "direction", "method", "currency"), name="payments_capability_once"
            ),
            models.CheckConstraint(
                condition=Q(direction__in=("deposit", "withdrawal")), name="payments_capability_direction"
            ),
            models.CheckConstraint(
                condition=Q(min_units__gt=0) & Q(max_units__gte=F("min_units")), name="payments_capability_range"
            ),
        )

    def __str__(self) -> str:
        return f"{self.integration_id} {self.direction} {self.method_id} {self.currency}"


class Circuit(models.Model):
    """How a provider has fared lately; open, it is passed over until `open_until`."""

    integration = models.OneToOneField(
        Integration, primary_key=True, on_delete=models.CASCADE, related_name="payment_circuit"
    )
    failures = models.PositiveIntegerField(default=0, help_text="In a row")
    open_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.integration_id}: {self.failures} failures"


class PspContract(models.Model):
    """The terms with a provider from a day on; each payment names the version it ran under."""

    class Liability(models.TextChoices):
        """Who bears chargebacks."""

        MERCHANT = "merchant", "We"
        PSP = "psp", "The provider"
        SHARED = "shared", "Shared"

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="psp_contracts")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    merchant_of_record = models.CharField(max_length=120)
    liability = models.CharField(max_length=8, choices=Liability, default=Liability.MERCHANT)
    settlement_lag_days = models.PositiveSmallIntegerField(default=1)
    terms = models.JSONField(default=dict, blank=True, help_text="Fees, reserve, cut-off, minimum settlement")

    class Meta:
        """Newest first."""

        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("integration", "valid_from"), name="payments_pspcontract_once"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="payments_pspcontract_period"
            ),
        )

    def __str__(self) -> str:
        return f"{self.integration_id} from {self.valid_from:%Y-%m-%d}"


class ApprovalPolicy(models.Model):
    """Up to what amount a withdrawal whose checks all pass needs nobody, and from what amount two people."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="approval_policies")
    currency = models.CharField(max_length=8)
    auto_limit_units = models.BigIntegerField(help_text="At most this goes out by itself; 0: nothing does")
    four_eyes_units = models.BigIntegerField(help_text="From this amount on two people approve")

    class Meta:
        """One for each brand and currency."""

        ordering = ("brand", "currency")
        verbose_name_plural = "approval policies"
        constraints = (
            models.UniqueConstraint(fields=("brand", "currency"), name="payments_approvalpolicy_once"),
            models.CheckConstraint(
                condition=Q(auto_limit_units__gte=0) & Q(four_eyes_units__gt=F("auto_limit_units")),
                name="payments_approvalpolicy_tiers",
            ),
        )

    def __str__(self) -> str:
        return f"{self.brand_id} {self.currency}"
