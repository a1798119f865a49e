"""Pages of brands, their markets, jurisdictions and currencies."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.brands.models import Brand, Currency, Jurisdiction, Market
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import pill


@admin.register(Brand)
class BrandAdmin(StaffAdmin):
    """One casino as players know it."""

    brand_lookup = "pk"
    list_display = ("name", "code", "state", "kept_in", "frontend_url")
    search_fields = ("name", "code")
    fields = ("name", "code", "state", "kept_in", "frontend_url", "created_at")
    readonly_fields = ("state", "kept_in")
    empty_hint = "No brand is in your scope. Staff of the admin role give brands under Brand scopes."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Brand]:
        """With the currencies, in one query for all."""
        return super().get_queryset(request).prefetch_related("currencies")

    @admin.display(description="state")
    def state(self, brand: Brand) -> str:
        """Whether it is open."""
        return pill("enabled") if brand.is_enabled else pill("disabled")

    @admin.display(description="currencies")
    def kept_in(self, brand: Brand) -> str:
        """Its currencies."""
        return ", ".join(currency.code for currency in brand.currencies.all()) or "–"


@admin.register(Market)
class MarketAdmin(StaffAdmin):
    """A brand's licence to serve some countries."""

    brand_lookup = "brand_id"
    list_display = ("brand", "jurisdiction", "countries", "licence", "is_open")
    list_select_related = ("brand", "jurisdiction")
    list_filter = ("brand", "is_open")
    empty_hint = "No brand in your scope serves a market."


@admin.register(Jurisdiction)
class JurisdictionAdmin(StaffAdmin):
    """Whose law applies."""

    list_display = ("code", "name", "regulator", "timezone")
    search_fields = ("code", "name", "regulator")


@admin.register(Currency)
class CurrencyAdmin(StaffAdmin):
    """What the books are kept in."""

    list_display = ("code", "name", "decimals", "ledger_decimals", "is_enabled")
    list_filter = ("is_enabled",)
    search_fields = ("code", "name")

    @admin.display(description="decimals", ordering="exponent")
    def decimals(self, currency: Currency) -> int:
        """Of the currency itself."""
        return currency.exponent

    @admin.display(description="decimals in the ledger", ordering="ledger_exponent")
    def ledger_decimals(self, currency: Currency) -> int:
        """Of the unit the books count in."""
        return currency.ledger_exponent
