"""Safer play on a player's page: the tab with limits, spend and time, and the buttons that protect him."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.core.admin_actions import ActionForm, reason_field, staff_action, staff_of
from apps.core.admin_display import amount_text, pill
from apps.core.clock import now
from apps.core.money import Money, MoneyError
from apps.players.models import Player
from apps.safer_play.exclusions import Kind, exclude_by_staff
from apps.safer_play.figures import Day, days_of
from apps.safer_play.interactions import start_interaction
from apps.safer_play.limit_terms import Terms
from apps.safer_play.limits import lower_for_player
from apps.safer_play.models import Exclusion, Interaction, Limit, Refusal, RegisterQuery
from apps.safer_play.overview import LimitView, limit_views

_SHOWN = 20
# Of the drawing, in its own units.
_WIDTH, _HEIGHT, _GAP = 600, 120, 4


class ExcludeForm(ActionForm):
    """Asks for whom, how long and why."""

    kind = forms.ChoiceField(
        choices=((Kind.OPERATOR, "We exclude the player"), (Kind.THIRD_PARTY, "A third party asked for it")),
        widget=UnfoldAdminSelectWidget(),
    )
    days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=36_500,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Empty: until two people end it.",
    )
    reason = reason_field(300)


class LimitForm(ActionForm):
    """Asks for a limit of the operator's own."""

    kind = forms.ChoiceField(choices=Limit.Kind.choices, widget=UnfoldAdminSelectWidget())
    period = forms.ChoiceField(required=False, choices=Limit.Period.choices, widget=UnfoldAdminSelectWidget())
    amount = forms.CharField(
        required=False,
        max_length=24,
        widget=UnfoldAdminTextInputWidget(),
        help_text="In the player's currency, in main units: 50.00. For time: empty.",
    )
    minutes = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=44_640,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="For time only.",
    )
    reason = reason_field(300)

    def clean(self) -> dict[str, Any]:
        """Make exact terms of it."""
        cleaned = super().clean() or self.cleaned_data
        money = None
        if cleaned.get("amount") and isinstance(self.target, Player):
            try:
                money = Money.parse(cleaned["amount"].strip(), self.target.currency)
            except MoneyError as error:
                self.add_error("amount", str(error))
        if money is None and not cleaned.get("minutes") and not self.errors:
            self.add_error("amount", "An amount, or minutes for time.")
        cleaned["terms"] = Terms(
            kind=cleaned.get("kind", ""), period=cleaned.get("period", ""), money=money, minutes=cleaned.get("minutes")
        )
        return cleaned


class InteractionForm(ActionForm):
    """Asks what is to be done, how, and why."""

    action = forms.ChoiceField(
        choices=((Interaction.Action.MESSAGE, "Message"), (Interaction.Action.CONTACT, "Personal contact"),
                 (Interaction.Action.MARKETING_STOP, "Stop marketing and bonuses")),
        widget=UnfoldAdminSelectWidget(),
    )  # fmt: skip
    channel = forms.ChoiceField(choices=Interaction.Channel.choices, widget=UnfoldAdminSelectWidget())
    reason = forms.CharField(
        min_length=5,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What was seen, with figures.",
    )


