"""Pages of decisions and dead letters. Those of rules stand in `rules_page`, the page of the whole in `health_page`."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from apps.core.admin_actions import ReasonForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin, brand_scope
from apps.core.admin_display import change_link, pill
from apps.core.clock import now
from apps.monitoring.deadletters import retry, set_aside
from apps.monitoring.models import DeadLetter, Decision
from apps.monitoring.rules_page import RuleAdmin, RuleVersionAdmin
from apps.players.models import Player

# Importing them registers them.
__all__ = ["DeadLetterAdmin", "DecisionAdmin", "RuleAdmin", "RuleVersionAdmin"]

_LEVELS = {"hit": "warning", "unknown": "warning", "error": "bad", "pass": "good", "hold": "warning", "block": "bad"}


def of_scope(request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Leave out rows about players of other brands; they know a player by number only. What is of nobody is for all."""
    scope = brand_scope(request.user)
    if scope is None:
        return rows
    theirs = Q(player_id__in=Player.objects.filter(brand_id__in=scope.ids).values("pk"))
    return rows.filter(theirs | Q(player_id=None))


@admin.register(Decision)
class DecisionAdmin(StaffAdmin):
    """What rules decided, with everything they read. A decision can be made again from its row."""

    big_table = True
    change_form_template = "staff/monitoring/decision.html"
    list_display = ("decided_at", "rule_id", "result_shown", "outcome_shown", "suppressed", "mode", "purpose", "player")
    list_filter = ("result", "mode", "is_shadow", "rule__family")
    search_fields = ("=rule__code", "=player_id", "=subject")
    search_help_text = "Rule code, player's number or subject, in full"
    fields = ()
    sortable_by = ()
    empty_hint = "No rule has decided anything yet. Rules run once they are live: see Rules."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Of players whom the person serves."""
        return of_scope(request, super().get_queryset(request).select_related("rule"))

    @admin.display(description="result")
    def result_shown(self, decision: Decision) -> str:
        """What the expression said."""
        return pill(decision.result, level=_LEVELS.get(decision.result, ""))

    @admin.display(description="outcome")
    def outcome_shown(self, decision: Decision) -> str:
        """What followed."""
        return pill(decision.outcome, level=_LEVELS.get(decision.outcome, ""))

    @admin.display(description="player")
    def player(self, decision: Decision) -> str:
        """Whose."""
        return change_link("players.player", decision.player_id, f"#{decision.player_id}")

    def page_context(self, request: HttpRequest, obj: Decision) -> dict[str, Any]:
        """The words first, then what was read."""
        return {
            "decision": obj,
            "result": self.result_shown(obj),
            "outcome": self.outcome_shown(obj),
            "player": self.player(obj),
            "version": change_link("monitoring.ruleversion", obj.version_id, f"{obj.rule_id}")
            if obj.version_id
            else "",
            "inputs": [(name, _plain(value)) for name, value in obj.inputs.items()],
            "params": sorted(obj.params.items()),
        }


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "none" if value.get("absent") else str(next(iter(value.values())))
    return str(value)


@admin.register(DeadLetter)
class DeadLetterAdmin(StaffAdmin):
    """What could not be judged. Events are tried again by themselves; people look when that does not help."""

    staff_actions = ("try_again", "set_aside")
    list_display = (
        "happened_at",
        "stage",
        "purpose",
        "version",
        "player",
        "error",
        "tries",
        "next_try_at",
        "settled_at",
    )
    list_filter = ("stage", ("settled_at", admin.EmptyFieldListFilter))
    list_select_related = ("version",)
    fields = (
        "happened_at",
        "stage",
        "purpose",
        "version",
        "player",
        "error",
        "payload",
        "tries",
        "next_try_at",
        "settled_at",
        "settled_how",
    )
    readonly_fields = fields
    sortable_by = ()
    empty_hint = "Nothing: every entry could be judged."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Of players whom the person serves."""
        return of_scope(request, super().get_queryset(request))

    @admin.display(description="player")
    def player(self, letter: DeadLetter) -> str:
        """Whose."""
        return change_link("players.player", letter.player_id, f"#{letter.player_id}")

    @staff_action(
        title="Try again",
        permission="monitoring.settle_deadletter",
        description="Judges it now, as it would have been judged then.",
        icon="replay",
        applies=lambda letter: letter.settled_at is None and letter.stage in DeadLetter.TRIED_AGAIN,
    )
    def try_again(self, request: HttpRequest, obj: DeadLetter, data: dict[str, Any]) -> str:
        """Once more."""
        return "It is settled." if retry(letter_id=obj.pk, now=now()) else "It failed again; the reason is above."

    @staff_action(
        title="Set aside",
        permission="monitoring.settle_deadletter",
        form=ReasonForm,
        description="Closes it for good: say why it need not be judged.",
        danger=True,
        icon="archive",
        applies=lambda letter: letter.settled_at is None,
    )
    def set_aside(self, request: HttpRequest, obj: DeadLetter, data: dict[str, Any]) -> str:
        """Close it."""
        set_aside(letter_id=obj.pk, by=staff_of(request), note=data["reason"], now=now())
        return "It is set aside."
