"""JSON of identity vendors, read with suspicion: objects only, scalars as bounded text, instants with an offset."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

_LONGEST_TEXT = 2000
_LATEST_MILLISECONDS = 253_402_300_799_000


class BadBody(ValueError):
    """Not a JSON object, or one that two readers might understand differently."""


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object. :raises BadBody: if it is anything else, or holds a name twice."""
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_without_twins, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadBody(str(error)[:200]) from error
    if not isinstance(found, dict):
        raise BadBody("not an object")
    return found


def node_of(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within; empty where there is none."""
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def text_of(document: Mapping[str, Any], name: str, longest: int = _LONGEST_TEXT) -> str:
    """A text within, cut; empty for anything else. NUL, which PostgreSQL refuses, is left out."""
    found = document.get(name)
    return found.replace("\x00", "")[:longest] if isinstance(found, str) else ""


def texts_of(document: Mapping[str, Any], name: str, most: int = 50) -> tuple[str, ...]:
    """A list of texts within."""
    found = document.get(name)
    return tuple(each[:200] for each in found[:most] if isinstance(each, str)) if isinstance(found, list) else ()


def instant_of(text: str) -> datetime | None:
    """An ISO 8601 instant with its offset (`Z` too), in UTC; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def milliseconds_of(value: object) -> datetime | None:
    """Milliseconds since 1970, as a number or as digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LATEST_MILLISECONDS:
        return None
    return datetime.fromtimestamp(value / 1000, tz=UTC)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadBody("a name stands twice in one object")
    return found


def _refuse(text: str) -> NoReturn:
    raise BadBody(f"{text} is no JSON")
