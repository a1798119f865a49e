"""Scheduled chores of games: sessions and rounds that time has overtaken, and figures about them."""

from collections import Counter

from celery import shared_task
from prometheus_client import Gauge

from apps.core import clock
from apps.integrations.models import Integration
from apps.providers import catalogue_sync, resolution, rounds
from apps.providers.catalogue import expiring_certificates
from apps.providers.game_sessions import end_orphaned_sessions, expire_game_sessions
from apps.providers.incomplete_rounds import handed_rounds

STUCK_ROUNDS = Gauge(
    "casino_stuck_rounds",
    "Open rounds without activity for half an hour",
    ["integration"],
    multiprocess_mode="mostrecent",
)
EXPIRING_CERTIFICATES = Gauge(
    "casino_expiring_certificates",
    "Certificates of enabled games that end within 60 days, or have ended, without a successor",
    multiprocess_mode="mostrecent",
)


LATE_RESULTS = Gauge(
    "casino_late_results",
    "Results that vendors sent after their round was resolved, and that nobody has looked at",
    multiprocess_mode="mostrecent",
)
ROUNDS_FOR_STAFF = Gauge(
    "casino_rounds_for_staff", "Incomplete rounds that wait for a person", multiprocess_mode="mostrecent"
)


@shared_task(name="providers.resolve_incomplete_rounds")
def resolve_incomplete_rounds() -> dict[str, int]:
    """Do with interrupted rounds what their policies say; safe to run twice at once."""
    return dict(resolution.resolve_incomplete_rounds(now=clock.now()))


@shared_task(name="providers.flag_stuck_rounds")
def flag_stuck_rounds() -> int:
    """Note newly stuck rounds in their history, and publish how many there are."""
    now = clock.now()
    flagged = rounds.flag_stuck_rounds(now=now)
    stuck = Counter[int]()
    for count in rounds.stuck_counts(now=now):
        stuck[count.integration_id] += count.rounds
    # Every integration, so that a queue that has been worked off goes back to zero.
    for pk, slug in Integration.objects.filter(kind=Integration.Kind.GAMES).values_list("pk", "slug"):
        STUCK_ROUNDS.labels(slug).set(stuck[pk])
    LATE_RESULTS.set(rounds.late_results().count())
    ROUNDS_FOR_STAFF.set(handed_rounds().count())
    return flagged


@shared_task(name="providers.end_sessions")
def end_sessions() -> int:
    """End game sessions whose time is up, or whose player has logged out or been barred."""
    now = clock.now()
    return expire_game_sessions(now=now) + end_orphaned_sessions(now=now)


@shared_task(name="providers.check_certificates")
def check_certificates() -> int:
    """Publish how many certificates are about to end."""
    count = expiring_certificates(today=clock.now().date()).count()
    EXPIRING_CERTIFICATES.set(count)
    return count


@shared_task(name="providers.synchronise_catalogues")
def synchronise_catalogues() -> int:
    """Have every vendor's game list fetched; returns how many were asked for."""
    return len(catalogue_sync.request_all(now=clock.now()))


@shared_task(name="providers.synchronise_catalogue", soft_time_limit=600, time_limit=660)
def synchronise_catalogue(*, sync_id: int) -> str:
    """Fetch and compare one list; returns how it went. Safe to run twice: the second finds nothing to do."""
    return str(catalogue_sync.perform_sync(sync_id=sync_id).state)


@shared_task(name="providers.sweep_catalogue_syncs")
def sweep_catalogue_syncs() -> int:
    """Hand lost runs to a worker again, and end those whose worker has died; returns how many."""
    lost, dead = catalogue_sync.sweep(now=clock.now())
    for sync_id in lost:
        synchronise_catalogue.delay(sync_id=sync_id)
    return len(lost) + dead
