"""What happens by time: changes of limits, ends of exclusions, log-outs of who has gone, effects looked at."""

from datetime import timedelta

from celery import shared_task
from django.db import connection

from apps.core import clock
from apps.safer_play import guarding, interactions, limits, returning
from apps.safer_play.guarding import TALLIED_FOR
from apps.safer_play.inactivity import end_idle_log_ins
from apps.safer_play.models import Guard, Interaction, Limit
from apps.safer_play.visits import lapse_visits

_AT_ONCE = 500


@shared_task(name="safer_play.apply_due_limits")
def apply_due_limits() -> int:
    """Carry out changes of limits whose time has come; bets and deposits obey them at that time anyway."""
    now = clock.now()
    waiting = Limit.objects.filter(state__in=(Limit.State.PENDING, Limit.State.AWAITING_CONFIRMATION))
    due = waiting.filter(effective_at__lte=now).order_by("player_id").values_list("player_id", flat=True).distinct()
    return sum(limits.apply_due_changes_of(player_id=player_id, now=now) for player_id in due[:_AT_ONCE])


@shared_task(name="safer_play.end_due_exclusions")
def end_due_exclusions() -> int:
    """End exclusions whose time, or whose player's cooling-off, is over."""
    now = clock.now()
    due = returning.due_exclusions(now=now)[:_AT_ONCE]
    return sum(returning.end_due_exclusion(exclusion_id=pk, now=now) for pk in due)


@shared_task(name="safer_play.lapse_visits")
def lapse_exclusion_visits() -> int:
    """Say of players who went to exclude themselves, and of whom nothing was heard since, that they left."""
    return lapse_visits(now=clock.now(), most=_AT_ONCE)


@shared_task(name="safer_play.end_idle_log_ins")
def end_idle_log_ins_everywhere() -> int:
    """Log out who has neither called nor played for as long as the jurisdiction says."""
    return end_idle_log_ins(now=clock.now())


@shared_task(name="safer_play.refresh_guards")
def refresh_guards() -> int:
    """Write guards anew: a birthday, or a new value of a policy, changes what they say."""
    now = clock.now()
    players = Guard.objects.order_by("player_id").values_list("player_id", flat=True)
    for player_id in players.iterator():
        guarding.refresh_guard_of(player_id=player_id, now=now)
    return len(players)


@shared_task(name="safer_play.measure_interactions")
def measure_interactions() -> int:
    """Look at what came of interactions a fortnight ago."""
    now = clock.now()
    due = Interaction.objects.filter(
        state=Interaction.State.DONE, measured_at=None, closed_at__lte=now - interactions.MEASURED_OVER
    )
    ids = list(due.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])
    for interaction_id in ids:
        interactions.measure_effect(interaction_id=interaction_id, now=now)
    return len(ids)


@shared_task(name="safer_play.trim_tallies")
def trim_tallies() -> int:
    """Forget minutes and hours of the tally that no period reaches back to."""
    oldest = clock.now() - TALLIED_FOR - timedelta(days=2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT safer_play_trim_tally(%s)", [oldest.replace(minute=0, second=0, microsecond=0)])
        (count,) = cursor.fetchone()
    return int(count)
