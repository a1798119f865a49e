"""Figures and how they are shown: the median of several runs, with the smallest and largest beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One line of the report: the same thing measured several times in one sitting."""

    section: str
    title: str
    values: Sequence[float]
    unit: str = ""
    bar: float | None = None
    """The least that is good enough, where the project has set a bar."""
    note: str = ""

    @property
    def median(self) -> float:
        """The middle value."""
        return median(self.values)

    @property
    def is_met(self) -> bool:
        """Whether the median reaches the bar; true without one."""
        return self.bar is None or self.median >= self.bar

    def line(self) -> str:
        """The figure as one line of text."""
        spread = f"({_shown(min(self.values))} to {_shown(max(self.values))})" if len(self.values) > 1 else ""
        verdict = "" if self.bar is None else f"bar {self.bar:g}: {'met' if self.is_met else 'MISSED'}"
        return f"  {self.title:<50}{_shown(self.median):>9} {self.unit:<12}{spread:<22} {verdict} {self.note}".rstrip()

    def as_json(self) -> dict[str, object]:
        """The figure for programs."""
        return {
            "section": self.section,
            "title": self.title,
            "unit": self.unit,
            "median": self.median,
            "values": list(self.values),
            "bar": self.bar,
            "met": self.is_met,
            "note": self.note,
        }


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Divide run by run: two runs that follow each other meet the same machine, so a drift cancels."""
    return [above / below for above, below in zip(numerators, denominators, strict=True)]


def _shown(value: float) -> str:
    if abs(value) >= 100:  # noqa: PLR2004 - from here on decimals are noise
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.2f}"
