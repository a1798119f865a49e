"""What a player does about reality checks: how often he wants one, and that he has seen one."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import transaction

from apps.core.errors import DomainError
from apps.players.models import PlayerSession
from apps.safer_play import rules
from apps.safer_play.guarding import lock_player_with_law, refresh_guard
from apps.safer_play.models import RealityCheck, RealityChoice
from apps.safer_play.reality import positions_since, reality_state, sitting_began

SHORTEST_INTERVAL_MINUTES = 1
LONGEST_INTERVAL_MINUTES = 24 * 60


class IntervalFixedByLaw(DomainError):
    """The law says how often reality checks come; `interval_minutes` says how often."""

    code: ClassVar[str] = "interval-fixed-by-law"
    title: ClassVar[str] = "The interval of reality checks is fixed by law"
    status: ClassVar[int] = 409


@transaction.atomic
def choose_interval(*, player_id: int, minutes: int | None, now: datetime) -> None:
    """
    Set how often the player wants a reality check; None for never.

    :raises IntervalFixedByLaw: where it is not his to choose
    """
    player = lock_player_with_law(player_id)
    rule = rules.reality_rule(player, now)
    if not rule.is_players_choice:
        raise IntervalFixedByLaw(extensions={"interval_minutes": rule.interval_minutes})
    if minutes is None:
        RealityChoice.objects.filter(player=player).delete()
    else:
        terms = {"interval_minutes": minutes, "chosen_at": now}
        RealityChoice.objects.update_or_create(player=player, defaults=terms)
    refresh_guard(player, now=now)


@transaction.atomic
def acknowledge(*, session: PlayerSession, now: datetime) -> RealityCheck:
    """
    Record that the player has seen how long he has played and where he stands; play may go on, after a forced pause.

    May be called before a check is due too: the next one is then counted from here.
    """
    player = lock_player_with_law(session.player_id)
    state = reality_state(player, now=now)
    began = sitting_began(player.pk, now=now) or session.created_at
    pause_until = None
    if state is not None and state.due_at <= now and state.pause_minutes:
        pause_until = state.due_at + timedelta(minutes=state.pause_minutes)
    check = RealityCheck.objects.create(
        player=player,
        player_session=session,
        due_at=state.due_at if state else None,
        acknowledged_at=now,
        elapsed_seconds=max(int((now - began).total_seconds()), 0),
        net_positions={each.net.currency: each.net.format() for each in positions_since(player.pk, began)},
        pause_until=pause_until if pause_until and pause_until > now else None,
    )
    refresh_guard(player, now=now)
    return check