class ProtectionActions:
    """Buttons of the player's page; a mixin of its admin class."""

    names = ("protect_with_limit", "exclude_player", "interact_with_player")

    @staff_action(
        title="Set or lower a limit",
        permission="safer_play.lower_limit",
        form=LimitForm,
        description="The operator's own limit, beside the player's. Counts with the next bet or deposit.",
        icon="speed",
    )
    def protect_with_limit(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Limit."""
        change = lower_for_player(
            player_id=obj.pk, terms=data["terms"], actor=staff_of(request), reason=data["reason"], now=now()
        )
        return f"In force: {change.effective}."

    @staff_action(
        title="Exclude",
        permission="safer_play.exclude_player",
        form=ExcludeForm,
        description="At once: sessions end; bets, deposits and marketing stop. Wins settle and money can leave.",
        danger=True,
        icon="block",
    )
    def exclude_player(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Exclude."""
        lasts = timedelta(days=data["days"]) if data["days"] else None
        exclude_by_staff(
            player_id=obj.pk, lasts=lasts, kind=data["kind"], actor=staff_of(request), reason=data["reason"], now=now()
        )
        return "The player is excluded."

    @staff_action(
        title="Start an interaction",
        permission="safer_play.record_interaction",
        form=InteractionForm,
        description="Something to be done with the player, to be closed with evidence that it happened.",
        icon="forum",
    )
    def interact_with_player(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Interact."""
        started = start_interaction(
            player_id=obj.pk,
            trigger="staff",
            trigger_text=data["reason"],
            action=data["action"],
            channel=data["channel"],
            dedupe_key=f"staff:{uuid4()}",
            actor=staff_of(request),
            now=now(),
        )
        return f"{started.get_action_display()}: {started.get_state_display().lower()}."


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in a drawing."""

    x: float
    y: float
    width: float
    height: float
    title: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Thirty days of one figure, with the lowest daily limit as a line."""

    title: str
    total: str
    bars: list[Bar]
    limit_y: float | None
    limit_text: str
    first_day: str
    last_day: str


def protection_context(player: Player, *, at: datetime) -> dict[str, Any]:
    """What the tab shows: one query a box, and one for each limit in force."""
    views = limit_views(player.pk, now=at)
    days = days_of(player, currency=player.currency, now=at)
    return {
        "protection": {
            "limits": [(view, _share(view), _texts(view)) for view in views],
            "charts": _charts(days, views, player.currency),
            "exclusions": [(each, _exclusion_pill(each)) for each in player.exclusions.all()[:_SHOWN]],
            "interactions": [(each, pill(each.state)) for each in player.interactions.all()[:_SHOWN]],
            "refusals": list(Refusal.objects.filter(player=player)[:_SHOWN]),
            "queries": list(RegisterQuery.objects.filter(player=player)[:_SHOWN]),
            "is_marketing_stopped": player.marketing_stops.filter(lifted_at=None).exists(),
            "width": _WIDTH,
            "height": _HEIGHT,
        }
    }


def _exclusion_pill(exclusion: Exclusion) -> str:
    is_active = exclusion.state == Exclusion.State.ACTIVE
    return pill(exclusion.state, Exclusion.State(exclusion.state).label, "bad" if is_active else "plain")


def _share(view: LimitView) -> int | None:
    """Per cent used up, 100 at most."""
    if view.active is None or view.used is None or not view.active.size:
        return None
    return min(max(round(100 * view.used / view.active.size), 0), 100)


def _texts(view: LimitView) -> dict[str, str]:
    def text(size: int | None) -> str:
        if size is None:
            return "–"
        return f"{size // 60} min" if view.kind == Limit.Kind.SESSION else amount_text(size, view.currency)

    return {
        "in_force": view.active.terms_text if view.active else "–",
        "waits": f"{view.change.terms_text}" if view.change else "",
        "used": text(view.used),
        "left": text(max(view.headroom, 0) if view.headroom is not None else None),
    }


def _charts(days: list[Day], views: list[LimitView], currency: str) -> list[Chart]:
    def money(units: int) -> str:
        return amount_text(units, currency)

    def time(seconds: int) -> str:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"

    def daily(kind: str) -> int | None:
        sizes = [
            view.active.size
            for view in views
            if view.active and view.kind == kind and view.period == "day" and view.currency in ("", currency)
        ]
        return min(sizes, default=None)

    return [
        _chart("Lost (own money)", [(day.day, max(day.lost, 0)) for day in days], money, daily(Limit.Kind.LOSS)),
        _chart("Deposited", [(day.day, day.deposited) for day in days], money, daily(Limit.Kind.DEPOSIT)),
        _chart("Time logged in", [(day.day, day.seconds) for day in days], time, daily(Limit.Kind.SESSION)),
    ]


def _chart(title: str, values: list[tuple[Any, int]], text: Any, limit: int | None) -> Chart:
    top = max([value for _, value in values] + [limit or 0, 1])
    step = _WIDTH / len(values)
    bars = [
        Bar(
            x=round(number * step, 1),
            y=round(_HEIGHT * (1 - value / top), 1),
            width=round(step - _GAP, 1),
            height=round(_HEIGHT * value / top, 1),
            title=f"{day:%d %b}: {text(value)}",
            is_over=limit is not None and value > limit,
        )
        for number, (day, value) in enumerate(values)
    ]
    return Chart(
        title=title,
        total=text(sum(value for _, value in values)),
        bars=bars,
        limit_y=None if limit is None else round(_HEIGHT * (1 - limit / top), 1),
        limit_text="" if limit is None else f"daily limit {text(limit)}",
        first_day=f"{values[0][0]:%d %b}",
        last_day=f"{values[-1][0]:%d %b}",
    )
