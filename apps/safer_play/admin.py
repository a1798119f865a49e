"""Staff pages of safer play: limits and their history, exclusions and ways back, interactions, registers, refusals."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.compliance.asking import ask_colleague
from apps.core.admin_actions import ActionForm, reason_field, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, amount_text, change_link, pill, plain_text
from apps.core.clock import now
from apps.core.money import Money, MoneyError
from apps.safer_play.commands import ACCEPT_RETURN, END_EXCLUSION, RAISE_LIMIT, raise_payload
from apps.safer_play.exclusions import lengthen_exclusion
from apps.safer_play.interactions import close_interaction
from apps.safer_play.limits import record_contact
from apps.safer_play.models import (
    Exclusion,
    ExclusionReturn,
    Interaction,
    Limit,
    MarketingStop,
    Refusal,
    RegisterQuery,
)
from apps.safer_play.returning import reject_return


class SaferPlayPage(StaffAdmin):
    """A page whose rows belong to players."""

    brand_lookup = "player__brand_id"
    big_table = True
    ordering = ("-id",)
    sortable_by = ()
    list_select_related = ("player",)
    search_fields = ("=player__username",)
    search_help_text = "Username, in full"

    @admin.display(description="player")
    def player_shown(self, row: Any) -> str:
        """Whose."""
        return change_link("players.player", row.player_id, row.player.username) if row.player_id else NOTHING


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
