"""The terms with game providers, as data: what a month of play costs, and at which rates currencies are invoiced."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.integrations.contracts.models import VendorContract
from apps.integrations.models import Integration
from apps.providers.models import Game, Studio

_USER = settings.AUTH_USER_MODEL


class ProviderContract(VendorContract):
    """
    One version of the terms with a game provider, from a month on. Each invoice names the one it was reckoned under.

    An integration is one vendor at one brand, so a contract is too.
    """

    class Basis(models.TextChoices):
        """What the shares are of."""

        GGR = "ggr", "GGR: stakes less wins"
        NGR = "ngr", "NGR: GGR less bonus cost"
        TURNOVER = "turnover", "Turnover: stakes"

    class TierMode(models.TextChoices):
        """How a rate applies that begins at an amount."""

        MARGINAL = "marginal", "To what lies above the amount"
        WHOLE = "whole", "To the whole, once the amount is reached"

    integration = models.ForeignKey(Integration, on_delete=models.PROTECT, related_name="provider_contracts")
    valid_from = models.DateField(help_text="First day of the first month")
    valid_to = models.DateField(null=True, blank=True, help_text="First day of the month after the last; empty: open")
    supplier = models.CharField(max_length=120, help_text="Who sends the invoice")
    basis = models.CharField(max_length=8, choices=Basis)
    tier_mode = models.CharField(max_length=8, choices=TierMode, default=TierMode.MARGINAL)
    timezone = models.CharField(max_length=40, default="UTC", help_text="IANA zone in which months begin")
    cut_off_days = models.PositiveSmallIntegerField(default=3, help_text="Days after the month until it is drawn up")
    invoice_currency = models.CharField(max_length=8, blank=True, help_text="Empty: each currency stays as it is")
    fixed_currency = models.CharField(max_length=8, blank=True, help_text="Of the minimum and the fixed fee")
    minimum_units = models.BigIntegerField(default=0, help_text="Least sum of the shares of a month, ledger units")
    fixed_units = models.BigIntegerField(default=0, help_text="Fee of each month, ledger units")
    bonus_percent = models.DecimalField(
        max_digits=7, decimal_places=4, default=0, help_text="Of bonus cost, what lowers the base (NGR)"
    )
    deducts_free_rounds = models.BooleanField(default=True, help_text="Wins of free rounds lower the base")
    jackpot_percent = models.DecimalField(
        max_digits=7, decimal_places=4, default=0, help_text="Of stakes on games with a jackpot, paid into it"
    )
    deducts_jackpot = models.BooleanField(default=False, help_text="What is paid into jackpots lowers the base")
    carries_negative = models.BooleanField(default=False, help_text="A base below zero lowers that of the next month")
    vat_percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    vat_note = models.CharField(max_length=120, blank=True, help_text="E.g. reverse charge")

    class Meta(VendorContract.Meta):
        """Who may propose and approve one."""

        abstract = False
        verbose_name = "provider contract"
        constraints = (
            *VendorContract.Meta.constraints,
            models.CheckConstraint(
                condition=Q(basis__in=("ggr", "ngr", "turnover"), tier_mode__in=("marginal", "whole")),
                name="reporting_providercontract_words",
            ),
            models.CheckConstraint(
                condition=Q(minimum_units__gte=0, fixed_units__gte=0), name="reporting_providercontract_amounts"
            ),
        )
        permissions = (
            ("propose_providercontract", "Can propose new terms with a game provider"),
            ("approve_providercontract", "Can approve new terms with a game provider"),
        )

    def __str__(self) -> str:
        return f"version {self.version} from {self.valid_from:%Y-%m}"


class ProviderRate(models.Model):
    """
    A share of the base of some games from an amount on. The rates of the same games and currency make their tiers.

    For a game those of its studio count, else those of its category, else those of all games.
    """

    contract = models.ForeignKey(ProviderContract, on_delete=models.PROTECT, related_name="rates")
    studio = models.ForeignKey(Studio, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    category = models.CharField(max_length=16, choices=Game.Category, blank=True)
    currency = models.CharField(max_length=8, blank=True, help_text="Empty: of any, without tiers")
    from_units = models.BigIntegerField(default=0, help_text="Of the month's base, ledger units")
    percent = models.DecimalField(max_digits=7, decimal_places=4)

    class Meta:
        """From the lowest."""

        ordering = ("studio__code", "category", "currency", "from_units")
        constraints = (
            models.UniqueConstraint(
                fields=("contract", "studio", "category", "currency", "from_units"),
                nulls_distinct=False,
                name="reporting_providerrate_once",
            ),
            models.CheckConstraint(
                condition=Q(from_units__gte=0, percent__gte=0, percent__lte=100), name="reporting_providerrate_sound"
            ),
            models.CheckConstraint(condition=Q(studio=None) | Q(category=""), name="reporting_providerrate_one_scope"),
        )

    def __str__(self) -> str:
        return f"{self.percent:f} % from {self.from_units}"


class MonthRate(models.Model):
    """
    What one unit of a currency was worth in another for the invoices of a month, as staff stated it with its source.

    Rows are added, never altered; the newest counts. An invoice keeps the rates that it was reckoned with.
    """

    month = models.DateField(help_text="Its first day")
    base = models.CharField(max_length=8, help_text="One unit of this")
    quote = models.CharField(max_length=8, help_text="is worth so much of this")
    rate = models.DecimalField(max_digits=24, decimal_places=12)
    source = models.CharField(max_length=200, help_text="Where it was published")
    entered_by = models.ForeignKey(_USER, on_delete=models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-id",)
        verbose_name = "exchange rate"
        constraints = (models.CheckConstraint(condition=Q(rate__gt=0), name="reporting_monthrate_above_zero"),)
        permissions = (("enter_monthrate", "Can state the exchange rates of a month"),)

    def __str__(self) -> str:
        return f"{self.base}/{self.quote} {self.month:%Y-%m}"
