"""Pages of manual adjustments. They are proposed on the player's page and decided among the approvals."""

from typing import Any, cast

from django.contrib import admin

from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, change_link, pill, signed_amount_text, trace_link
from apps.wallets.models import Adjustment


@admin.register(Adjustment)
class AdjustmentAdmin(StaffAdmin):
    """A change of a balance by hand, proposed by one person and approved by another."""

    brand_lookup = "brand_id"
    list_display = ("proposed_at", "player", "amount", "bucket", "reason", "state_shown", "proposed_by", "decided_by")
    list_filter = ("state", "reason", "brand")
    list_select_related = ("player", "proposed_by", "decided_by")
    search_fields = ("=player__username", "=public_id")
    fields = (
        ("player_shown", "brand"), ("amount", "bucket"), "reason", "note", ("proposed_by", "proposed_at"),
        "state_shown", ("decided_by", "decided_at"), "decision_note", "posted_as", "payload_digest",
    )  # fmt: skip
    readonly_fields = ("player_shown", "amount", "state_shown", "posted_as", "payload_digest")
    empty_hint = "No balance was changed by hand. That is proposed on a player's page, and decided under Approvals."

    @admin.display(description="player")
    def player_shown(self, adjustment: Adjustment) -> str:
        """Whose balance."""
        return change_link("players.player", adjustment.player_id, adjustment.player.username)

    @admin.display(description="amount")
    def amount(self, adjustment: Adjustment) -> str:
        """Signed: what the player gets or pays."""
        return signed_amount_text(adjustment.amount_units, adjustment.currency)

    @admin.display(description="state")
    def state_shown(self, adjustment: Adjustment) -> str:
        """Decided or not."""
        return pill(adjustment.state, cast("Any", adjustment).get_state_display())

    @admin.display(description="ledger transaction")
    def posted_as(self, adjustment: Adjustment) -> str:
        """What it became."""
        return trace_link(adjustment.transaction_id) if adjustment.transaction_id else NOTHING
