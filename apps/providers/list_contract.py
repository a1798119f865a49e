"""What a lister is: it asks one vendor for his games. What becomes of them is decided in `catalogue_sync`."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from apps.integrations.connections import Connection

LARGEST_LIST_BYTES = 64 * 2**20
"""Unpacked. Ten thousand games of a kilobyte each are ten megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGame:
    """
    One game as its vendor lists it. None: the vendor does not say, so the catalogue keeps what it has.

    :ivar code: the vendor's own
    :ivar is_offered: False where the vendor lists it as switched off
    :ivar studio: the maker's name in the vendor's words
    :ivar category: one of `Game.Category`
    :ivar currencies: in which it can be played for money
    :ivar certifications: regulators for whom it is certified, in the vendor's words
    :ivar rtp_basis_points: return to player of the variant that the vendor plays at this connection
    """

    code: str
    title: str
    is_offered: bool = True
    studio: str | None = None
    category: str | None = None
    platforms: tuple[str, ...] | None = None
    currencies: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    volatility: int | None = None
    has_demo: bool | None = None
    has_free_rounds: bool | None = None
    blocked_countries: tuple[str, ...] | None = None
    certifications: tuple[str, ...] | None = None
    thumbnail_url: str | None = None
    released_on: date | None = None
    rtp_basis_points: int | None = None


@dataclass(frozen=True, slots=True)
class UnreadEntry:
    """
    An entry of a list that could not be read: the vendor says something of a game, and nobody knows what.

    :ivar code: the game's, where at least that could be read; else empty
    :ivar problem: what is wrong with it, for staff
    :ivar raw: the entry as it came
    """

    code: str
    problem: str
    raw: str


@dataclass(frozen=True, slots=True)
class GameList:
    """
    A whole list.

    :ivar games: in the vendor's order, duplicates and all
    :ivar body: the answer as it came
    :ivar unread: entries beside the games, likewise; a list that is no list has none, it is refused
    """

    games: tuple[ListedGame, ...]
    body: bytes
    exchange_id: UUID
    unread: tuple[UnreadEntry, ...] = ()

    @property
    def codes(self) -> list[str]:
        """Every code on it that can be read, duplicates and all."""
        return [game.code for game in self.games] + [entry.code for entry in self.unread if entry.code]

    @property
    def hides_codes(self) -> bool:
        """Whether an entry does not even tell its code: then nobody knows which games the list lacks."""
        return any(not entry.code for entry in self.unread)


class ListError(Exception):
    """There is no usable list. The text is for staff."""


class ListRefused(ListError):
    """The vendor answered with a refusal."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"The vendor refused with HTTP {status}{': ' if message else ''}{message}")


class ListUnusable(ListError):
    """The vendor answered with something that is no list of games."""


class ListNotConfigured(ListError):
    """The integration lacks a key or an option without which the vendor can not be called."""


class Lister(Protocol):
    """One vendor's list of games. A lister translates; it decides nothing and changes nothing of ours."""

    def list_games(self, connection: Connection) -> GameList:
        """
        Fetch the whole list; one attempt.

        :raises ListError: if the vendor refuses, its answer is unusable, or it can not be asked
        :raises VendorUnreachable: if no connection came about
        :raises VendorTimeout: if no whole answer came in time
        :raises VendorSwitchedOff: if the integration is off
        """
        ...
