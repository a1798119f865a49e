"""What a node of a rule can come to: a number, a text, a truth, a list; or nothing there, or not known."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """The types of the language."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Unknown:
    """It could not be read. An outcome of its own: never a silent pass."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """It is known that there is none: no declared income, no second country. Comparing with it is false."""


ABSENT: Final = Absent()
INFINITE: Final = Decimal("Infinity")
Value = Decimal | str | bool | tuple[str, ...] | Unknown | Absent


def as_json(value: Value) -> Any:
    """Write a value so that :func:`from_json` reads the same again."""
    match value:
        case Decimal():
            return {"number": str(value)}
        case Unknown():
            return {"unknown": value.reason}
        case Absent():
            return {"absent": True}
        case tuple():
            return {"list": list(value)}
        case _:
            return value


def from_json(stored: Any) -> Value:  # noqa: PLR0911 - one line a kind
    """
    Read a stored or written value; plain numbers are taken as numbers.

    :raises ValueError: if it is none
    """
    match stored:
        case bool() | str():
            return stored
        case int() | float():
            return Decimal(str(stored))
        case None:
            return ABSENT
        case list():
            return tuple(str(each) for each in stored)
        case {"number": text}:
            return Decimal(str(text))
        case {"unknown": reason}:
            return Unknown(str(reason))
        case {"absent": _}:
            return ABSENT
        case {"list": entries}:
            return tuple(str(each) for each in entries)
    raise ValueError(f"not a value: {stored!r:.60}")


def shown(value: Value) -> str:  # noqa: PLR0911 - one line a kind
    """Write a value for people, without unit."""
    match value:
        case Decimal():
            if value == INFINITE:
                return "∞"
            return f"{value.quantize(Decimal('0.01')):,f}" if value % 1 else f"{value:,.0f}"
        case Unknown():
            return f"unknown ({value.reason})"
        case Absent():
            return "none"
        case tuple():
            return ", ".join(value[:8]) + (" …" if len(value) > 8 else "")  # noqa: PLR2004 - enough to read
        case bool():
            return "yes" if value else "no"
        case _:
            return value


Inputs = Mapping[str, Value]
