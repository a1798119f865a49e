"""Buttons of a player's page that are about his data: a legal hold, a request to be forgotten, a copy of everything."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextInputWidget

from apps.compliance.exports import EXPORT_PERMISSION, request_export
from apps.compliance.retention import ERASURE_PERMISSION, PLACE_PERMISSION, place_hold, record_erasure_request
from apps.core.admin_actions import ActionForm, reason_field, staff_action, staff_of
from apps.core.clock import now
from apps.players.models import Player

_USUAL_REVIEW = timedelta(days=90)


class HoldForm(ActionForm):
    """Asks what the hold covers, why, and when it is looked at again."""

    scope = forms.CharField(
        max_length=200, widget=UnfoldAdminTextInputWidget(), help_text="The matter it belongs to, and what it covers"
    )
    reason = reason_field(2000)
    review_on = forms.DateField(
        label="Review on", widget=UnfoldAdminDateWidget(attrs={"type": "date"}), help_text="Within a year"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("review_on", (now() + _USUAL_REVIEW).date().isoformat())


class ErasureForm(ActionForm):
    """Asks how the request reached us."""

    channel = forms.CharField(
        max_length=80, widget=UnfoldAdminTextInputWidget(), help_text="Letter, e-mail, ticket number"
    )


class ExportForm(ActionForm):
    """Asks what the copy is for."""

    purpose = forms.CharField(
        min_length=5, max_length=300, widget=UnfoldAdminTextInputWidget(), help_text="Access request, ticket number"
    )


class PrivacyActions:
    """A mixin of the player's page."""

    names = ("hold_data", "forget_request", "copy_data")

    @staff_action(
        title="Place legal hold",
        permission=PLACE_PERMISSION,
        form=HoldForm,
        description="Nothing about the player is erased until a hold is released, which takes two people.",
        icon="lock",
    )
    def hold_data(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Keep everything."""
        hold = place_hold(
            player_id=obj.pk,
            scope=data["scope"],
            reason=data["reason"],
            review_on=data["review_on"],
            owner=staff_of(request),
            now=now(),
        )
        return f"{obj.username} is under legal hold {hold.pk} until two people release it."

    @staff_action(
        title="Record erasure request",
        permission=ERASURE_PERMISSION,
        form=ErasureForm,
        description="The player asks to be forgotten. The law wants an answer within a month.",
        icon="person_remove",
    )
    def forget_request(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Note it."""
        noted = record_erasure_request(player_id=obj.pk, channel=data["channel"], actor=staff_of(request), now=now())
        return f"Noted. Answer it under Erasure requests by {noted.due_at:%d %b %Y}."

    @staff_action(
        title="Export everything",
        permission=EXPORT_PERMISSION,
        form=ExportForm,
        description="A ZIP for the player, without staff's notes and suspicions. A worker collects it.",
        icon="folder_zip",
    )
    def copy_data(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Have it collected."""
        export = request_export(player_id=obj.pk, purpose=data["purpose"], actor=staff_of(request), now=now())
        return f"Export {export.pk} is being made; download it under Data exports."
