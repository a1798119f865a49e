"""Exclusions and ways back on the staff site."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.compliance.asking import ask_colleague
from apps.core.admin_actions import ActionForm, reason_field, staff_action, staff_of
from apps.core.admin_display import change_link, pill
from apps.core.clock import now
from apps.safer_play.commands import ACCEPT_RETURN, END_EXCLUSION
from apps.safer_play.exclusions import lengthen_exclusion
from apps.safer_play.models import (
    Exclusion,
    ExclusionReturn,
)
from apps.safer_play.returning import reject_return
from apps.safer_play.staff_page import SaferPlayPage


class LengthenForm(ActionForm):
    """Asks until when."""

    until = forms.DateField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text="Later than now. Empty: until two people end it.",
    )
    reason = reason_field(200)


class EndForm(ActionForm):
    """Asks why."""

    reason = reason_field(200)


@admin.register(Exclusion)
class ExclusionAdmin(SaferPlayPage):
    """Breaks and exclusions."""

    staff_actions = ("lengthen", "propose_end")
    list_display = ("started_at", "player_shown", "kind", "state_shown", "until", "actor", "ended_at")
    list_filter = ("state", "kind", "player__jurisdiction")
    fields = (
        "player_shown", ("kind", "state_shown"), ("started_at", "until"), ("earliest_return_at", "holds"),
        ("actor", "bars_login"), "reason", "origin", ("ended_at", "end_reason"), "watched_until", "policy_version_id",
    )  # fmt: skip
    readonly_fields = ("player_shown", "state_shown", "until")
    empty_hint = "Nobody is excluded. Players exclude themselves; we do it on a player's page or in a case."

    @admin.display(description="state")
    def state_shown(self, exclusion: Exclusion) -> str:
        """Whether it counts."""
        is_active = exclusion.state == Exclusion.State.ACTIVE
        return pill(exclusion.state, Exclusion.State(exclusion.state).label, "bad" if is_active else "plain")

    @admin.display(description="until (UTC)")
    def until(self, exclusion: Exclusion) -> str:
        """Its end."""
        return f"{exclusion.ends_at:%Y-%m-%d %H:%M}" if exclusion.ends_at else "until it is ended"

    @staff_action(
        title="Lengthen",
        permission="safer_play.lengthen_exclusion",
        form=LengthenForm,
        icon="event_repeat",
        applies=lambda exclusion: exclusion.state == Exclusion.State.ACTIVE and exclusion.ends_at is not None,
    )
    def lengthen(self, request: HttpRequest, obj: Exclusion, data: dict[str, Any]) -> str:
        """Let it end later."""
        until = datetime.combine(data["until"], time(0), UTC) if data["until"] else None
        lengthen_exclusion(
            exclusion_id=obj.pk, ends_at=until, actor=staff_of(request), reason=data["reason"], now=now()
        )
        return "Lengthened."

    @staff_action(
        title="Propose to end early",
        permission="safer_play.propose_exclusion_end",
        form=EndForm,
        description="A colleague has to agree. Time-outs, the panic button and registers end by themselves only.",
        danger=True,
        icon="lock_open",
        applies=lambda exclusion: exclusion.state == Exclusion.State.ACTIVE,
    )
    def propose_end(self, request: HttpRequest, obj: Exclusion, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        return ask_colleague(
            request,
            END_EXCLUSION,
            {"exclusion": obj.pk, "reason": data["reason"]},
            reason=data["reason"],
            about=obj.player_id,
        )


@admin.register(ExclusionReturn)
class ExclusionReturnAdmin(SaferPlayPage):
    """Requests of excluded players to come back."""

    brand_lookup = "exclusion__player__brand_id"
    staff_actions = ("propose_acceptance", "reject")
    list_display = ("requested_at", "player_shown", "state_shown", "decide_by", "back_at", "decided_by")
    list_filter = ("state",)
    list_select_related = ("exclusion__player",)
    search_fields = ("=exclusion__player__username",)
    fields = (
        "player_shown", "state_shown", "exclusion", "reason", ("requested_at", "decide_by"),
        ("decided_by", "decided_at"), "decision_note", "back_at",
    )  # fmt: skip
    readonly_fields = ("player_shown", "state_shown")
    empty_hint = "Nobody has asked to come back."

    @admin.display(description="player")
    def player_shown(self, row: ExclusionReturn) -> str:
        """Whose."""
        player = row.exclusion.player
        return change_link("players.player", player.pk, player.username)

    @admin.display(description="state")
    def state_shown(self, row: ExclusionReturn) -> str:
        """Where it stands."""
        waits = row.state == ExclusionReturn.State.REQUESTED
        return pill(row.state, ExclusionReturn.State(row.state).label, "warning" if waits else "")

    @staff_action(
        title="Propose to accept",
        permission="safer_play.decide_return",
        form=EndForm,
        description="A colleague has to agree; then the cooling-off runs.",
        icon="how_to_reg",
        applies=lambda row: row.state == ExclusionReturn.State.REQUESTED,
    )
    def propose_acceptance(self, request: HttpRequest, obj: ExclusionReturn, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        return ask_colleague(
            request, ACCEPT_RETURN, {"return": obj.pk}, reason=data["reason"], about=obj.exclusion.player_id
        )

    @staff_action(
        title="Reject",
        permission="safer_play.decide_return",
        form=EndForm,
        danger=True,
        icon="cancel",
        applies=lambda row: row.state == ExclusionReturn.State.REQUESTED,
    )
    def reject(self, request: HttpRequest, obj: ExclusionReturn, data: dict[str, Any]) -> str:
        """Say no."""
        reject_return(return_id=obj.pk, actor=staff_of(request), note=data["reason"], now=now())
        return "Rejected; the exclusion goes on."
