"""Who may be sent marketing or offered a bonus. The end of an exclusion never changes the answer."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from apps.players.models import Player
from apps.safer_play.models import MarketingStop, RegisterQuery
from apps.safer_play.policies import local_date
from apps.safer_play.registers.asking import ask_about_many, register_of, subject_of


def stop_marketing(*, player: Player, reason: str, actor: str, now: datetime) -> None:
    """Put a player on the suppression list; once for each reason."""
    MarketingStop.objects.get_or_create(
        player=player, reason=reason, lifted_at=None, defaults={"actor": actor, "since": now}
    )


@transaction.atomic
def consent_to_marketing(*, player_id: int, now: datetime) -> int:
    """Take a player off the list at his own, new wish; returns how many stops that ended."""
    return MarketingStop.objects.filter(player_id=player_id, lifted_at=None).update(lifted_at=now)


def is_marketing_stopped(player_id: int) -> bool:
    """Whether a player is on the suppression list. Bonus engines ask this before they grant."""
    return MarketingStop.objects.filter(player_id=player_id, lifted_at=None).exists()


def marketable(players: Iterable[Player], *, now: datetime) -> set[int]:
    """
    Of these players (loaded with brand and jurisdiction), the ids of those who may be sent marketing now.

    Leaves out whoever is on the list, and asks the register about the rest where the law says so: whoever it names, or
    says nothing of, is left out. Calls a vendor, so not inside a transaction.
    """
    rest = list(players)
    stopped = set(MarketingStop.objects.filter(player__in=rest, lifted_at=None).values_list("player_id", flat=True))
    groups: defaultdict[tuple[str, str], list[Player]] = defaultdict(list)
    for player in rest:
        if player.pk not in stopped:
            groups[player.jurisdiction_id, player.brand.code].append(player)
    return {pk for group in groups.values() for pk in _cleared(group, now)}


def _cleared(players: list[Player], now: datetime) -> list[int]:
    first = players[0]
    register = register_of(first.jurisdiction_id, brand_code=first.brand.code, on=local_date(first, now))
    purpose = RegisterQuery.Purpose.MARKETING
    if register is None or purpose not in register.purposes:
        return [player.pk for player in players]
    subjects = [(player, subject_of(player)) for player in players]
    answers = ask_about_many(register, subjects, purpose=purpose, now=now)
    # Who was excluded before is not marketed to: he has come away from something.
    return [player.pk for player, answer in zip(players, answers, strict=True) if answer == RegisterQuery.Answer.CLEAR]
