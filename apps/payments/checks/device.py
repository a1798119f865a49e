"""Does it come from where the player comes from?"""

from datetime import datetime, timedelta

from apps.payments.checks.answer import Answer, passed, review
from apps.payments.models import Withdrawal
from apps.players.models import PlayerSession

KNOWN_WITHIN = timedelta(days=90)
YOUNG = timedelta(hours=24)


def device_and_address(withdrawal: Withdrawal, now: datetime) -> Answer:
    """Not from an address that was first seen today on an old account, nor from a device of another player."""
    sessions = list(
        PlayerSession.objects.filter(player_id=withdrawal.player_id, created_at__gte=now - KNOWN_WITHIN)
        .order_by("created_at")
        .values_list("remote_address", "device", "created_at")
    )
    devices = {device for _, device, _ in sessions if device}
    others = (
        PlayerSession.objects.filter(device__in=devices, created_at__gte=now - KNOWN_WITHIN)
        .exclude(player_id=withdrawal.player_id)
        .values("player_id")
        .distinct()
        .count()
        if devices
        else 0
    )
    evidence = {"address": withdrawal.remote_address, "sessions_in_90_days": len(sessions), "players_on_device": others}
    if others:
        return review("Another player uses the same device.", **evidence)
    firsts: dict[str, datetime] = {}
    for address, _, at in sessions:
        firsts.setdefault(address or "", at)
    is_old = any(at < now - YOUNG for at in firsts.values())
    first = firsts.get(withdrawal.remote_address)
    if is_old and withdrawal.remote_address and (first is None or first >= now - YOUNG):
        return review("It comes from an address that the player has not used before.", **evidence)
    return passed("", **evidence)
