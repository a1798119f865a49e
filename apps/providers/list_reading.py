"""Reading what every vendor's game list has, from words of the wire to facts of the catalogue."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import msgspec
from django.utils.text import slugify

from apps.providers.list_contract import ListUnusable
from apps.providers.models import Game

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Title = Annotated[str, msgspec.Meta(min_length=1)]
Row = TypeVar("Row", bound=msgspec.Struct)

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


def decoded(body: bytes, row: type[Row]) -> list[Row]:
    """
    Decode the answer: an array of games.

    :raises ListUnusable: if it is anything else, with where it went wrong; a list is taken whole or not at all
    """
    if rb"\u0000" in body:
        raise ListUnusable("The list holds a NUL character, which no text can")
    try:
        return msgspec.json.decode(body, type=list[row])  # type: ignore[valid-type]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ListUnusable(f"The answer is no list of games: {error}"[:300]) from error


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
