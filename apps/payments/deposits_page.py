"""The list of deposits, and the page that tells one deposit's story."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.core.admin_actions import ActionForm, staff_action, staff_of
from apps.core.admin_display import amount_text, change_link, pill
from apps.core.clock import now
from apps.core.money import Money, MoneyError
from apps.payments.base_page import PaymentPage, level, may_see_reasons
from apps.payments.events_page import events_about
from apps.payments.models import Deposit
from apps.payments.operations.refunds import START_PERMISSION, refundable_units, start_refund

REFUND_REASONS = (
    ("player-request", "The player asked for it, unplayed"),
    ("duplicate", "Paid in twice"),
    ("not-own-account", "Paid from somebody else's account"),
    ("excluded", "Taken from an excluded player"),
    ("fraud", "Fraud, before it is charged back"),
    ("other", "Other, see the note"),
)


class RefundForm(ActionForm):
    """Asks how much and why. The key makes a form that is sent twice one refund."""

    amount = forms.CharField(max_length=32, widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}))
    reason_code = forms.ChoiceField(label="Reason", choices=REFUND_REASONS, widget=UnfoldAdminSelectWidget())
    note = forms.CharField(
        min_length=5, max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept with the refund, readable by auditors.",
    )  # fmt: skip
    action_key = forms.CharField(max_length=64, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, Deposit):
            left = Money(max(refundable_units(self.target), 0), self.target.currency)
            self.initial["action_key"], self.initial["amount"] = uuid4().hex, left.format()
            self.fields["amount"].help_text = f"In {left.currency}; at most {left.format()} is left of it."

    def clean_amount(self) -> Money:
        """As money of the deposit's currency."""
        deposit = self.target
        assert isinstance(deposit, Deposit)  # noqa: S101 - it is on a deposit's page
        try:
            return Money.parse(self.cleaned_data["amount"].strip(), deposit.currency)
        except MoneyError as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Deposit)
class DepositAdmin(PaymentPage):
    """Money on its way in. Providers' events move it; staff look."""

    brand_lookup = "brand_id"
    staff_actions = ("refund",)
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
        return rows.select_related("player", "brand", "method", "integration", "instrument", "contract")

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
            "disputes": [
                (each, pill(each.status, each.get_status_display(), level(each.status))) for each in obj.disputes.all()
            ],
            "refunds": [
                (each, pill(each.state, each.get_state_display(), level(each.state)))
                for each in obj.refunds.select_related("requested_by")
            ],
            "reserve": getattr(obj, "reserve_hold", None),
            "events": events_about(steps, attempts) if may_see_events else None,
        }

    @staff_action(
        title="Refund",
        permission=START_PERMISSION,
        form=RefundForm,
        description="Back to where it came from. It leaves the player's cash at once, and is locked until the answer.",
        danger=True,
        icon="undo",
        applies=lambda deposit: deposit.state in (Deposit.State.SETTLED, Deposit.State.REVERSED),
    )
    def refund(self, request: HttpRequest, obj: Deposit, data: dict[str, Any]) -> str:
        """Give it back."""
        refund, is_known = start_refund(
            deposit_id=obj.pk,
            money=data["amount"],
            reason_code=data["reason_code"],
            note=data["note"],
            action_key=data["action_key"],
            actor=staff_of(request),
            now=now(),
        )
        amount = amount_text(refund.amount_units, refund.currency)
        return f"This refund of {amount} is on its way already." if is_known else f"{amount} go back now."

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
