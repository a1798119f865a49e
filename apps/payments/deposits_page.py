"""The list of deposits, and the page that tells one deposit's story."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin_display import amount_text, change_link, pill
from apps.payments.base_page import PaymentPage, level, may_see_reasons
from apps.payments.events_page import events_about
from apps.payments.models import Deposit


@admin.register(Deposit)
class DepositAdmin(PaymentPage):
    """Money on its way in. Providers' events move it; staff look."""

    brand_lookup = "brand_id"
    change_form_template = "staff/payments/deposit.html"
    list_display = ("created_at", "amount", "state_shown", "settled", "player_shown", "method", "integration", "reason")
    list_display_links = ("created_at",)
    list_filter = ("state", "method", "brand")
    list_select_related = ("player", "method", "integration")
    search_fields = ("=player__username", "=public_id")
    search_help_text = "Username or deposit id, in full"
    fields = ()
    empty_hint = "No player has deposited yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Deposit]:
        """With the names, in one query."""
        rows: QuerySet[Deposit] = super().get_queryset(request)
        return rows.select_related("player", "brand", "method", "integration")

    def get_list_display(self, request: HttpRequest) -> Any:
        """Why something failed is for those who may see reasons."""
        return self.list_display if may_see_reasons(request.user) else self.list_display[:-2]

    def page_context(self, request: HttpRequest, obj: Deposit) -> dict[str, Any]:
        """Facts for everybody; the way it took for those who may see reasons."""
        context: dict[str, Any] = {
            "deposit": obj,
            "state": self.state_shown(obj),
            "may_see_reasons": may_see_reasons(request.user),
        }
        if not context["may_see_reasons"]:
            return context
        attempts = list(obj.attempts.select_related("integration"))
        steps = list(obj.steps.select_related("integration", "actor"))
        may_see_events = request.user.has_perm("integrations.view_inboundevent")
        return context | {
            "attempts": [(each, pill(each.state, each.get_state_display(), level(each.state))) for each in attempts],
            "steps": steps,
            "disputes": list(obj.disputes.all()),
            "events": events_about(steps, attempts) if may_see_events else None,
        }

    @admin.display(description="amount")
    def amount(self, deposit: Deposit) -> str:
        """Asked for."""
        return amount_text(deposit.amount_units, deposit.currency)

    @admin.display(description="settled")
    def settled(self, deposit: Deposit) -> str:
        """What came, if it did."""
        return amount_text(deposit.settled_units or None, deposit.currency)

    @admin.display(description="state")
    def state_shown(self, deposit: Deposit) -> str:
        """Where it stands."""
        return pill(deposit.state, Deposit.State(deposit.state).label, level(deposit.state))

    @admin.display(description="player")
    def player_shown(self, deposit: Deposit) -> str:
        """Whose."""
        return change_link("players.player", deposit.player_id, deposit.player.username)
