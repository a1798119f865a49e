"""Reality checks: how long a sitting has lasted, where the player stands, and when he has to be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from apps.core.money import Money
from apps.players.models import Player
from apps.players.queries import live_sessions
from apps.safer_play import rules
from apps.safer_play.ledger import ledger_floor
from apps.safer_play.models import RealityCheck, RealityChoice


@dataclass(frozen=True, slots=True)
class RealityState:
    """Where a player stands with his reality checks. `due_at` may lie ahead."""

    interval_minutes: int
    started_at: datetime
    due_at: datetime
    must_acknowledge: bool
    pause_minutes: int
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class Position:
    """What a sitting has cost or brought, in one currency."""

    staked: Money
    won: Money

    @property
    def net(self) -> Money:
        """Won minus staked: below zero the player has lost."""
        return self.won - self.staked


def sitting_began(player_id: int, *, now: datetime) -> datetime | None:
    """When the present sitting began: the oldest of the log-ins still open."""
    return live_sessions(player_id, now).order_by("created_at").values_list("created_at", flat=True).first()


def reality_state(player: Player, *, now: datetime) -> RealityState | None:
    """The next or overdue check of the present sitting; None where the player has none, or is not logged in."""
    rule = rules.reality_rule(player, now)
    minutes = rule.interval_minutes
    if rule.is_players_choice:
        minutes = RealityChoice.objects.filter(player_id=player.pk).values_list("interval_minutes", flat=True).first()
    began = sitting_began(player.pk, now=now) if minutes else None
    if minutes is None or began is None:
        return None
    last = RealityCheck.objects.filter(player_id=player.pk, acknowledged_at__gte=began).first()
    paused_until = last.pause_until if last and last.pause_until and last.pause_until > now else None
    counted_from = max(last.acknowledged_at, last.pause_until or last.acknowledged_at) if last else began
    return RealityState(
        interval_minutes=minutes,
        started_at=began,
        due_at=counted_from + timedelta(minutes=minutes),
        must_acknowledge=rule.must_acknowledge or rule.pause_minutes > 0,
        pause_minutes=rule.pause_minutes,
        paused_until=paused_until,
    )


def positions_since(player_id: int, since: datetime) -> list[Position]:
    """Staked and won since then in each currency, over all games and vendors; one query."""
    floor = ledger_floor(since)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT currency, sum(staked)::bigint, sum(won)::bigint FROM safer_play_stake"
            " WHERE player_id = %s AND id >= %s AND at >= %s GROUP BY currency ORDER BY currency",
            [player_id, floor, since],
        )
        return [Position(Money(staked, code), Money(won, code)) for code, staked, won in cursor.fetchall()]
