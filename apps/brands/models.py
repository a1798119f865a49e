"""Brands, the markets they serve, and the jurisdictions and currencies these use."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from simple_history.models import HistoricalRecords


class Currency(models.Model):
    """A currency the installation keeps books in. Its scale is fixed once money has moved in it."""

    code = models.CharField(primary_key=True, max_length=8)
    name = models.CharField(max_length=60)
    exponent = models.PositiveSmallIntegerField(help_text="Decimals of the currency itself (ISO 4217; JPY 0, KWD 3)")
    ledger_exponent = models.PositiveSmallIntegerField(
        help_text="Decimals of the ledger unit: 6 for fiat, 8 for crypto"
    )
    is_enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ("code",)
        verbose_name_plural = "currencies"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ledger_exponent__gte=models.F("exponent")) & models.Q(ledger_exponent__lte=9),
                name="brands_currency_scale",
            ),
        )

    def __str__(self) -> str:
        return self.code


class Jurisdiction(models.Model):
    """Whose law applies to a player, e.g. `MT` or `CA-ON`."""

    code = models.CharField(primary_key=True, max_length=8)
    name = models.CharField(max_length=80)
    regulator = models.CharField(max_length=120, blank=True)
    timezone = models.CharField(max_length=40, default="UTC", help_text="IANA zone in which its days and months begin")

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return self.code


class Brand(models.Model):
    """One casino as players know it. One installation carries several, each with its own books, markets and staff."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    is_enabled = models.BooleanField(
        default=True, help_text="Off: no log-in, launch or bet; wins and rollbacks still settle"
    )
    currencies = models.ManyToManyField(Currency, related_name="brands")
    frontend_url = models.URLField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ("code",)
        permissions = (("switch_brand", "Can use the kill switch of a brand"),)

    def __str__(self) -> str:
        return self.name


class Market(models.Model):
    """A brand's licence to serve some countries under one jurisdiction."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="markets")
    jurisdiction = models.ForeignKey(Jurisdiction, on_delete=models.PROTECT, related_name="markets")
    countries = ArrayField(models.CharField(max_length=2), help_text="ISO 3166-1 alpha-2 codes")
    licence = models.CharField(max_length=80, blank=True)
    is_open = models.BooleanField(default=True, help_text="Closed: no new registrations")

    class Meta:
        ordering = ("brand_id", "jurisdiction_id")
        constraints = (models.UniqueConstraint(fields=("brand", "jurisdiction"), name="brands_market_once"),)

    def __str__(self) -> str:
        return f"{self.brand_id}/{self.jurisdiction_id}"


class StaffScope(models.Model):
    """Which brands a member of staff may see. Nobody without a row sees a brand's players; superusers see all."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="brand_scopes")
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="staff_scopes")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "brand"), name="brands_staffscope_once"),)

    def __str__(self) -> str:
        return f"{self.user_id}@{self.brand_id}"
