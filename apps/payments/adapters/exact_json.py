"""JSON of vendors read without loss: numbers keep their text, and a name that stands twice in an object is refused."""

import json
from typing import Any, NoReturn

_DEEPEST = 32


class BadJson(ValueError):
    """Not JSON, not an object, or JSON that two readers might understand differently."""


class Number(str):
    """A JSON number as it was written: `0.10` and `0.1` stay two texts."""

    __slots__ = ()


def read_object(body: bytes) -> dict[str, Any]:
    """
    Read a JSON object; every number in it is a `Number`.

    :raises BadJson: if it is anything else, holds a name twice, NaN or Infinity, or is too deep
    """
    try:
        found = json.loads(
            body.decode("utf-8"),
            parse_float=Number,
            parse_int=Number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_twins,
        )
    except (ValueError, RecursionError) as error:
        raise BadJson(str(error)[:200]) from error
    if not isinstance(found, dict):
        raise BadJson("not an object")
    if _depth(found) > _DEEPEST:
        raise BadJson("too deep")
    return found


def text_of(value: object) -> str:
    """A scalar as text; empty for null, an object or an array."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return ""


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("a name stands twice in one object")
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise BadJson(f"{text} is no JSON")


def _depth(node: object) -> int:
    deepest, level = 0, [node]
    while level:
        deepest += 1
        children = (
            each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)
        )
        level = [child for group in children for child in group]
        if deepest > _DEEPEST:
            break
    return deepest
