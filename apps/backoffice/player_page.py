"""The list of players and the page that shows one from all sides. What each tab shows is in `player_tabs`."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.backoffice.personal_data import (
    FIELDS,
    MOST_MORE,
    ask_for_looks,
    personal_facts,
    unmask,
    unmasked_fields,
)
from apps.backoffice.player_privacy import PrivacyActions
from apps.backoffice.player_protection import ProtectionActions
from apps.backoffice.player_statements import StatementActions
from apps.backoffice.player_tabs import TABS, tab_context
from apps.backoffice.purpose_form import PurposeForm
from apps.core.admin_actions import ActionForm, ReasonForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import masked_email, pill, signed_amount_text
from apps.core.clock import now
from apps.core.money import Money, MoneyError
from apps.payments.operations.adjustments import propose_adjustment
from apps.players.models import Player
from apps.players.operations.login import UNLOCK_PERMISSION, is_login_locked, unlock_login
from apps.players.operations.sessions import end_sessions
from apps.players.operations.status import NEXT_STATUSES, change_status
from apps.wallets.models import Adjustment
from apps.wallets.queries import balances_of

REASONS = (
    ("player-request", "The player asked for it"),
    ("responsible-gambling", "Safer gambling"),
    ("aml-review", "Money laundering review"),
    ("fraud-review", "Fraud review"),
    ("identity", "Identity or age in doubt"),
    ("duplicate-account", "Duplicate account"),
    ("terms-breach", "Breach of the terms"),
    ("review-cleared", "A review found nothing"),
    ("other", "Other, see the note"),
)


class StatusForm(ActionForm):
    """Asks for the new status and why."""

    to = forms.ChoiceField(label="New status", choices=Player.Status, widget=UnfoldAdminSelectWidget())
    restrictions = forms.MultipleChoiceField(
        required=False,
        choices=Player.Restriction,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="For “Restricted”: at least one. For any other status: none.",
    )
    reason_code = forms.ChoiceField(label="Reason", choices=REASONS, widget=UnfoldAdminSelectWidget())
    note = forms.CharField(required=False, max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, Player):
            allowed = NEXT_STATUSES[self.target.status]
            cast("forms.ChoiceField", self.fields["to"]).choices = [
                choice for choice in Player.Status.choices if choice[0] in allowed
            ]

    def clean(self) -> dict[str, Any]:
        """Restricted means restricted from something."""
        cleaned = super().clean() or self.cleaned_data
        if (cleaned.get("to") == Player.Status.RESTRICTED) != bool(cleaned.get("restrictions")):
            self.add_error("restrictions", "A restricted player has restrictions with names; others have none.")
        if cleaned.get("reason_code") == "other" and not cleaned.get("note"):
            self.add_error("note", "Say what the reason is.")
        return cleaned


class AdjustmentForm(ActionForm):
    """Asks for the terms of an adjustment; a colleague decides on exactly these."""

    direction = forms.ChoiceField(
        choices=(("give", "The player gets"), ("take", "The player pays")), widget=UnfoldAdminSelectWidget()
    )
    amount = forms.CharField(
        max_length=24, widget=UnfoldAdminTextInputWidget(), help_text="In main units, with a point: 12.50"
    )
    currency = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    bucket = forms.ChoiceField(choices=Adjustment.Bucket, widget=UnfoldAdminSelectWidget())
    reason = forms.ChoiceField(choices=Adjustment.Reason, widget=UnfoldAdminSelectWidget())
    note = forms.CharField(
        min_length=10,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What happened, and where it can be checked (ticket, round, transaction).",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, Player):
            own = self.target.currency
            codes = self.target.brand.currencies.values_list("code", flat=True)
            ordered = sorted(codes, key=lambda code: (code != own, code))
            cast("forms.ChoiceField", self.fields["currency"]).choices = [(code, code) for code in ordered]

    def clean(self) -> dict[str, Any]:
        """Make one signed amount of it, exactly."""
        cleaned = super().clean() or self.cleaned_data
        if "amount" in cleaned and "currency" in cleaned:
            try:
                money = Money.parse(cleaned["amount"].strip(), cleaned["currency"])
            except MoneyError as error:
                self.add_error("amount", str(error))
            else:
                if money.units <= 0:
                    self.add_error("amount", "Above zero, please; who pays is said above.")
                cleaned["money"] = money if cleaned.get("direction") == "give" else -money
        return cleaned


class MoreLooksForm(ReasonForm):
    """Asks how many more, and why."""

    looks = forms.IntegerField(
        min_value=1, max_value=MOST_MORE, initial=10, widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Within an hour of a colleague's agreement",
    )  # fmt: skip
    field_order = ("looks", "reason")


class PlayerAdmin(PrivacyActions, ProtectionActions, StatementActions, StaffAdmin):  # type: ignore[misc] # Unfold's bases disagree
    """A player from all sides."""

    big_table = True
    brand_lookup = "brand_id"
    staff_actions = (
        "change_player_status", "sign_out", "unlock", "show_personal_data", "more_looks",
        "propose_correction", *PrivacyActions.names,
        *ProtectionActions.names, *StatementActions.names,
    )  # fmt: skip
    change_form_template = "staff/player.html"
    list_display = (
        "username",
        "brand",
        "state",
        "email_masked",
        "country",
        "currency",
        "registered_at",
        "last_login_at",
    )
    list_filter = ("status", "brand", "is_test", "jurisdiction", ("dormant_at", admin.EmptyFieldListFilter))
    list_select_related = ("brand",)
    search_fields = ("username",)
    search_help_text = "Username, e-mail address or player id"
    sortable_by = ()
    fields = ()
    empty_hint = "No player of a brand in your scope has registered yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Player]:
        """With the brand, in one query."""
        return super().get_queryset(request).select_related("brand", "jurisdiction")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by whole e-mail address or id, or part of the username; never by part of personal data."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(public_id=UUID(term)), False
        except ValueError:
            pass
        if "@" in term:
            return queryset.alias(address=Lower("email")).filter(address=term.lower()), False
        return queryset.filter(Q(username__icontains=term)), False

    @admin.display(description="status", ordering="status")
    def state(self, player: Player) -> str:
        """Active or not."""
        return pill(player.status)

    @admin.display(description="e-mail")
    def email_masked(self, player: Player) -> str:
        """Masked for everybody: unmasking is per player, with a purpose."""
        return masked_email(player.email)

    def page_context(self, request: HttpRequest, obj: Player) -> dict[str, Any]:
        """The header, and the tab asked for."""
        user = cast("Any", request.user)
        offered = [tab for tab in TABS if all(user.has_perm(permission) for permission in tab.permissions)]
        chosen = next((tab for tab in offered if tab.name == request.GET.get("tab")), offered[0])
        at = now()
        unmasked = unmasked_fields(request, obj, now=at)
        return {
            "player": obj,
            "tabs": offered,
            "tab": chosen,
            "unmasked": unmasked,
            "personal": personal_facts(obj, unmasked=unmasked),
            "wallets": balances_of(obj.pk) if user.has_perm("transactions.view_transaction") else None,
            **tab_context(chosen, obj, user=user, now=at, page=request.GET.get("p", "")),
        }

    @staff_action(
        title="Change status",
        permission="players.change_status",
        form=StatusForm,
        description="Works with the next bet. Suspending or closing also ends every session; wins still settle.",
        danger=True,
        icon="gavel",
    )
    def change_player_status(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Restrict, suspend, close or reinstate."""
        change = change_status(
            player_id=obj.pk,
            to=data["to"],
            restrictions=data["restrictions"],
            reason_code=data["reason_code"],
            note=data["note"],
            actor=staff_of(request),
            now=now(),
        )
        return f"{obj.username} is {data['to']} now." if change else f"{obj.username} was {data['to']} already."

    @staff_action(
        title="End sessions",
        permission="players.change_status",
        form=ReasonForm,
        description="Logs the player out everywhere; logging in again stays possible.",
        icon="logout",
    )
    def sign_out(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Log the player out."""
        ended = end_sessions(player_id=obj.pk, reason="staff", now=now())
        return f"{ended} sessions of {obj.username} ended."

    @staff_action(
        title="Unlock log-in",
        permission=UNLOCK_PERMISSION,
        form=ReasonForm,
        description="After too many wrong passwords, once the player has shown who it is. Say how.",
        icon="lock_open",
        applies=lambda player: is_login_locked(player, now=now()),
    )
    def unlock(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Let the player try again."""
        unlock_login(player_id=obj.pk, actor=staff_of(request), now=now())
        return f"{obj.username} may log in again."

    @staff_action(
        title="Show personal data",
        permission="players.unmask_player",
        form=PurposeForm,
        description="Only what you choose: for ten minutes, for you, on this page.",
        icon="visibility",
    )
    def show_personal_data(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Unmask, with a record."""
        chosen = data["fields_wanted"]
        unmask(request, obj, fields=chosen, purpose=data["purpose"], now=now())
        return f"{', '.join(FIELDS[name] for name in chosen)}: shown for ten minutes. Your look is on record."

    @staff_action(
        title="Ask for more looks",
        permission="players.unmask_player",
        form=MoreLooksForm,
        description="For when you have looked at as much personal data as one hour allows.",
        icon="more_time",
    )
    def more_looks(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        asked = ask_for_looks(looks=data["looks"], maker=staff_of(request), reason=data["reason"], now=now())
        return f"Request {asked.pk} waits for a colleague."

    @staff_action(
        title="Propose adjustment",
        permission="wallets.propose_adjustment",
        form=AdjustmentForm,
        description="Changes the balance once a colleague has agreed, within 24 hours. Nothing moves before.",
        icon="balance",
    )
    def propose_correction(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Ask a colleague to change the balance."""
        propose_adjustment(
            player_id=obj.pk,
            money=data["money"],
            bucket=data["bucket"],
            reason=data["reason"],
            note=data["note"],
            actor=staff_of(request),
            now=now(),
        )
        amount = signed_amount_text(data["money"].units, data["money"].currency)
        return f"Proposed: {amount}. A colleague decides under Approvals."
