"""Which provider may carry which payment, under what terms, and who has to agree. Data, not code."""

from django.conf import settings
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
    daily_units = models.BigIntegerField(
        null=True, blank=True, help_text="Most that the provider takes in a day (UTC), ledger units; empty: no limit"
    )
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
    """
    How a provider has fared lately; open, it is passed over until `open_until`.

    Then it is half open: one payment at a time may try it (`probe_until`) until one of them gets an answer.
    """

    integration = models.OneToOneField(
        Integration, primary_key=True, on_delete=models.CASCADE, related_name="payment_circuit"
    )
    failures = models.PositiveIntegerField(default=0, help_text="In a row")
    opened = models.PositiveIntegerField(default=0, help_text="How often it opened since the last answer")
    open_until = models.DateTimeField(null=True)
    probe_until = models.DateTimeField(null=True, help_text="A payment is trying it")
    drill_until = models.DateTimeField(null=True, help_text="Passed over on purpose, to see the others carry it")
    last_failure_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.integration_id}: {self.failures} failures"


class RoutingRule(models.Model):
    """Prefers, avoids or forbids a provider for some payments. Rules are read in order; the first that fits counts."""

    class Verdict(models.TextChoices):
        """What it means for the provider."""

        PREFER = "prefer", "Asked before the others"
        AVOID = "avoid", "Asked after the others"
        NEVER = "never", "Not asked"

    class Tier(models.TextChoices):
        """How well a player is known by what was paid in."""

        NEW = "new", "Has not deposited yet"
        KNOWN = "known", "Has deposited"
        TRUSTED = "trusted", "Ten deposits, the first 90 days ago, none contested"

    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=100, help_text="The lowest is read first")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="routing_rules")
    verdict = models.CharField(max_length=8, choices=Verdict)
    direction = models.CharField(max_length=12, choices=Capability.Direction, blank=True, help_text="Empty: both")
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    method = models.ForeignKey(PaymentMethod, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    currency = models.CharField(max_length=8, blank=True, help_text="Needed where an amount is given")
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True, help_text="Empty: every country")
    tier = models.CharField(max_length=8, choices=Tier, blank=True, help_text="Empty: every player")
    min_units = models.BigIntegerField(null=True, blank=True, help_text="From this amount on, ledger units")
    max_units = models.BigIntegerField(null=True, blank=True, help_text="Up to this amount, ledger units")
    is_enabled = models.BooleanField(default=True)

    class Meta:
        """In the order in which they are read."""

        ordering = ("position", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(verdict__in=("prefer", "avoid", "never")), name="payments_routingrule_verdict"
            ),
            models.CheckConstraint(
                condition=Q(min_units=None, max_units=None) | ~Q(currency=""), name="payments_routingrule_amounts"
            ),
        )

    def __str__(self) -> str:
        return self.name


class RouteDrill(models.Model):
    """A provider passed over on purpose for some minutes, and what the others carried meanwhile."""

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="drills")
    reason = models.CharField(max_length=300)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict, help_text="Attempts at the others meanwhile, by provider and state")

    class Meta:
        """Newest first; one at a time for a provider."""

        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("integration",), condition=Q(ended_at=None), name="payments_routedrill_one_open"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("started_at")), name="payments_routedrill_period"),
        )
        permissions = (("run_routedrill", "Can pass a provider over for a while, to see that the others carry it"),)

    def __str__(self) -> str:
        return f"drill of {self.integration_id} from {self.started_at:%Y-%m-%d %H:%M}"


class ApprovalPolicy(models.Model):
    """Up to what amount a withdrawal whose checks all pass needs nobody, and from what amount two people."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="approval_policies")
    currency = models.CharField(max_length=8)
    auto_limit_units = models.BigIntegerField(help_text="At most this goes out by itself; 0: nothing does")
    four_eyes_units = models.BigIntegerField(help_text="From this amount on two people approve")
    daily_units = models.BigIntegerField(
        null=True, blank=True, help_text="What one player may take out in 24 hours without anybody looking"
    )

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
