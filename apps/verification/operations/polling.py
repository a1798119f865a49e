"""Asking vendors unbidden: webhooks get lost, and vendors switch off endpoints that fail."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from apps.integrations.connections import connection_by_id
from apps.verification.models import Verification
from apps.verification.operations.events import EventUnhandled, VendorSilent, take_over
from apps.verification.operations.steps import lock_verification, save_step

log = structlog.get_logger(__name__)

_LEASE = timedelta(minutes=5)
ABANDONED_AFTER = timedelta(days=30)
"""A player who has not finished by then begins anew."""


@transaction.atomic
def take_due_polls(*, now: datetime, limit: int = 100) -> list[int]:
    """Sessions that have been pending too long, oldest first; not given out again for a while."""
    due = (
        Verification.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(state__in=Verification.AT_VENDOR, next_poll_at__lte=now)
        .exclude(vendor_session="")
        .order_by("next_poll_at", "pk")
        .values_list("pk", flat=True)[:limit]
    )
    found = list(due)
    Verification.objects.filter(pk__in=found).update(next_poll_at=now + _LEASE)
    return found


def poll(*, verification_id: int, now: datetime) -> str:
    """Ask the vendor about one session; returns what came of it. Calls the vendor: no transaction may be open."""
    verification = Verification.objects.select_related("player", "brand").filter(pk=verification_id).first()
    connection = connection_by_id(verification.integration_id or 0) if verification else None
    if verification is None or connection is None or verification.state not in Verification.AT_VENDOR:
        return ""
    try:
        return take_over(connection=connection, verification=verification, now=now)
    except (VendorSilent, EventUnhandled) as error:
        log.warning("verification_poll_failed", verification=str(verification.public_id), error=str(error))
        _later(verification_id, now)
        return "silent" if isinstance(error, VendorSilent) else "unknown"


def abandon_stale(*, now: datetime, limit: int = 200) -> int:
    """Close what players never finished; returns how many. What is in review is never closed by itself."""
    left = (Verification.State.NONE, Verification.State.PENDING, Verification.State.RETRY)
    stale = Verification.objects.filter(state__in=left, changed_at__lt=now - ABANDONED_AFTER)
    # What the platform asked for, and the player has not begun, stays asked for.
    asked = Q(vendor_session="") & ~Q(trigger="player")
    return sum(_abandon(pk, now) for pk in stale.exclude(asked).order_by("pk").values_list("pk", flat=True)[:limit])


@transaction.atomic
def _abandon(verification_id: int, now: datetime) -> bool:
    verification = lock_verification(verification_id)
    before = verification.state
    if before not in (Verification.State.NONE, Verification.State.PENDING, Verification.State.RETRY):
        return False
    verification.abandon(decided_at=now, at=now)
    verification.player_reason, verification.staff_reason = "not-finished", "timed-out"
    verification.next_poll_at = None
    save_step(verification, "abandoned", before=before, now=now)
    return True


@transaction.atomic
def _later(verification_id: int, now: datetime) -> None:
    verification = lock_verification(verification_id)
    verification.polls += 1
    verification.next_poll_at = now + timedelta(minutes=5) * 2 ** min(verification.polls, 8)
    verification.save(update_fields=["polls", "next_poll_at"])
