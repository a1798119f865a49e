"""Chores of verification. Each may run twice at once, and be missed: the rows say what is to be done."""

import structlog
from celery import current_app, shared_task
from django.db import connection, transaction

from apps.core import clock
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.integrations.outbox import consume
from apps.players.models import Player
from apps.verification import inbox_tasks  # noqa: F401 - Celery finds tasks by this module
from apps.verification.operations import polling, rechecks
from apps.verification.operations.due_diligence import check_threshold
from apps.verification.screening import players_due, screen_player

log = structlog.get_logger(__name__)


@shared_task(name="verification.poll_sessions")
def poll_sessions() -> int:
    """Ask vendors about sessions that have been pending too long; returns how many were asked."""
    due = polling.take_due_polls(now=clock.now())
    for verification_id in due:
        polling.poll(verification_id=verification_id, now=clock.now())
    return len(due)


@shared_task(name="verification.watch_thresholds")
def watch_thresholds() -> int:
    """Look at everybody who moved money since the last time, and lock what came in where funds are locked."""
    now = clock.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT player_id FROM verification_take_movers() ORDER BY player_id")
            movers = [player_id for (player_id,) in cursor.fetchall()]
        for player_id in Player.objects.filter(pk__in=movers).order_by("pk").values_list("pk", flat=True):
            check_threshold(player_id=player_id, now=now)
    return len(movers)


@shared_task(name="verification.recheck")
def recheck() -> int:
    """Ask before validity ends, say what has ended, close what was never finished."""
    now = clock.now()
    asked = rechecks.ask_before_expiry(now=now)
    return asked + rechecks.expire_verifications(now=now) + polling.abandon_stale(now=now)


@shared_task(name="verification.follow_facts")
def follow_facts() -> int:
    """Read on in the log of facts; whoever has to be screened is screened afterwards, each in a task of his own."""
    to_screen = set[int]()
    read = consume(
        consumer=rechecks.CONSUMER,
        handle=lambda facts: to_screen.update(rechecks.follow(facts, now=clock.now())),
        kinds=rechecks.FOLLOWED,
    )
    for player_id in sorted(to_screen):
        # Lost on the way, or without a broker: `screen_due` finds who was not screened.
        try:
            current_app.send_task("verification.screen_one", kwargs={"player_id": player_id, "trigger": "profile"})
        except current_app.connection_for_write().connection_errors as error:
            log.warning("screening_not_queued", player_id=player_id, error=type(error).__name__)
    return read


@shared_task(name="verification.screen_one")
def screen_one(*, player_id: int, trigger: str) -> int:
    """Screen one player; returns how many hits have to be looked at."""
    try:
        return screen_player(player_id=player_id, trigger=trigger, now=clock.now()).open_hits
    except (VendorUnreachable, VendorTimeout, VendorSwitchedOff) as error:
        log.warning("screening_not_answered", player_id=player_id, error=type(error).__name__)
        return 0


@shared_task(name="verification.screen_due")
def screen_due() -> int:
    """Screen whoever was not screened for a day, or since the list changed; a batch each time."""
    due = players_due(now=clock.now())
    for player_id in due:
        screen_one(player_id=player_id, trigger="due")
    return len(due)
