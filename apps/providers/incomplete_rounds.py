"""Incomplete rounds: open, and without activity for as long as their policy says. Read for players, pages and tasks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet, Sum

from apps.players.models import Player
from apps.providers.models import Game, Round, RoundEvent
from apps.providers.round_policies import PolicyBook, Standing, read_book
from apps.providers.round_queries import games_by_id, rounds_of

# Nobody leaves so many games unfinished; whoever does sees the oldest.
_MOST_OF_A_PLAYER = 1000


@dataclass(frozen=True, slots=True)
class GameGroup:
    """Incomplete rounds of a game at a brand, in one currency; `held` in ledger units."""

    brand_id: int
    integration_id: int
    game_id: int
    currency: str
    rounds: int
    held: int
    oldest: datetime
    newest: datetime
    handed: int
    """Of these, so many wait for a person."""


def standings_of(rounds: Iterable[Round], *, book: PolicyBook | None = None) -> dict[int, Standing]:
    """Say what becomes of rounds, by id; two queries besides the policies, however many they are."""
    listed = list(rounds)
    if not listed:
        return {}
    places = Player.objects.filter(pk__in={each.player_id for each in listed}).order_by()
    jurisdictions = dict(places.values_list("pk", "jurisdiction_id"))
    return _standings(listed, book or read_book(), games_by_id(each.game_id for each in listed), jurisdictions)


def standings_at(player: Player, rounds: Iterable[Round], games: Mapping[int, Game]) -> dict[int, Standing]:
    """Say what becomes of one player's rounds of these games, by id; one query."""
    listed = list(rounds)
    return _standings(listed, read_book(), games, {player.pk: player.jurisdiction_id}) if listed else {}


def _standings(
    listed: list[Round], book: PolicyBook, games: Mapping[int, Game], jurisdictions: Mapping[int, str]
) -> dict[int, Standing]:
    return {
        each.pk: book.standing(each, game=games[each.game_id], jurisdiction=jurisdictions[each.player_id])
        for each in listed
    }


def handed_among(round_ids: Iterable[int]) -> set[int]:
    """Return which of the rounds wait for a person."""
    handed = RoundEvent.objects.filter(round_id__in=list(round_ids), kind=RoundEvent.Kind.HANDED)
    return set(handed.order_by().values_list("round_id", flat=True))


def incomplete_of(player: Player, *, now: datetime) -> set[int]:
    """Return the ids of a player's incomplete rounds."""
    waiting = list(open_of(player.pk)[:_MOST_OF_A_PLAYER])
    standings = standings_at(player, waiting, games_by_id(each.game_id for each in waiting)) if waiting else {}
    return {pk for pk, each in standings.items() if each.interrupted_at <= now}


def open_of(player_id: int, *, game_id: int | None = None) -> QuerySet[Round]:
    """Return a player's open rounds (of one game), oldest first."""
    rounds = rounds_of(player_id).filter(state=Round.State.OPEN).order_by("opened_at", "pk")
    return rounds if game_id is None else rounds.filter(game_id=game_id)


def in_play_of(player_id: int) -> dict[str, int]:
    """Sum a player's stakes in open rounds, in ledger units, by currency."""
    rows = open_of(player_id).order_by().values("currency").annotate(held=Sum("held_amount"))
    return {row["currency"]: int(row["held"]) for row in rows}


def idle_rounds(*, now: datetime, idle: timedelta) -> QuerySet[Round]:
    """Return open rounds without activity for that long."""
    edge = now - idle
    return Round.objects.filter(state=Round.State.OPEN, opened_at__lte=edge, last_activity_at__lte=edge)


def is_handed() -> Exists:
    """Say in a query over rounds whether one waits for a person."""
    return Exists(RoundEvent.objects.filter(round_id=OuterRef("pk"), kind=RoundEvent.Kind.HANDED))


def handed_rounds() -> QuerySet[Round]:
    """Return open rounds that wait for a person."""
    return Round.objects.filter(is_handed(), state=Round.State.OPEN)


def by_game(rounds: QuerySet[Round]) -> list[GameGroup]:
    """Group rounds by game, brand and currency, those with the oldest first; two queries."""
    keys = ("brand_id", "integration_id", "game_id", "currency")
    sums = {"n": Count("pk"), "held": Sum("held_amount"), "oldest": Min("last_activity_at")}
    rows = rounds.order_by().values(*keys).annotate(**sums, newest=Max("last_activity_at")).order_by("oldest")
    waiting: dict[tuple[Any, ...], int] = {
        tuple(row[key] for key in keys): row["n"]
        for row in rounds.filter(is_handed()).order_by().values(*keys).annotate(n=Count("pk"))
    }
    return [
        GameGroup(
            **{key: row[key] for key in keys},
            rounds=row["n"],
            held=int(row["held"]),
            oldest=row["oldest"],
            newest=row["newest"],
            handed=waiting.get(tuple(row[key] for key in keys), 0),
        )
        for row in rows
    ]
