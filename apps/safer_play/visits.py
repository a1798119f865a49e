"""Visits to self-exclusion. One that is not finished is a marker of harm (RG-04), so its end is told as a fact."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.players.operations.status import lock_player
from apps.safer_play.models import ExclusionVisit

LAPSES_AFTER = timedelta(minutes=30)
"""Whoever closes the window says nothing; after so long he has left."""
State = ExclusionVisit.State


@transaction.atomic
def open_visit(*, player_id: int, now: datetime) -> ExclusionVisit:
    """Note that a player has gone to exclude himself; asked again while one is open, it is the same one."""
    lapse_visit(player_id=player_id, now=now)  # locks the player: of two windows none closes what the other is given
    return ExclusionVisit.objects.get_or_create(player_id=player_id, state=State.OPEN, defaults={"opened_at": now})[0]


@transaction.atomic
def leave_visit(*, player_id: int, public_id: UUID, now: datetime) -> ExclusionVisit | None:
    """Note that the player left without finishing; said twice it counts once. None if there is no such visit."""
    lock_player(player_id)
    mine = ExclusionVisit.objects.select_related("player__brand").filter(player_id=player_id, public_id=public_id)
    visit = mine.first()
    if visit is not None and visit.state == State.OPEN:
        _abandon(visit, State.LEFT, now)
    return visit


def finish_visit(*, player: Player, now: datetime) -> None:
    """The player has excluded himself: the visit that led to it is no marker. The caller holds the player's lock."""
    ExclusionVisit.objects.filter(player=player, state=State.OPEN).update(state=State.FINISHED, closed_at=now)


@transaction.atomic
def lapse_visit(*, player_id: int, now: datetime) -> bool:
    """Close a visit of which nothing was heard for long; whether there was one."""
    lock_player(player_id)
    late = ExclusionVisit.objects.select_related("player__brand").filter(
        player_id=player_id, state=State.OPEN, opened_at__lte=now - LAPSES_AFTER
    )
    visit = late.first()
    if visit is not None:
        _abandon(visit, State.LAPSED, now)
    return visit is not None


def lapse_visits(*, now: datetime, most: int) -> int:
    """Close visits of which nothing was heard for long; returns how many."""
    late = ExclusionVisit.objects.filter(state=State.OPEN, opened_at__lte=now - LAPSES_AFTER)
    players = list(late.order_by("opened_at").values_list("player_id", flat=True)[:most])
    return sum(lapse_visit(player_id=player_id, now=now) for player_id in players)


def _abandon(visit: ExclusionVisit, state: str, now: datetime) -> None:
    visit.state, visit.closed_at = state, now
    visit.save(update_fields=["state", "closed_at"])
    record_fact(
        kind="safer_play.exclusion.abandoned",
        brand_code=visit.player.brand.code,
        player_id=visit.player_id,
        subject=str(visit.public_id),
        data={"how": state, "seconds": int((now - visit.opened_at).total_seconds())},
        now=now,
    )
