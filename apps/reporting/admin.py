"""Pages of game operations: alerts about return to player with their chart, and what games took by day."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget

from apps.brands.models import Brand
from apps.core.admin_actions import ActionForm, ReasonForm, reason_field, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import amount_text, change_link, pill
from apps.core.charts import Banded, band
from apps.core.clock import now
from apps.providers.models import Game
from apps.reporting.contracts_page import MonthRateAdmin, ProviderContractAdmin
from apps.reporting.invoices_page import InvoiceAdmin
from apps.reporting.models import GameDay, RtpAlert
from apps.reporting.performance_page import PerformancePages
from apps.reporting.performance_parts import share
from apps.reporting.reports_page import ReportExportAdmin
from apps.reporting.rtp_alerts import decide_alert, suspend_game, take_alert
from apps.reporting.rtp_bounds import NOTHING_MEASURED, judge
from apps.reporting.rtp_measuring import declared_of, measured_days
from apps.reporting.rtp_monitor import chances

# Importing them registers them.
__all__ = [
    "GameDayAdmin",
    "InvoiceAdmin",
    "MonthRateAdmin",
    "ProviderContractAdmin",
    "ReportExportAdmin",
    "RtpAlertAdmin",
]

_PERCENT = 100
_LEVELS = {"open": "bad", "taken": "warning", "confirmed": "bad", "dismissed": "good"}


class FindingForm(ReasonForm):
    """Asks what was found."""

    verdict = forms.TypedChoiceField(
        label="The game was",
        choices=(("error", "wrong: a key event, to be reported"), ("none", "right: no error")),
        coerce=lambda value: value == "error",
        widget=UnfoldAdminSelectWidget(),
    )
    reason = reason_field(2000)


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:.2f} %"


def chart_of(alert: RtpAlert) -> SafeString | str:
    """Return to player from the first measured day on, with the band of the whole game."""
    found = declared_of([(alert.game_id, alert.variant_id or 0)])
    if not found:
        return ""
    declared, seen, places = found[0], NOTHING_MEASURED, []
    # What raised the alert is shown for good, also after measuring began anew.
    since = alert.evidence.order_by("since").values_list("since", flat=True).first() or declared.since
    for day, measured in measured_days(declared, since=since, before_baseline=True).items():
        seen += measured
        chance = chances(1)[0]
        judgement = judge(seen, declared=declared.rtp, deviation=declared.deviation, alarm_chance=chance)
        wide = judgement.tolerance
        places.append(
            Banded(
                f"{day:%d %b}",
                None if seen.rtp is None else seen.rtp * _PERCENT,
                None if wide is None else (declared.rtp - wide) * _PERCENT,
                None if wide is None else (declared.rtp + wide) * _PERCENT,
            )
        )
    title = "Return to player of all rounds so far, %"
    return band(places, expected=declared.rtp * _PERCENT, title=title) if places else ""


@admin.register(RtpAlert)
class RtpAlertAdmin(StaffAdmin):
    """The case of a game whose return left its tolerance."""

    staff_actions = ("suspend", "take_over", "decide")
    change_form_template = "staff/reporting/rtp_alert.html"
    list_display = ("game", "direction", "measured", "declared", "rounds", "shown_state", "holder", "opened_at")
    list_filter = ("state", "direction")
    list_select_related = ("game", "holder")
    search_fields = ("game__title", "game__code")
    fields = (
        ("game", "variant"), ("direction", "shown_state"), ("measured", "declared"), "rounds",
        ("opened_at", "suspended_at"), ("holder", "taken_at"), ("decided_by", "decided_at"), "finding",
    )  # fmt: skip
    readonly_fields = ("shown_state", "measured", "declared")
    empty_hint = "No game returns more or less than chance explains. Every game is judged each minute it is played."

    @admin.display(description="state", ordering="state")
    def shown_state(self, alert: RtpAlert) -> str:
        """Where it stands."""
        return pill(alert.state, alert.get_state_display(), _LEVELS[alert.state])

    @admin.display(description="measured")
    def measured(self, alert: RtpAlert) -> str:
        """When it was opened."""
        return _percent(alert.measured_ppm)

    @admin.display(description="declared")
    def declared(self, alert: RtpAlert) -> str:
        """By the vendor."""
        return _percent(alert.declared_ppm)

    def page_context(self, request: HttpRequest, obj: RtpAlert) -> dict[str, Any]:
        """The chart and the evidence."""
        rows = [
            (
                each,
                " · ".join(part for part in (each.band_words(), each.channel) if part) or "all rounds",
                _percent(each.measured_ppm),
                _percent(each.tolerance_ppm),
            )
            for each in obj.evidence.all()[:200]
        ]
        return {"chart": chart_of(obj), "evidence": rows, "game_is_enabled": obj.game.is_enabled}

    @staff_action(
        title="Suspend the game",
        permission="providers.switch_game",
        form=ActionForm,
        description="At every brand, with the next bet. Wins and rollbacks of bets already placed still pass.",
        danger=True,
        icon="block",
        applies=lambda alert: alert.game.is_enabled,
    )
    def suspend(self, request: HttpRequest, obj: RtpAlert, data: dict[str, Any]) -> str:
        """Stop launches and bets."""
        suspend_game(alert_id=obj.pk, actor=staff_of(request), now=now())
        return f"{obj.game.title} is disabled."

    @staff_action(
        title="Take over", permission="reporting.decide_rtpalert", icon="front_hand",
        applies=lambda alert: alert.state == "open",
    )  # fmt: skip
    def take_over(self, request: HttpRequest, obj: RtpAlert, data: dict[str, Any]) -> str:
        """Say who looks after it."""
        take_alert(alert_id=obj.pk, actor=staff_of(request), now=now())
        return "You look after it."

    @staff_action(
        title="Decide",
        permission="reporting.decide_rtpalert",
        form=FindingForm,
        description="The game is measured anew from tomorrow.",
        icon="gavel",
        applies=lambda alert: alert.state in ("open", "taken"),
    )
    def decide(self, request: HttpRequest, obj: RtpAlert, data: dict[str, Any]) -> str:
        """Close it with what was found."""
        is_error = data["verdict"]
        decide_alert(alert_id=obj.pk, is_error=is_error, finding=data["reason"], actor=staff_of(request), now=now())
        return "The error is confirmed." if is_error else "The alert is dismissed."


@admin.register(GameDay)
class GameDayAdmin(PerformancePages, StaffAdmin):  # type: ignore[misc] # Unfold's bases disagree among themselves
    """What a game took and paid on one day, and how games did in a time."""

    big_table = True
    brand_lookup = "brand_id"
    list_display = (
        "day",
        "game",
        "brand",
        "currency",
        "rounds",
        "bets",
        "turnover",
        "wins",
        "ggr",
        "rtp",
        "hit_rate",
    )
    list_filter = ("day",)
    sortable_by = ()
    ordering = ("-id",)
    empty_hint = "Nothing has been played yet. Figures follow the ledger within seconds."

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of performance."""
        return [*self.performance_urls(), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[GameDay]:
        """With the names of what the projection knows by number."""
        game, brand = Game.objects.filter(pk=OuterRef("game_id")), Brand.objects.filter(pk=OuterRef("brand_id"))
        rows: QuerySet[GameDay] = super().get_queryset(request)
        return rows.annotate(title=Subquery(game.values("title")), brand_code=Subquery(brand.values("code")))

    @admin.display(description="game")
    def game(self, row: GameDay) -> str:
        """Its page has the switches."""
        return change_link("providers.game", row.game_id, getattr(row, "title", None) or str(row.game_id))

    @admin.display(description="brand")
    def brand(self, row: GameDay) -> str:
        """Its code."""
        return getattr(row, "brand_code", None) or str(row.brand_id)

    @admin.display(description="turnover")
    def turnover(self, row: GameDay) -> str:
        """Stakes less those given back."""
        return amount_text(row.staked - row.returned, row.currency)

    @admin.display(description="wins")
    def wins(self, row: GameDay) -> str:
        """Less those taken back."""
        return amount_text(row.won - row.won_back, row.currency)

    @admin.display(description="GGR")
    def ggr(self, row: GameDay) -> str:
        """Turnover less wins."""
        return amount_text(row.staked - row.returned - row.won + row.won_back, row.currency)

    @admin.display(description="RTP")
    def rtp(self, row: GameDay) -> str:
        """Wins of turnover."""
        turnover = row.staked - row.returned
        return share((row.won - row.won_back) / turnover if turnover > 0 else None)

    @admin.display(description="hit rate")
    def hit_rate(self, row: GameDay) -> str:
        """Rounds that won anything."""
        return share(row.winning_rounds / row.rounds if row.rounds > 0 else None, 1)
