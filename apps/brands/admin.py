"""Pages of brands, their markets, jurisdictions and currencies."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.brands.models import Brand, Currency, Jurisdiction, Market
from apps.brands.switches import MAX_REASON_LENGTH, SWITCH_PERMISSION, switch_brand
from apps.core.admin_actions import ActionForm, ReasonForm, reason_field, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import pill
from apps.core.clock import now
from apps.integrations.outgoing.admin import KindsField, UrlField
from apps.integrations.outgoing.endpoints import create_endpoint


class SwitchForm(ReasonForm):
    """The history keeps a hundred characters of the reason."""

    reason = reason_field(MAX_REASON_LENGTH)


class WebhookForm(ActionForm):
    """Asks for a new endpoint."""

    name = forms.CharField(max_length=80, widget=UnfoldAdminTextInputWidget(), help_text="Which system it is.")
    url = UrlField()
    kinds = KindsField()


@admin.register(Brand)
class BrandAdmin(StaffAdmin):
    """One casino as players know it."""

    brand_lookup = "pk"
    staff_actions = ("open", "close", "add_webhook")
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

    @staff_action(
        title="Add webhook endpoint",
        permission="integrations.manage_webhookendpoint",
        form=WebhookForm,
        description="A system of the operator's is told what happens at this brand. Its secret is shown once.",
        icon="webhook",
    )
    def add_webhook(self, request: HttpRequest, obj: Brand, data: dict[str, Any]) -> str:
        """Set up an endpoint."""
        _, secret = create_endpoint(brand_code=obj.code, actor=staff_of(request), now=now(), **data)
        return f"{data['name']} is set up. Its secret, shown only now: {secret}"

    @staff_action(
        title="Open brand",
        permission=SWITCH_PERMISSION,
        form=SwitchForm,
        icon="play_circle",
        applies=lambda brand: not brand.is_enabled,
    )
    def open(self, request: HttpRequest, obj: Brand, data: dict[str, Any]) -> str:
        """Let players in again."""
        switch_brand(brand_id=obj.pk, enabled=True, reason=data["reason"], actor=staff_of(request), now=now())
        return f"{obj.name} is open."

    @staff_action(
        title="Close brand",
        permission=SWITCH_PERMISSION,
        form=SwitchForm,
        description="No log-in, launch or bet from now on. Wins and rollbacks of bets already placed still settle.",
        danger=True,
        icon="power_settings_new",
        applies=lambda brand: brand.is_enabled,
    )
    def close(self, request: HttpRequest, obj: Brand, data: dict[str, Any]) -> str:
        """Stop everything but settling."""
        switch_brand(brand_id=obj.pk, enabled=False, reason=data["reason"], actor=staff_of(request), now=now())
        return f"{obj.name} is closed."


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
