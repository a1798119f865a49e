"""Policy values in words, with their units. No database."""

from collections.abc import Mapping
from datetime import date
from typing import Any

_UNITS = {
    "years": ("year", "years"),
    "hours": ("hour", "hours"),
    "days": ("day", "days"),
    "minutes": ("minute", "minutes"),
}
_SHORT = {word: word.upper() for word in ("kyc", "cdd", "str", "rg", "fiu", "api", "ui")}
_PERIODS = {"24h": "24 hours", "7d": "7 days", "1w": "1 week", "1d": "1 day", "1month": "1 month"}
# Keys of objects that say something only together, and those that are said at the end.
_MONEY = (
    "amount",
    "amount_over",
    "amount_gt",
    "min_amount",
    "max_value",
    "raise_to",
    "day",
    "week",
    "month",
    "four_weeks",
)
_LAST = ("age_min", "age_max", "from", "to")
_CALENDAR = "%-d %B %Y"


def parameter_title(code: str) -> str:
    """Say a parameter's name as a heading: “CDD threshold”."""
    name = _named(code)
    return name[:1].upper() + name[1:]


def value_words(value: Any, *, value_type: str = "", unit: str = "") -> str:
    """
    Say a value in words.

    :param unit: of plain numbers
    """
    if value is None:
        return "not established"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, unit)
    if isinstance(value, str):
        return value.replace("_", " ") if value_type == "enum" else _PERIODS.get(value, value.replace("_", " "))
    return "; ".join(value_lines(value))


def value_lines(value: Any) -> list[str]:
    """Say a list or an object in words, one line an item or key."""
    if isinstance(value, list):
        if not value:
            return ["none"]
        if all(isinstance(each, str) for each in value):
            return [", ".join(value_words(each) for each in value)]
        return [_item(each) if isinstance(each, Mapping) else value_words(each) for each in value]
    if isinstance(value, Mapping):
        return _pairs(value)
    return [value_words(value)]


def day_words(day: date | None) -> str:
    """Say a day as people write it: 9 May 2026."""
    return day.strftime(_CALENDAR) if day else ""


def days_words(begins: date | None, ends: date | None) -> str:
    """Say from when to when."""
    if begins and ends:
        return f"{day_words(begins)} to {day_words(ends)}"
    if begins:
        return f"from {day_words(begins)}"
    return f"until {day_words(ends)}" if ends else "no known bound"


def _number(value: float, unit: str) -> str:
    amount = f"{value:,}"
    if unit in _UNITS:
        one, many = _UNITS[unit]
        return f"{amount} {one if value == 1 else many}"
    return f"{amount} {unit}".strip()


def _item(item: Mapping[str, Any]) -> str:
    """Say one item of a list in one line: its money first, its days and ages last."""
    return ", ".join(_pairs(item))


def _pairs(item: Mapping[str, Any]) -> list[str]:
    currency = item.get("currency")
    said = []
    for key, value in item.items():
        if key in _LAST or key == "currency":
            continue
        if key in _MONEY and isinstance(value, int | float) and not isinstance(value, bool):
            name = "" if key == "amount" else f"{_named(key)} "
            said.append(f"{name}{value:,}{f' {currency}' if currency else ''}")
        else:
            said.append(_pair(key, value))
    return [*said, *_ages(item), *_days(item)]


def _pair(key: str, value: Any) -> str:
    for ending in ("hours", "days", "minutes", "months", "years", "seconds"):
        if key.endswith(f"_{ending}") and isinstance(value, int | float) and not isinstance(value, bool):
            return f"{_named(key.removesuffix(f'_{ending}'))}: {value:,} {ending if value != 1 else ending[:-1]}"
    if isinstance(value, Mapping):
        return f"{_named(key)}: ({'; '.join(_pairs(value))})"
    if isinstance(value, list):
        return f"{_named(key)}: {'; '.join(value_lines(value))}"
    return f"{_named(key)}: {value_words(value)}"


def _ages(item: Mapping[str, Any]) -> list[str]:
    youngest, oldest = item.get("age_min"), item.get("age_max")
    if youngest is not None and oldest is not None:
        return [f"ages {youngest} to {oldest}"]
    if youngest is not None:
        return [f"from the age of {youngest}"]
    return [f"up to the age of {oldest}"] if oldest is not None else []


def _days(item: Mapping[str, Any]) -> list[str]:
    begins, ends = (date.fromisoformat(item[key]) if item.get(key) else None for key in ("from", "to"))
    return [days_words(begins, ends)] if begins or ends else []


def _named(key: str) -> str:
    return " ".join(_SHORT.get(word, word) for word in key.split("_"))
