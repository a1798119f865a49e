"""Pages of manual adjustments. They are proposed on the player's page and decided here, by somebody else."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget

from apps.core.admin_actions import ActionForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, change_link, pill, signed_amount_text, trace_link
from apps.core.clock import now
from apps.wallets.adjustments import approve_adjustment, reject_adjustment
from apps.wallets.models import Adjustment


class ApproveForm(ActionForm):
    """Carries what the second person was shown, so that nothing else is posted."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput())
    note = forms.CharField(required=False, max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, Adjustment):
            self.initial["digest"] = self.target.payload_digest


class RejectForm(ActionForm):
    """Asks why not."""

    note = forms.CharField(min_length=5, max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


def _waits(adjustment: Adjustment) -> bool:
    return bool(adjustment.state == Adjustment.State.PROPOSED)


@admin.register(Adjustment)
class AdjustmentAdmin(StaffAdmin):
    """A change of a balance by hand, proposed by one person and decided by another."""

    brand_lookup = "brand_id"
    staff_actions = ("approve", "reject")
    list_display = ("proposed_at", "player", "amount", "bucket", "reason", "state_shown", "proposed_by", "decided_by")
    list_filter = ("state", "reason", "brand")
    list_select_related = ("player", "proposed_by", "decided_by")
    search_fields = ("=player__username", "=public_id")
    fields = (
        ("player_shown", "brand"), ("amount", "bucket"), "reason", "note", ("proposed_by", "proposed_at"),
        ("state_shown", "expires_at"), ("decided_by", "decided_at"), "decision_note", "posted_as", "payload_digest",
    )  # fmt: skip
    readonly_fields = ("player_shown", "amount", "state_shown", "posted_as", "payload_digest")
    empty_hint = "Nobody has proposed an adjustment. That is done on a player's page, and decided here by a colleague."

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

    @staff_action(
        title="Approve and post",
        permission="wallets.approve_adjustment",
        form=ApproveForm,
        description="Moves the money at once. Not for whoever proposed it.",
        danger=True,
        icon="task_alt",
        applies=_waits,
    )
    def approve(self, request: HttpRequest, obj: Adjustment, data: dict[str, Any]) -> str:
        """Agree."""
        done = approve_adjustment(
            adjustment_id=obj.pk,
            payload_digest=data["digest"],
            actor=staff_of(request),
            now=now(),
            note=data["note"],
        )
        return f"Posted: {self.amount(done)} for {obj.player.username}."

    @staff_action(
        title="Reject", permission="wallets.approve_adjustment", form=RejectForm, icon="cancel", applies=_waits
    )
    def reject(self, request: HttpRequest, obj: Adjustment, data: dict[str, Any]) -> str:
        """Disagree."""
        reject_adjustment(adjustment_id=obj.pk, note=data["note"], actor=staff_of(request), now=now())
        return "Rejected; nothing has moved."
