"""Limits on the staff site: their history, contacts about high ones, and proposals to raise one."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.compliance.asking import ask_colleague
from apps.core.admin_actions import ActionForm, reason_field, staff_action, staff_of
from apps.core.admin_display import pill
from apps.core.clock import now
from apps.core.money import Money, MoneyError
from apps.safer_play.commands import RAISE_LIMIT, raise_payload
from apps.safer_play.limits import record_contact
from apps.safer_play.models import (
    Limit,
)
from apps.safer_play.staff_page import SaferPlayPage


class ContactForm(ActionForm):
    """Asks what came of the contact."""

    accepted = forms.ChoiceField(
        choices=(("yes", "The limit may be so high"), ("no", "The limit stays as it is")),
        widget=UnfoldAdminSelectWidget(),
    )
    reason = reason_field(300)


class RaiseForm(ActionForm):
    """Asks for the higher limit a colleague is to agree to."""

    amount = forms.CharField(
        required=False,
        max_length=24,
        widget=UnfoldAdminTextInputWidget(),
        help_text="In main units: 250.00; of a limit on time, minutes. Empty: no limit at all.",
    )
    reason = reason_field(300)

    def clean(self) -> dict[str, Any]:
        """Make exact terms of it."""
        cleaned = super().clean() or self.cleaned_data
        limit, text = self.target, (cleaned.get("amount") or "").strip()
        cleaned["money"] = cleaned["minutes"] = None
        if isinstance(limit, Limit) and text:
            if limit.kind == Limit.Kind.SESSION:
                cleaned["minutes"] = int(text) if text.isdecimal() else None
                if not cleaned["minutes"]:
                    self.add_error("amount", "Whole minutes, please.")
            else:
                try:
                    cleaned["money"] = Money.parse(text, limit.currency)
                except MoneyError as error:
                    self.add_error("amount", str(error))
        return cleaned


@admin.register(Limit)
class LimitAdmin(SaferPlayPage):
    """Limits, in force and over, with what happened to each."""

    staff_actions = ("record_contact_with_player", "propose_raise")
    list_display = ("requested_at", "player_shown", "kind", "period", "terms", "set_by", "state_shown", "effective_at")
    list_filter = ("state", "kind", "set_by", "player__jurisdiction")
    fields = (
        "player_shown", ("kind", "period"), ("terms", "state_shown"), ("window", "basis"), ("set_by", "actor"),
        ("requested_at", "effective_at"), "ended_at", "reason", "policy_version_id", "history_shown",
    )  # fmt: skip
    readonly_fields = ("player_shown", "terms", "state_shown", "history_shown")
    empty_hint = "No limits like that. Players set their own; ours are set on a player's page."

    @admin.display(description="limit")
    def terms(self, limit: Limit) -> str:
        """How much."""
        return limit.terms_text

    @admin.display(description="state")
    def state_shown(self, limit: Limit) -> str:
        """Where it stands."""
        waits = limit.state in (Limit.State.AWAITING_CONTACT, Limit.State.AWAITING_CONFIRMATION)
        return pill(limit.state, Limit.State(limit.state).label, "warning" if waits else "")

    @admin.display(description="what happened (UTC)")
    def history_shown(self, limit: Limit) -> Any:
        """Each step."""
        return format_html_join(
            "",
            "<div>{} · {} by {}{}</div>",
            (
                (f"{each.occurred_at:%Y-%m-%d %H:%M:%S}", each, each.actor, f" · {each.note}" if each.note else "")
                for each in limit.events.order_by("pk")
            ),
        )

    @staff_action(
        title="Record the contact",
        permission="safer_play.contact_about_limit",
        form=ContactForm,
        description="The law wants somebody to speak with the player before so high a limit counts.",
        icon="call",
        applies=lambda limit: limit.state == Limit.State.AWAITING_CONTACT,
    )
    def record_contact_with_player(self, request: HttpRequest, obj: Limit, data: dict[str, Any]) -> str:
        """Say what came of it."""
        after = record_contact(
            limit_id=obj.pk,
            accepted=data["accepted"] == "yes",
            actor=staff_of(request),
            note=data["reason"],
            now=now(),
        )
        return f"Recorded. The limit: {Limit.State(after.state).label.lower()}."

    @staff_action(
        title="Propose to raise",
        permission="safer_play.raise_limit",
        form=RaiseForm,
        description="A colleague has to agree, and then the player's own delay runs.",
        icon="trending_up",
        applies=lambda limit: limit.state == Limit.State.ACTIVE,
    )
    def propose_raise(self, request: HttpRequest, obj: Limit, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        return ask_colleague(
            request,
            RAISE_LIMIT,
            raise_payload(obj, money=data["money"], minutes=data["minutes"]),
            reason=data["reason"],
            about=obj.player_id,
        )
