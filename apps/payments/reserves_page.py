"""What providers keep back, by the time until it comes free, and the list of single holds."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest

from apps.core.admin_base import brand_scope
from apps.core.admin_display import amount_text, change_link, pill
from apps.core.clock import now
from apps.payments.base_page import PaymentPage
from apps.payments.models import ReserveHold

# Until its release: up to so many days; the last one takes the rest.
_AGES = ((0, "due"), (7, "in 7 days"), (30, "in 30 days"), (90, "in 90 days"), (180, "in 180 days"), (None, "later"))


def ageing(rows: QuerySet[ReserveHold], *, at: datetime) -> list[dict[str, Any]]:
    """Sum up open holds by provider and currency, and within by the time until their release; one query."""
    bounds, before = [], None
    for days, title in _AGES:
        upper = Q(release_at__lte=at + timedelta(days=days)) if days is not None else Q()
        bounds.append((title, upper & (Q(release_at__gt=before) if before is not None else Q())))
        before = at + timedelta(days=days) if days is not None else None
    sums = {f"age_{place}": Sum("units", filter=bound, default=0) for place, (_, bound) in enumerate(bounds)}
    grouped = rows.filter(released_at=None).order_by().values("integration__slug", "currency")
    found: Any = grouped.annotate(count=Count("pk"), total=Sum("units"), **sums).order_by(
        "integration__slug", "currency"
    )
    return [
        {
            "provider": each["integration__slug"],
            "currency": each["currency"],
            "count": each["count"],
            "total": each["total"],
            "ages": [
                {
                    "title": title,
                    "units": each[f"age_{place}"],
                    "percent": 100 * each[f"age_{place}"] // max(each["total"], 1),
                    "is_due": place == 0,
                }
                for place, (title, _) in enumerate(bounds)
            ],
        }
        for each in found
    ]


@admin.register(ReserveHold)
class ReserveHoldAdmin(PaymentPage):
    """A part of a deposit that its provider keeps for a while."""

    brand_lookup = "brand_id"
    change_list_template = "staff/payments/reserves.html"
    list_display = ("held_at", "amount", "integration", "release_at", "standing", "deposit_shown", "contract")
    list_display_links = ("held_at",)
    list_filter = ("integration", "currency")
    list_select_related = ("integration", "contract")
    fields = (
        ("amount", "standing"), ("integration", "contract"), ("held_at", "release_at"),
        ("released_at", "deposit_shown"),
        ("held_by", "released_by"),
    )  # fmt: skip
    readonly_fields = ("amount", "standing", "deposit_shown")
    empty_hint = "Nothing is kept back: no contract in force has a reserve, or no deposit has settled under one."

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReserveHold]:
        """With the provider and the contract, in one query."""
        rows: QuerySet[ReserveHold] = super().get_queryset(request)
        return rows.select_related("integration", "contract")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the ageing on top."""
        scope = brand_scope(request.user)
        rows = ReserveHold.objects.all() if scope is None else ReserveHold.objects.filter(brand_id__in=scope.ids)
        context: dict[str, Any] = {"ageing": ageing(rows, at=now()), **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.display(description="kept back")
    def amount(self, hold: ReserveHold) -> str:
        """How much."""
        return amount_text(hold.units, hold.currency)

    @admin.display(description="standing")
    def standing(self, hold: ReserveHold) -> str:
        """Held, due or released."""
        if hold.released_at is not None:
            return pill("released", f"released {hold.released_at:%Y-%m-%d}", "good")
        return pill("due", "due", "bad") if hold.release_at <= now() else pill("held", "held", "warning")

    @admin.display(description="deposit")
    def deposit_shown(self, hold: ReserveHold) -> str:
        """Of which."""
        return change_link("payments.deposit", hold.deposit_id, f"deposit {hold.deposit_id}")
