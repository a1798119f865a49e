"""
The breaker of calls to a vendor: after failures in a row nothing is sent for a while, and callers are told at once.

Its callers take “nothing was sent” as safe to try again or elsewhere. Payment providers have a circuit of their own,
which also knows of unclear outcomes (`apps.payments.routing`).
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from apps.integrations.models import Integration
from apps.integrations.watch.models import Breaker

OPENS_AFTER = 5
PROBE_EVERY = timedelta(seconds=30)


def may_send(integration_id: int, kind: str, *, now: datetime) -> bool:
    """
    Whether a call may go out. While the breaker is open one call every 30 seconds may, as a probe.

    Whoever gets a yes for a probe has taken it: two callers never probe at once.
    """
    if kind == Integration.Kind.PAYMENTS:
        return True
    row = Breaker.objects.filter(pk=integration_id).only("opened_at", "probe_at").first()
    if row is None or row.opened_at is None:
        return True
    due = Breaker.objects.filter(Q(probe_at=None) | Q(probe_at__lte=now), pk=integration_id, opened_at__isnull=False)
    return due.update(probe_at=now + PROBE_EVERY) > 0


def note_success(integration_id: int) -> None:
    """The vendor answered, whatever it said: close."""
    changed = Q(failures__gt=0) | Q(opened_at__isnull=False)
    Breaker.objects.filter(changed, pk=integration_id).update(failures=0, opened_at=None, probe_at=None)


@transaction.atomic
def note_failure(integration_id: int, *, now: datetime) -> None:
    """The vendor could not be reached, or did not answer in time."""
    Breaker.objects.get_or_create(pk=integration_id)
    Breaker.objects.filter(pk=integration_id).update(failures=F("failures") + 1)
    Breaker.objects.filter(pk=integration_id, failures__gte=OPENS_AFTER, opened_at=None).update(
        opened_at=now, probe_at=now + PROBE_EVERY
    )
