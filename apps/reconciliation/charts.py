"""Small charts as data for templates: bars, their lengths in per cent of the longest. Amounts are text."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, what stands at its end, and its length in per cent."""

    name: str
    shown: str
    percent: float
    level: str = "plain"
    url: str = ""


def bars(rows: Iterable[tuple[str, str, float, str, str]]) -> list[Bar]:
    """
    Scale bars to the longest.

    :param rows: name, what is shown, length in any unit, level, address
    """
    listed = list(rows)
    longest = max((abs(length) for _, _, length, _, _ in listed), default=0) or 1
    return [
        Bar(name, shown, round(max(2.0, 100 * abs(length) / longest), 1) if length else 0, level, url)
        for name, shown, length, level, url in listed
    ]
