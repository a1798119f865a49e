"""Staff pages of safer play: interactions, registers, refusals, marketing. Limits and exclusions have modules."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.core.admin_actions import ActionForm, reason_field, staff_action, staff_of
from apps.core.admin_display import NOTHING, amount_text, pill, plain_text
from apps.core.clock import now
from apps.safer_play.exclusions_page import ExclusionAdmin, ExclusionReturnAdmin
from apps.safer_play.interactions import close_interaction
from apps.safer_play.limits_page import LimitAdmin
from apps.safer_play.models import (
    Interaction,
    MarketingStop,
    Refusal,
    RegisterQuery,
)
from apps.safer_play.staff_page import SaferPlayPage

__all__ = [
    "ExclusionAdmin", "ExclusionReturnAdmin", "InteractionAdmin", "LimitAdmin", "MarketingStopAdmin", "RefusalAdmin",
    "RegisterQueryAdmin",
]  # fmt: skip


class CloseForm(ActionForm):
    """Asks what came of it, and where that can be seen."""

    state = forms.ChoiceField(
        label="Outcome",
        choices=(("done", "Done"), ("failed", "The player could not be reached"), ("cancelled", "Not needed any more")),
        widget=UnfoldAdminSelectWidget(),
    )
    evidence = forms.CharField(
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Call number, message id: required for “Done”.",
    )
    reason = reason_field(300)


@admin.register(Interaction)
class InteractionAdmin(SaferPlayPage):
    """Steps taken with players."""

    staff_actions = ("close",)
    list_display = ("started_at", "player_shown", "action", "channel", "state_shown", "due_at", "trigger", "outcome")
    list_filter = ("state", "action", "player__jurisdiction")
    fields = (
        "player_shown", ("action", "channel"), ("state_shown", "due_at"), "trigger", "trigger_text",
        ("started_at", "started_by"), ("closed_at", "closed_by"), "outcome", "evidence", "before_shown", "after_shown",
    )  # fmt: skip
    readonly_fields = ("player_shown", "state_shown", "before_shown", "after_shown")
    empty_hint = "Nothing to do. Rules and colleagues start interactions; a player's page has a button for it."

    @admin.display(description="state")
    def state_shown(self, row: Interaction) -> str:
        """Where it stands."""
        overdue = row.state == Interaction.State.OPEN and row.due_at <= now()
        return pill(row.state, "overdue" if overdue else row.get_state_display(), "bad" if overdue else "")

    @admin.display(description="14 days before")
    def before_shown(self, row: Interaction) -> str:
        """Spend and time."""
        return _measured(row.before)

    @admin.display(description="14 days after")
    def after_shown(self, row: Interaction) -> str:
        """Spend and time."""
        return _measured(row.after) if row.after else "not yet over"

    @staff_action(
        title="Close",
        permission="safer_play.record_interaction",
        form=CloseForm,
        description="What came of it, with evidence that it happened.",
        icon="task_alt",
        applies=lambda row: row.state == Interaction.State.OPEN,
    )
    def close(self, request: HttpRequest, obj: Interaction, data: dict[str, Any]) -> str:
        """Say what came of it."""
        close_interaction(
            interaction_id=obj.pk,
            state=data["state"],
            outcome=data["reason"],
            evidence=data["evidence"],
            actor=staff_of(request),
            now=now(),
        )
        return "Closed."


@admin.register(RegisterQuery)
class RegisterQueryAdmin(SaferPlayPage):
    """Every question to a national register, and its answer."""

    list_display = ("asked_at", "register", "purpose", "answer_shown", "took", "player_shown", "error")
    list_filter = ("register", "purpose", "answer")
    fields = (
        "asked_at", ("register", "jurisdiction"), "purpose", "answer_shown", "error", "took", "player_shown",
        "subject_digest", "policy_version_id", "exchange_id",
    )  # fmt: skip
    readonly_fields = ("answer_shown", "took", "player_shown")
    empty_hint = "No register has been asked. Where the law wants it, each registration and log-in asks."

    @admin.display(description="answer")
    def answer_shown(self, query: RegisterQuery) -> str:
        """What it said."""
        level = {"clear": "good", "excluded": "bad", "unknown": "bad"}.get(query.answer, "warning")
        return pill(query.answer, query.get_answer_display(), level)

    @admin.display(description="took")
    def took(self, query: RegisterQuery) -> str:
        """How long."""
        return f"{query.latency_ms} ms"


@admin.register(Refusal)
class RefusalAdmin(SaferPlayPage):
    """Bets and deposits that a limit refused."""

    list_display = ("refused_at", "player_shown", "subject", "rule_shown", "period", "asked", "room", "returns_at")
    list_filter = ("subject", "rule")
    fields = (
        "refused_at", "player_shown", ("subject", "rule_shown"), "period", ("asked", "room"), "returns_at", "limit_id",
        "policy_version_id", "request_id",
    )  # fmt: skip
    readonly_fields = ("player_shown", "rule_shown", "asked", "room")
    empty_hint = "No limit has had to hold anybody back."

    @admin.display(description="limit", ordering="rule")
    def rule_shown(self, row: Refusal) -> str:
        """Which kind of limit, in words."""
        return plain_text(row.rule).capitalize()

    @admin.display(description="asked for")
    def asked(self, row: Refusal) -> str:
        """How much."""
        return amount_text(row.asked_units, row.currency) if row.currency else NOTHING

    @admin.display(description="room left")
    def room(self, row: Refusal) -> str:
        """How much there was."""
        if row.headroom_units is None:
            return NOTHING
        return (
            f"{row.headroom_units // 60} min"
            if row.rule == "session"
            else amount_text(row.headroom_units, row.currency)
        )


@admin.register(MarketingStop)
class MarketingStopAdmin(SaferPlayPage):
    """Who must not be sent marketing."""

    list_display = ("since", "player_shown", "reason", "actor", "lifted_at")
    list_filter = ("reason",)
    fields = ("player_shown", "reason", "actor", "since", "lifted_at")
    readonly_fields = ("player_shown",)
    empty_hint = "Nobody is on the suppression list."


def _measured(measured: dict[str, Any]) -> str:
    """Figures of a fortnight in words."""
    money = "; ".join(
        f"staked {amount_text(sums['staked'], code)}, lost {amount_text(sums['lost'], code)} in {sums['bets']} bets"
        for code, sums in measured.get("money", {}).items()
    )
    hours = measured.get("login_seconds", 0) / 3600
    return f"{money or 'no play'}; {hours:.1f} h logged in; {measured.get('limits', 0)} limits"
