"""Pages of instruments and of the routes that payments take. The pages of payments themselves stand beside this."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.brands.models import Brand
from apps.core.admin_base import brand_scope
from apps.core.admin_display import amount_text, change_link, masked_text, pill
from apps.core.clock import now
from apps.payments.base_page import PaymentPage
from apps.payments.deposits_page import DepositAdmin
from apps.payments.events_page import InboundEventAdmin
from apps.payments.models import Capability, Instrument
from apps.payments.routing import methods_with_one_route
from apps.payments.withdrawals_page import WithdrawalAdmin

# Importing them registers them.
__all__ = ["CapabilityAdmin", "DepositAdmin", "InboundEventAdmin", "InstrumentAdmin", "WithdrawalAdmin"]


@admin.register(Instrument)
class InstrumentAdmin(PaymentPage):
    """An account, card or wallet of a player. Its token, which pays, is shown to nobody."""

    brand_lookup = "player__brand_id"
    list_display = ("shown", "player_shown", "method", "integration", "verified", "blocked", "last_used_at")
    list_filter = ("is_verified", "is_blocked", "method")
    list_select_related = ("player", "method", "integration")
    search_fields = ("=player__username", "=public_id")
    search_help_text = "Username or instrument id, in full"
    fields = (
        ("shown", "player_shown"), ("method", "integration"), "holder_masked", ("verified", "blocked"),
        ("changed_at", "changed_by"), "last_used_at", "public_id",
    )  # fmt: skip
    readonly_fields = ("shown", "player_shown", "holder_masked", "verified", "blocked", "public_id")
    empty_hint = "No player has paid with anything yet: an instrument is kept when its first deposit settles."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Instrument]:
        """With the names, in one query, and without the token."""
        rows: QuerySet[Instrument] = super().get_queryset(request)
        return rows.select_related("player", "method", "integration", "changed_by").defer("token")

    @admin.display(description="instrument")
    def shown(self, instrument: Instrument) -> str:
        """As its provider masks it."""
        return instrument.masked or f"{instrument.method.name} #{instrument.pk}"

    @admin.display(description="player")
    def player_shown(self, instrument: Instrument) -> str:
        """Whose."""
        return change_link("players.player", instrument.player_id, instrument.player.username)

    @admin.display(description="holder")
    def holder_masked(self, instrument: Instrument) -> str:
        """Who the provider says owns it, masked."""
        return masked_text(instrument.holder)

    @admin.display(description="verified")
    def verified(self, instrument: Instrument) -> str:
        """Known to be the player's own."""
        return pill("verified", level="good") if instrument.is_verified else pill("not_verified", level="warning")

    @admin.display(description="usable")
    def blocked(self, instrument: Instrument) -> str:
        """Whether it may be paid to."""
        return pill("blocked") if instrument.is_blocked else pill("usable", level="good")


@admin.register(Capability)
class CapabilityAdmin(PaymentPage):
    """Which provider carries what: the matrix by which payments are routed."""

    brand_code_lookup = "integration__brand_code"
    change_list_template = "staff/payments/routes.html"
    big_table = False
    list_display = (
        "cell", "direction", "currency", "integration", "smallest", "largest", "countries_shown", "priority", "open",
    )  # fmt: skip
    list_filter = ("direction", "method", "currency", "is_enabled")
    list_select_related = ("method", "integration", "integration__payment_circuit")
    fields = (
        ("integration", "direction"), ("method", "currency"), ("smallest", "largest"), "countries_shown",
        ("priority", "open"),
    )  # fmt: skip
    readonly_fields = ("smallest", "largest", "countries_shown", "open")
    empty_hint = "No provider may carry a payment of a brand in your scope."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Capability]:
        """With the names and how the provider fares, in one query."""
        rows: QuerySet[Capability] = super().get_queryset(request)
        return rows.select_related("method", "integration", "integration__payment_circuit")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Cell by cell, who is asked first on top."""
        return ("direction", "method_id", "currency", "priority", "id")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the report of what has nothing to fail over to."""
        brands = Brand.objects.order_by("name")
        scope = brand_scope(request.user)
        if scope is not None:
            brands = brands.filter(pk__in=scope.ids)
        alone: dict[tuple[str, str, str], list[str]] = {}
        for each in brands:
            for direction, method, currency, _ in methods_with_one_route(each.code):
                alone.setdefault((each.name, direction, method), []).append(currency)
        rows = [
            {"brand": brand, "direction": direction, "method": method, "currencies": currencies}
            for (brand, direction, method), currencies in alone.items()
        ]
        context: dict[str, Any] = {"alone": rows, **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.display(description="method")
    def cell(self, capability: Capability) -> str:
        """What is carried."""
        return capability.method.name

    @admin.display(description="smallest")
    def smallest(self, capability: Capability) -> str:
        """From what amount on."""
        return amount_text(capability.min_units, capability.currency)

    @admin.display(description="largest")
    def largest(self, capability: Capability) -> str:
        """Up to what amount."""
        return amount_text(capability.max_units, capability.currency)

    @admin.display(description="countries")
    def countries_shown(self, capability: Capability) -> str:
        """For whom."""
        return ", ".join(capability.countries) or "every country"

    @admin.display(description="open")
    def open(self, capability: Capability) -> str:
        """Whether payments go there now, and if not, why."""
        circuit = getattr(capability.integration, "payment_circuit", None)
        if not (capability.is_enabled and capability.method.is_enabled):
            return pill("disabled")
        if capability.integration.switch != "on":
            return pill("off", "kill switch")
        if circuit is not None and circuit.open_until is not None and circuit.open_until > now():
            return pill("failing", f"passed over: {circuit.failures} failures", "warning")
        return pill("open", level="good")
