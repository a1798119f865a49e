"""Reading what every vendor's game list has, from words of the wire to facts of the catalogue."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import msgspec
from django.utils.text import slugify

from apps.integrations.outbound import VendorResponse
from apps.providers.list_contract import GameList, ListedGame, ListRefused, ListUnusable, UnreadEntry
from apps.providers.models import Game

LONGEST_CODE = 120
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_CODE)]
Title = Annotated[str, msgspec.Meta(min_length=1)]
Row = TypeVar("Row", bound=msgspec.Struct)

_OK = 200
_LONGEST_PROBLEM = 300
_LONGEST_REFUSAL = 200
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_HIGHEST_RTP = 15_000
_LONGEST_URL = 300
_LONGEST_FEATURE = 32
_LONGEST_CERTIFICATION = 40
_LONGEST_CURRENCY = 8
# In this order: a live roulette is live, a crash slot a crash game.
_CATEGORY_WORDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("live",), Game.Category.LIVE),
    (("crash",), Game.Category.CRASH),
    (("bingo",), Game.Category.BINGO),
    (("slot",), Game.Category.SLOT),
    (("keno", "scratch", "instant", "lottery", "plinko", "mini", "hi lo", "dice", "arcade"), Game.Category.INSTANT),
    (
        ("table", "blackjack", "roulette", "baccarat", "poker", "sic bo", "sicbo", "dragon tiger", "card"),
        Game.Category.TABLE,
    ),
)


def read_list(
    response: VendorResponse, row: type[Row], game: Callable[[Row], ListedGame], *, code: str, told: str
) -> GameList:
    """
    Read the answer: an array of games. An entry that can not be read is kept as it came; the others are taken.

    :param row: an entry on the wire
    :param game: from there to the catalogue's words; raises `ListUnusable` for what it can not say in them
    :param code: the entry's member that names the game
    :param told: the member of a refusal that says why
    :raises ListRefused: for any other status than 200
    :raises ListUnusable: if the answer is anything else than an array, with where it went wrong
    """
    if response.status != _OK:
        raise ListRefused(response.status, _member(response.body, told)[:_LONGEST_REFUSAL])
    try:
        entries = msgspec.json.decode(response.body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ListUnusable(f"The answer is no list of games: {error}"[:_LONGEST_PROBLEM]) from error
    games: list[ListedGame] = []
    unread: list[UnreadEntry] = []
    for entry in entries:
        raw = bytes(entry)
        try:
            games.append(game(_decoded(raw, row)))
        except ListUnusable as error:
            # A bare NUL is no JSON, but whoever sends one may send it inside an entry.
            text = raw.decode(errors="backslashreplace").replace("\0", "\ufffd")
            unread.append(UnreadEntry(_code_in(raw, code), str(error), text))
    return GameList(tuple(games), response.body, response.exchange_id, tuple(unread))


def _decoded(raw: bytes, row: type[Row]) -> Row:
    if rb"\u0000" in raw:
        raise ListUnusable("It holds a NUL character, which no text can")
    try:
        return msgspec.json.decode(raw, type=row)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ListUnusable(str(error)[:_LONGEST_PROBLEM]) from error


def _code_in(raw: bytes, name: str) -> str:
    """The game's code in an entry that can not be read as a whole; empty if that is not to be had either."""
    said = _member(raw, name)
    # Without NUL above all, which the database can not hold.
    return said if len(said) <= LONGEST_CODE and said.isprintable() else ""


def _member(body: bytes, name: str) -> str:
    """A text in a JSON object; empty for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    said = found.get(name) if isinstance(found, dict) else None
    return said if isinstance(said, str) else ""


def category_of(words: str | None) -> str | None:
    """The catalogue's category for a vendor's; None for one that says nothing to us."""
    text = (words or "").lower()
    return next((str(category) for known, category in _CATEGORY_WORDS if any(word in text for word in known)), None)


def countries(codes: Iterable[str] | None) -> tuple[str, ...] | None:
    """
    Alpha-2 codes, sorted.

    :raises ListUnusable: for anything else: leaving a country out would let its players in
    """
    if codes is None:
        return None
    upper = {code.strip().upper() for code in codes}
    strange = sorted(code for code in upper if not _COUNTRY.match(code))
    if strange:
        raise ListUnusable(f"{strange[0]!r} is no country of two letters")
    return tuple(sorted(upper))


def currencies(codes: Iterable[str], *, without: str) -> tuple[str, ...]:
    """Codes as the vendor writes them (mBCH is no MBCH), sorted, without that of his play money."""
    return tuple(sorted({code for code in codes if 0 < len(code) <= _LONGEST_CURRENCY and code != without}))


def basis_points(percent: str | float | None) -> int | None:
    """
    Per cent as basis points; finer figures go to the nearest, as the catalogue has no finer unit.

    :raises ListUnusable: for what is no possible return
    """
    if percent in (None, "", 0, "0"):
        return None
    try:
        value = int((Decimal(str(percent).strip().removesuffix("%")) * 100).quantize(Decimal(1), ROUND_HALF_EVEN))
    except (InvalidOperation, ValueError, OverflowError):
        value = 0
    if not 0 < value <= _HIGHEST_RTP:
        raise ListUnusable(f"{str(percent)[:20]!r} is no return to player in per cent")
    return value


def day(text: str | None) -> date | None:
    """
    The day of an ISO 8601 date or instant.

    :raises ListUnusable: for anything else
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise ListUnusable(f"{text[:20]!r} is no date") from None


def features(words: Iterable[str] | None) -> tuple[str, ...] | None:
    """As the catalogue writes them: `Free Spins` is `free_spins`."""
    if words is None:
        return None
    return tuple(sorted({slugify(word).replace("-", "_")[:_LONGEST_FEATURE] for word in words} - {""}))


def certifications(words: Iterable[str] | None) -> tuple[str, ...] | None:
    """Names of regulators, sorted."""
    return None if words is None else tuple(sorted({word.strip()[:_LONGEST_CERTIFICATION] for word in words} - {""}))


def web_address(text: str | None) -> str | None:
    """The address of a picture; None for what a browser should not be sent to."""
    try:
        parts = urlsplit(text or "")
    except ValueError:
        return None
    is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and len(text or "") <= _LONGEST_URL
    return text if is_usable else None
