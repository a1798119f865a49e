"""What the law wants of players' accounts themselves: the lock of a log-in, and the mark of accounts nobody uses."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Coalesce

from apps.brands.models import Brand, Jurisdiction
from apps.compliance.policies import PolicyAnswer, local_day, policy
from apps.players.admission import LoginLock
from apps.players.facts import tell
from apps.players.models import Player

CONTROLS = "fraud_controls"
DORMANCY = "dormancy_days"
_BATCH = 500


def login_lock(*, brand: Brand, now: datetime) -> LoginLock | None:
    """The strictest lock that the law of one of the brand's markets itself demands; borrowed rules lock nobody out."""
    locks = [
        LoginLock(failures, opens_by_itself=not answer.value.get("strong_auth_to_recover"))
        for code in brand.markets.values_list("jurisdiction_id", flat=True)
        if (answer := _own(CONTROLS, code, now, brand_id=brand.pk)) is not None
        and (failures := answer.value.get("lock_after_failed_logins"))
    ]
    if not locks:
        return None
    return LoginLock(min(lock.failures for lock in locks), all(lock.opens_by_itself for lock in locks))


def mark_dormant(*, now: datetime) -> int:
    """Mark accounts into which nobody has logged in for as long as their law says; returns how many are new."""
    marked = 0
    for code in Jurisdiction.objects.values_list("code", flat=True):
        answer = _own(DORMANCY, code, now)
        if answer is not None:
            while (more := _mark_some(code, int(answer.value), now)) > 0:
                marked += more
    return marked


@transaction.atomic
def _mark_some(jurisdiction: str, days: int, now: datetime) -> int:
    """A batch, locked: who logs in meanwhile waits, and wakes his account afterwards."""
    idle = (
        Player.objects.filter(jurisdiction_id=jurisdiction, dormant_at=None)
        .exclude(status=Player.Status.CLOSED)
        .alias(used_at=Coalesce("last_login_at", "registered_at"))
        .filter(used_at__lte=now - timedelta(days=days))
    )
    rows = idle.select_related("brand").select_for_update(skip_locked=True, no_key=True, of=("self",))
    batch = list(rows.order_by("pk")[:_BATCH])
    for player in batch:
        player.dormant_at = now
        player.save(update_fields=["dormant_at"])
        tell(player, "became_dormant", now=now, days=days)
    return len(batch)


def _own(parameter: str, code: str, now: datetime, *, brand_id: int | None = None) -> PolicyAnswer | None:
    """What a jurisdiction itself says, or a brand for it."""
    answer = policy(parameter, jurisdiction=code, on=local_day(code, now), brand_id=brand_id)
    return answer if answer.value and answer.jurisdiction == code else None
