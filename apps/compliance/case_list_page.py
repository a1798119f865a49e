"""The list of cases: its filters, and what its columns say."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.compliance.case_view import SEVERITY_LEVEL, STATE_LEVEL, URGENCY_LEVEL
from apps.compliance.cases.clock import time_left_text
from apps.compliance.models import Blueprint, Case
from apps.compliance.queues import desk_of
from apps.core.admin_display import NOTHING, change_link, pill
from apps.core.clock import now


class DeskFilter(admin.SimpleListFilter):
    """Whose cases, and how they stand; open ones unasked."""

    title = "desk"
    parameter_name = "desk"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What people look for."""
        return [
            ("open", "Open"), ("mine", "Mine"), ("free", "Held by nobody"), ("risk", "SLA at risk"),
            ("waiting", "Waiting for the player"), ("snoozed", "Put aside"), ("resolved", "Resolved"),
            ("all", "Everything"),
        ]  # fmt: skip

    def choices(self, changelist: Any) -> Any:
        """Without Django's "All"."""
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or "open") == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of one desk."""
        unresolved = queryset.exclude(state=Case.State.RESOLVED)
        at = now()
        return {
            "open": unresolved,
            "mine": unresolved.filter(holder=request.user.pk),
            "free": queryset.filter(state=Case.State.OPEN, holder=None),
            "risk": queryset.filter(state=Case.State.OPEN, urgency__gte=Case.Urgency.AT_RISK),
            "waiting": queryset.filter(state=Case.State.AWAITING_PLAYER),
            "snoozed": queryset.filter(state=Case.State.OPEN, snoozed_until__gt=at),
            "resolved": queryset.filter(state=Case.State.RESOLVED),
        }.get(self.value() or "open", queryset)


class QueueFilter(admin.SimpleListFilter):
    """The queues that the person sees."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Only those."""
        user: Any = request.user
        mine = Blueprint.Code.values if user.has_perm("compliance.read_all_cases") else desk_of(user).queues
        return [(code, Blueprint.Code(code).label) for code in mine]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """One queue."""
        chosen = self.value()
        return queryset.filter(blueprint_code=chosen) if chosen else queryset


class CaseColumns:
    """What the list of cases says of each."""

    @admin.display(description="case")
    def reference_shown(self, case: Case) -> str:
        """AML-123."""
        return case.reference

    @admin.display(description="about")
    def title_shown(self, case: Case) -> str:
        """In a few words."""
        return case.title

    @admin.display(description="player")
    def player_shown(self, case: Case) -> str:
        """Whose."""
        return change_link("players.player", case.player_id, case.player.username)

    @admin.display(description="severity")
    def severity_shown(self, case: Case) -> str:
        """How bad."""
        return pill(case.severity, case.get_severity_display(), SEVERITY_LEVEL[case.severity])

    @admin.display(description="state")
    def state_shown(self, case: Case) -> str:
        """Where it stands."""
        text = case.get_resolution_display() if case.is_closed else case.get_state_display()
        return pill(case.state, text, STATE_LEVEL[case.state])

    @admin.display(description="stage")
    def stage_shown(self, case: Case) -> str:
        """Whose desk."""
        return case.get_stage_display()

    @admin.display(description="time")
    def due_shown(self, case: Case) -> str:
        """How long is left."""
        if case.is_closed:
            return f"{case.resolved_at:%Y-%m-%d %H:%M}"
        if case.due_at is None:
            return pill("stands", "clock stands", "plain")
        level = URGENCY_LEVEL[case.urgency]
        return pill("due", time_left_text(case, now=now()), level if level != "good" else "plain")

    @admin.display(description="holder")
    def holder_shown(self, case: Case) -> str:
        """Who works on it."""
        return str(case.holder) if case.holder else NOTHING
