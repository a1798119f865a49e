"""A point: one player at one moment, with the event that asks. What rules are evaluated at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from apps.monitoring.models import RiskKind, RiskState
from apps.players.models import Player

# Five levels, three bands of parameters.
BAND_OF_LEVEL = {1: "low", 2: "low", 3: "medium", 4: "high", 5: "high"}
UNRATED_BAND = "medium"


@dataclass(frozen=True)
class Person:
    """What rules may know of a player."""

    id: int
    brand_id: int
    brand: str
    jurisdiction: str
    timezone: str
    birth_date: date
    country: str
    full_name: str
    currency: str
    registered_at: datetime
    risk_band: str

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where the player's days begin."""
        return ZoneInfo(self.timezone)

    def age_on(self, at: datetime) -> int:
        """Age in whole years on the local day."""
        day = at.astimezone(self.zone).date()
        return day.year - self.birth_date.year - ((day.month, day.day) < (self.birth_date.month, self.birth_date.day))


@dataclass(eq=False)
class Point:
    """One player at one moment. `event` holds what is known of the event; amounts are `units` of `currency`."""

    person: Person
    at: datetime
    trigger: str
    event: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    mode: str = "stream"

    @cached_property
    def age(self) -> int:
        """The player's age then."""
        return self.person.age_on(self.at)


def people(player_ids: Iterable[int]) -> dict[int, Person]:
    """Players by id, with their risk bands, in two queries."""
    wanted = sorted(set(player_ids))
    bands = dict(RiskState.objects.filter(player_id__in=wanted, kind=RiskKind.AML).values_list("player_id", "level"))
    rows = Player.objects.filter(pk__in=wanted).select_related("brand", "jurisdiction")
    return {row.pk: person_of(row, level=bands.get(row.pk)) for row in rows}


def person_of(player: Player, *, level: int | None) -> Person:
    """What rules may know of one player."""
    return Person(
        id=player.pk,
        brand_id=player.brand_id,
        brand=player.brand.code,
        jurisdiction=player.jurisdiction_id,
        timezone=player.jurisdiction.timezone,
        birth_date=player.birth_date,
        country=player.country,
        full_name=f"{player.first_name} {player.last_name}",
        currency=player.currency,
        registered_at=player.registered_at,
        risk_band=UNRATED_BAND if level is None else BAND_OF_LEVEL[level],
    )
