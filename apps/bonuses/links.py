"""Players who share an instrument or a device with another: from what monitoring has seen. Households, and hints."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from apps.bonuses.models import Grant
from apps.monitoring.models import Link

_WINDOW = timedelta(days=365)
# An address is shared by a whole dormitory or office: it is a hint, no household.
HOUSEHOLD = ("instrument", "device")
HINTS = ("instrument", "device", "address")
_MOST = 200


def sharing_with(player_id: int, *, now: datetime, kinds: tuple[str, ...] = HOUSEHOLD) -> list[int]:
    """Ids of at most 200 other players who used the same things within a year."""
    own = Link.objects.filter(player_id=player_id, kind__in=kinds, last_at__gt=now - _WINDOW)
    same = own.filter(kind=OuterRef("kind"), value=OuterRef("value"))
    others = Link.objects.filter(Exists(same), last_at__gt=now - _WINDOW).exclude(player_id=player_id)
    return list(others.values_list("player_id", flat=True).distinct().order_by("player_id")[:_MOST])


def linked_claims(grant: Grant, *, now: datetime) -> list[Grant]:
    """Claims of the same offer by players linked with this one, newest first."""
    others = sharing_with(grant.player_id, now=now, kinds=HINTS)
    claims = Grant.objects.filter(player_id__in=others, offer_id=grant.offer_id, claimed_at__isnull=False)
    return list(claims.select_related("player")[:50])
