"""The queues in which staff find withdrawals, how long each may stay in its state, and what is to be done first."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.http import HttpRequest

from apps.core.clock import now
from apps.payments.models import StateTarget, Withdrawal

State = Withdrawal.State
TO_DECIDE = (*Withdrawal.AWAITING_STAFF, State.UNKNOWN)


class QueueFilter(admin.SimpleListFilter):
    """What to do is what one gets unasked."""

    title = "queue"
    parameter_name = "queue"
    DUE_FIRST = ("waiting", "overdue", "mine", "slow", "moving")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """Queues, then single states."""
        queues = [
            ("waiting", "To be decided"),
            ("overdue", "Overdue"),
            ("mine", "Mine"),
            ("slow", "Too long in their state"),
            ("moving", "On their way"),
            ("closed", "Closed"),
            ("all", "Everything"),
        ]
        return [*queues, *((value, label) for value, label in State.choices)]

    def choices(self, changelist: Any) -> Any:
        """Without Django's "All"."""
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or "waiting") == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of one queue; a word that is none shows everything."""
        chosen = self.value() or "waiting"
        terms = {
            "waiting": Q(state__in=TO_DECIDE),
            "overdue": Q(state__in=Withdrawal.AWAITING_STAFF, due_at__lte=now(), clock_stopped_at=None),
            "mine": Q(state__in=TO_DECIDE, holder_id=request.user.pk),
            "slow": slow(now()),
            "moving": Q(state__in=(State.REQUESTED, State.SCREENING, State.APPROVED, State.QUEUED))
            | Q(state__in=Withdrawal.IN_FLIGHT),
            "closed": Q(state__in=Withdrawal.CLOSED),
        }
        if chosen in State.values:
            return queryset.filter(state=chosen)
        return queryset.filter(terms[chosen]) if chosen in terms else queryset


def targets() -> dict[str, timedelta]:
    """How long each state may last."""
    return {state: timedelta(minutes=minutes) for state, minutes in StateTarget.objects.values_list("state", "minutes")}


def slow(at: datetime) -> Q:
    """Withdrawals that have been longer in their state than it may last; while they wait for the player time stands."""
    found = Q(pk__in=())
    for state, lasts in targets().items():
        found |= Q(state=state, changed_at__lte=at - lasts)
    return found & Q(clock_stopped_at=None)


def clock_of(withdrawal: Withdrawal, limit: timedelta | None, *, at: datetime) -> tuple[str, str]:
    """Say how long a withdrawal has been in its state, and how good that is: `good`, `warning`, `bad`, `plain`."""
    if withdrawal.is_closed:
        return "", "plain"
    if withdrawal.clock_stopped_at is not None:
        return f"waits for the player since {withdrawal.clock_stopped_at:%Y-%m-%d %H:%M}", "plain"
    lasted = at - withdrawal.changed_at
    text = f"{words_of(lasted)} in this state"
    if limit is None:
        return text, "plain"
    level = "bad" if lasted >= limit else "warning" if lasted >= limit * 0.75 else "good"
    return f"{text}, {words_of(limit)} allowed", level


def words_of(lasted: timedelta) -> str:
    """A length of time for people: `3 d 4 h`, `2 h 5 min`, `40 s`."""
    seconds = int(max(lasted, timedelta(0)).total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def overview(rows: QuerySet[Withdrawal], *, at: datetime) -> list[dict[str, Any]]:
    """What waits in each state, how much of it is late, and what is oldest; one query."""
    late = slow(at)
    counted = (
        rows.exclude(state__in=Withdrawal.CLOSED)
        .order_by()
        .values("state")
        .annotate(count=Count("pk"), late=Count("pk", filter=late), held=Count("holder"), since=Min("changed_at"))
    )
    found = {each["state"]: each for each in counted}
    return [
        {**found[state], "label": State(state).label, "oldest": words_of(at - found[state]["since"])}
        for state in State.values
        if state in found
    ]


def sums_to_decide(rows: QuerySet[Withdrawal]) -> list[tuple[str, int]]:
    """What waits for people, by currency, in ledger units."""
    waiting = rows.filter(state__in=TO_DECIDE).order_by().values_list("currency")
    return [
        (currency, int(units)) for currency, units in waiting.annotate(units=Sum("amount_units")).order_by("currency")
    ]
