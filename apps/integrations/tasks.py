"""
Scheduled chores of the exchange log and of keys. Each may run twice at once, and be missed.

The log lives in real time, since the ids of its rows do; only keys know the business clock.
"""

from datetime import timedelta

import structlog
from celery import shared_task
from django.db import connection
from django.utils import timezone

from apps.core import clock
from apps.integrations import partitions
from apps.integrations.credentials import credentials_expiring
from apps.integrations.outgoing.delivery import deliver_due
from apps.integrations.outgoing.fan_out import fan_out
from apps.integrations.watch.incidents import send_alerts as mail_alerts
from apps.integrations.watch.incidents import watch

log = structlog.get_logger(__name__)

UNANSWERED_AFTER = timedelta(minutes=2)


@shared_task(name="integrations.ensure_partitions")
def ensure_partitions() -> int:
    """Make next months' partitions of every hot table; returns how many."""
    return partitions.ensure_partitions(now=timezone.now())


@shared_task(name="integrations.sweep_unanswered")
def sweep_unanswered() -> int:
    """Complete exchanges whose reply was never recorded; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT integrations_sweep_unanswered(%s, make_interval(secs => %s))",
            [timezone.now(), UNANSWERED_AFTER.total_seconds()],
        )
        swept: int = cursor.fetchone()[0]
    if swept:
        log.warning("exchanges_unanswered", exchanges=swept)
    return swept


@shared_task(name="integrations.refresh_health")
def refresh_health() -> None:
    """Count the minutes of the exchange log that ended since the last time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT integrations_refresh_health(%s)", [timezone.now()])


@shared_task(name="integrations.drop_expired")
def drop_expired() -> list[str]:
    """Drop what is past its retention; returns the names of the dropped partitions."""
    return partitions.drop_expired_exchanges(now=timezone.now())


@shared_task(name="integrations.watch_vendors")
def watch_vendors() -> int:
    """Open and close incidents of vendors by their rules; returns how many were opened."""
    return len(watch(now=timezone.now()))


@shared_task(name="integrations.send_alerts")
def send_alerts() -> int:
    """Tell by e-mail of incidents that nobody was told of; returns how many."""
    return mail_alerts(now=timezone.now())


@shared_task(name="integrations.fan_out_facts")
def fan_out_facts() -> int:
    """Turn new facts into messages for webhook endpoints; returns how many facts were looked at."""
    return fan_out()


@shared_task(name="integrations.deliver_webhooks")
def deliver_webhooks() -> int:
    """Send the outgoing webhooks that are due; returns how many tries were made."""
    return deliver_due()


@shared_task(name="integrations.warn_expiring_credentials")
def warn_expiring_credentials() -> int:
    """Warn, in the log, of keys near their end that nothing follows; returns how many."""
    lonely = [found.credential for found in credentials_expiring(now=clock.now()) if not found.has_successor]
    for credential in lonely:
        log.warning(
            "key_expires",
            integration=credential.integration.slug,
            kid=credential.kid,
            purpose=credential.purpose,
            expires_at=credential.expires_at,
        )
    return len(lonely)
