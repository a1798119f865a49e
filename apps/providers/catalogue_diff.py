"""Comparing a game with its vendor's word on it. Pure: what becomes of a difference is in `catalogue_compare`."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from types import MappingProxyType
from typing import Any

from django.utils.text import slugify

from apps.providers.list_contract import ListedGame
from apps.providers.models import Game, Studio

NO_CURRENCY = "XXX"
"""ISO 4217's code for "no currency": what a game is played in whose vendor takes back every currency it had."""

RTP, RTP_IN_PLAY = "rtp", "rtp_in_play"


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One difference, with values as JSON has them.

    :ivar at_once: it only takes something away from players, so it does not wait for staff
    """

    field: str
    before: Any
    after: Any
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """
    A game as the catalogue has it for one brand.

    :ivar rtps: every known variant, in basis points
    :ivar rtp_in_play: that of the variant the brand plays; None if none is known
    """

    game: Game
    rtps: frozenset[int]
    rtp_in_play: int | None


def differences(standing: Standing, listed: ListedGame) -> list[Difference]:
    """What the vendor says otherwise than the catalogue; what only restricts comes before what it leaves open."""
    game = standing.game
    found = [
        Difference(name, current_value(game, name), after)
        for name, after in _plain_values(listed).items()
        if after is not None and after != current_value(game, name)
    ]
    if listed.studio is not None and not is_studio(game.studio, listed.studio):
        found.append(Difference("studio", game.studio.name, listed.studio))
    for name, compare in _SETS.items():
        said = getattr(listed, name)
        if said is not None:
            found += compare(name, current_value(game, name), said)
    for name in ("has_demo", "has_free_rounds"):
        said = getattr(listed, name)
        if said is not None and said != getattr(game, name):
            found.append(Difference(name, not said, said, at_once=not said))
    return [*found, *_returns(standing, listed)]


def facts(listed: ListedGame) -> dict[str, Any]:
    """Everything the vendor says of a game, as JSON has it."""
    return {each.name: _json(getattr(listed, each.name)) for each in fields(listed) if each.name != "is_offered"}


def current_value(game: Game, name: str) -> Any:
    """What the catalogue has in a column, as JSON has it; lists sorted."""
    value = getattr(game, name)
    return sorted(value) if isinstance(value, list) else _json(value)


def is_studio(studio: Studio, name: str) -> bool:
    """Whether a vendor's name of a maker is this studio's."""
    return name.casefold() in {studio.name.casefold(), studio.code} or slugify(name) == studio.code


def _plain_values(listed: ListedGame) -> dict[str, Any]:
    return {
        "title": listed.title[:160],
        "category": listed.category,
        "features": _json(listed.features),
        "volatility": listed.volatility,
        "certifications": _json(listed.certifications),
        "thumbnail_url": listed.thumbnail_url,
        "released_on": _json(listed.released_on),
    }


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return sorted(value)
    return value.isoformat() if isinstance(value, date) else value


def _blocked(name: str, have: list[str], said: Collection[str]) -> Iterator[Difference]:
    """More countries at once, fewer when staff say so."""
    yield from _in_two_steps(name, have, between=sorted({*have, *said}), end=sorted(said))


def _platforms(name: str, have: list[str], said: Collection[str]) -> Iterator[Difference]:
    """Fewer at once, more when staff say so."""
    yield from _in_two_steps(name, have, between=sorted({*have} & {*said}), end=sorted(said))


def _currencies(name: str, have: list[str], said: Collection[str]) -> Iterator[Difference]:
    """Fewer at once, more when staff say so. An empty list means every currency, so "none" needs a word of its own."""
    end = sorted(said) or [NO_CURRENCY]
    left = end if not have else sorted({*have} & {*end}) or [NO_CURRENCY]
    yield from _in_two_steps(name, have, between=left, end=end)


def _in_two_steps(name: str, have: list[str], *, between: list[str], end: list[str]) -> Iterator[Difference]:
    if have != between:
        yield Difference(name, have, between, at_once=True)
    if between != end:
        yield Difference(name, between, end)


_SETS: Mapping[str, Callable[[str, list[str], Collection[str]], Iterator[Difference]]] = MappingProxyType(
    {"blocked_countries": _blocked, "platforms": _platforms, "currencies": _currencies}
)


def _returns(standing: Standing, listed: ListedGame) -> Iterator[Difference]:
    """An unknown return has to become a variant first; which variant is in play is a decision of its own."""
    said = listed.rtp_basis_points
    if said is None or said == standing.rtp_in_play:
        return
    if said in standing.rtps:
        yield Difference(RTP_IN_PLAY, standing.rtp_in_play, said)
    else:
        yield Difference(RTP, sorted(standing.rtps), said)
