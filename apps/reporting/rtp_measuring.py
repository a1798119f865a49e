"""Measurements of return to player, read from the projection, and what was declared. Judges nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Sum

from apps.providers.models import Game, RtpVariant
from apps.reporting.models import RtpBaseline, RtpDay
from apps.reporting.rtp_bounds import NOTHING_MEASURED, Measured, declared_deviation

_PPM = 1_000_000
_FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where rounds were played: stake band, channel and brand."""

    band: str
    channel: str
    brand_id: int


@dataclass(frozen=True, slots=True)
class Declared:
    """What a game should return, as its vendor says."""

    game: Game
    variant: RtpVariant | None
    rtp: float
    deviation: float
    since: date
    """First day (UTC) that counts."""

    @property
    def key(self) -> tuple[int, int]:
        """Game and variant, as the projection has them."""
        return self.game.pk, self.variant.pk if self.variant else 0


def declared_of(keys: Iterable[tuple[int, int]]) -> list[Declared]:
    """
    Say what games should return; those of which nobody knows it are left out.

    :param keys: game and variant; variant 0 is what was played before one was known: the game's default
    """
    wanted = sorted(set(keys))
    games = Game.objects.select_related("studio").prefetch_related("rtp_variants").in_bulk({game for game, _ in wanted})
    baselines = _baselines()
    found = []
    for game_id, variant_id in wanted:
        game = games.get(game_id)
        variants = list(game.rtp_variants.all()) if game else []
        measured_by = next(
            (one for one in variants if one.pk == variant_id or (not variant_id and one.is_default)), None
        )
        if game is None or measured_by is None:
            continue
        deviation = declared_deviation(float(measured_by.deviation) if measured_by.deviation else None, game.volatility)
        since = baselines.get((game_id, variant_id), _FIRST_DAY)
        variant = measured_by if variant_id else None
        found.append(Declared(game, variant, measured_by.rtp_basis_points / 10_000, deviation, since))
    return found


def variants_changed(*, since: datetime | None) -> set[tuple[int, int]]:
    """Games and variants that were played since; all that ever were, if None."""
    rows = RtpDay.objects.all() if since is None else RtpDay.objects.filter(changed_at__gte=since)
    return set(rows.order_by().values_list("game_id", "variant_id").distinct())


def measured_cells(declared: Declared, *, since: date) -> dict[Cell, Measured]:
    """What was seen in each cell from a day on; open rounds, whose result is not known, are left out."""
    rows = (
        _days(declared, since)
        .values_list("band", "channel", "brand_id")
        .annotate(Sum("rounds"), Sum("returned_ppm"), Sum("returned_ppm_squares"))
    )
    seen = {Cell(*row[:3]): _measured(row[3:]) for row in rows}
    for cell, day, open_part in _open_parts(declared):
        if day >= max(since, declared.since) and cell in seen:
            seen[cell] -= open_part
    return seen


def measured_days(declared: Declared, *, since: date, before_baseline: bool = False) -> dict[date, Measured]:
    """
    What was seen on each day, all cells together; open rounds count as lost here.

    :param before_baseline: also what counted before measuring began anew
    """
    rows = (
        _days(declared, since, before_baseline=before_baseline)
        .values_list("day")
        .annotate(Sum("rounds"), Sum("returned_ppm"), Sum("returned_ppm_squares"))
        .order_by("day")
    )
    return {row[0]: _measured(row[1:]) for row in rows}


def total(cells: dict[Cell, Measured]) -> Measured:
    """All cells together."""
    return sum(cells.values(), NOTHING_MEASURED)


def _days(declared: Declared, since: date, *, before_baseline: bool = False) -> Any:
    game_id, variant_id = declared.key
    first = since if before_baseline else max(since, declared.since)
    return RtpDay.objects.filter(game_id=game_id, variant_id=variant_id, day__gte=first).order_by()


def _measured(sums: Iterable[Any]) -> Measured:
    rounds, returned, squares = sums
    return Measured(int(rounds), float(returned) / _PPM, float(squares) / _PPM**2)


def _baselines() -> dict[tuple[int, int], date]:
    newest: dict[tuple[int, int], date] = {}
    for game_id, variant_id, since in RtpBaseline.objects.order_by("id").values_list("game_id", "variant_id", "since"):
        newest[game_id, variant_id] = since
    return newest


def _open_parts(declared: Declared) -> list[tuple[Cell, date, Measured]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT band, channel, brand_id, day, rounds, returned_ppm, returned_ppm_squares"
            " FROM reporting_open_rounds(%s, %s)",
            list(declared.key),
        )
        return [(Cell(*row[:3]), row[3], _measured(row[4:])) for row in cursor.fetchall()]
