"""The matrix of routes: which provider carries what, and what has nothing to fail over to."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.brands.models import Brand
from apps.core.admin_base import brand_scope
from apps.core.admin_display import amount_text, pill
from apps.core.clock import now
from apps.payments.base_page import PaymentPage
from apps.payments.circuits import state_of
from apps.payments.models import Capability
from apps.payments.routing import thin_routes


@admin.register(Capability)
class CapabilityAdmin(PaymentPage):
    """Which provider carries what: the matrix by which payments are routed."""

    brand_code_lookup = "integration__brand_code"
    change_list_template = "staff/payments/routes.html"
    big_table = False
    list_display = (
        "cell", "direction", "currency", "integration", "smallest", "largest", "in_a_day", "countries_shown",
        "priority", "open",
    )  # fmt: skip
    list_filter = ("direction", "method", "currency", "is_enabled")
    list_select_related = ("method", "integration", "integration__payment_circuit")
    fields = (
        ("integration", "direction"), ("method", "currency"), ("smallest", "largest", "in_a_day"), "countries_shown",
        ("priority", "open"),
    )  # fmt: skip
    readonly_fields = ("smallest", "largest", "in_a_day", "countries_shown", "open")
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
        grouped: dict[tuple[str, str, str, str, str], list[str]] = {}
        for each in thin_routes(brands.values_list("pk", flat=True)):
            only = ", ".join(each.providers)
            grouped.setdefault((each.brand, each.jurisdiction, each.direction, each.method, only), []).append(
                each.currency
            )
        names = ("brand", "market", "direction", "method", "only")
        alone = [dict(zip(names, key, strict=True)) | {"currencies": currencies} for key, currencies in grouped.items()]
        context: dict[str, Any] = {"alone": alone, **(extra_context or {})}
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
        standing = state_of(circuit, now=now())
        if circuit is not None and standing != "closed":
            return pill("failing", f"{standing}: {circuit.failures} failures", "warning")
        return pill("open", level="good")

    @admin.display(description="in a day")
    def in_a_day(self, capability: Capability) -> str:
        """What the provider takes in a day."""
        return amount_text(capability.daily_units, capability.currency)
