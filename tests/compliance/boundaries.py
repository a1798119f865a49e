"""
The boundaries of every value that the shipped matrix puts in force, and how many of them each jurisdiction has.

`python -m tests.compliance.boundaries` prints the table of docs/compliance-coverage.md.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from apps.compliance.policy_file import FileValue, Matrix, read_matrix

BEGIN = "<!-- policy boundaries: made by tests/compliance/boundaries.py -->"
END = "<!-- end of policy boundaries -->"
_DAY = timedelta(days=1)
ALWAYS = (date(1990, 1, 1), date(2126, 1, 1))
_TODAY = date(2026, 11, 22)


@dataclass(frozen=True, slots=True)
class Boundary:
    """One edge of one value, with the question on its inner and on its outer side."""

    value: FileValue
    kind: str
    """`first day`, `last day`, `youngest`, `oldest`, or `no bound` for a value that holds on every day."""
    item: Any
    """The item of a list whose edge it is; None for an edge of the value itself."""
    inside: tuple[date, int | None]
    outside: tuple[date, int | None]

    def __str__(self) -> str:
        place = f"{self.value.jurisdiction}-{self.value.parameter}-{self.kind}".replace(" ", "-")
        return place if self.item is None else f"{place}-{self.item.get('amount', self.item.get('kind', ''))}"


def boundaries(matrix: Matrix) -> Iterator[Boundary]:
    """Find every edge: of the days of a value, and of the days and ages of the items of a list."""
    for value in matrix.values:
        if value.is_in_force:
            found = [*_of_days(value), *_of_items(value)]
            yield from found or [Boundary(value, "no bound", None, (ALWAYS[0], None), (ALWAYS[1], None))]


def _of_days(value: FileValue) -> Iterator[Boundary]:
    if value.valid_from:
        yield Boundary(value, "first day", None, (value.valid_from, None), (value.valid_from - _DAY, None))
    if value.valid_to:
        yield Boundary(value, "last day", None, (value.valid_to, None), (value.valid_to + _DAY, None))


def _of_items(value: FileValue) -> Iterator[Boundary]:
    items = value.value if isinstance(value.value, list) else []
    for item in items:
        if not isinstance(item, dict):
            continue
        begins, ends = (date.fromisoformat(item[key]) if key in item else None for key in ("from", "to"))
        if begins:
            yield Boundary(value, "first day", item, (begins, None), (begins - _DAY, None))
        if ends:
            yield Boundary(value, "last day", item, (ends, None), (ends + _DAY, None))
        on = ends or _TODAY
        if "age_min" in item:
            yield Boundary(value, "youngest", item, (on, item["age_min"]), (on, item["age_min"] - 1))
        if "age_max" in item:
            yield Boundary(value, "oldest", item, (on, item["age_max"]), (on, item["age_max"] + 1))


def table() -> list[str]:
    """Print the coverage, a row a jurisdiction."""
    matrix = read_matrix()
    edges = list(boundaries(matrix))
    heads = (
        "jurisdiction", "values", "in force (A, B)", "off (C, null, proposed)", "tested", "day edges", "age edges",
        "without bound",
    )  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"| {' | '.join('---' for _ in heads)} |"]
    whole: Counter[str] = Counter()
    for place in matrix.places:
        values = [value for value in matrix.values if value.jurisdiction == place.code]
        mine = [edge for edge in edges if edge.value.jurisdiction == place.code]
        row = Counter(
            values=len(values),
            live=sum(value.is_in_force for value in values),
            tested=len({edge.value.parameter for edge in mine}),
            days=sum(edge.kind in ("first day", "last day") for edge in mine),
            ages=sum(edge.kind in ("youngest", "oldest") for edge in mine),
            unbounded=sum(edge.kind == "no bound" for edge in mine),
        )
        whole += row
        lines.append(_line(place.code, row))
    return [*lines, _line("all", whole)]


def _line(name: str, row: Counter[str]) -> str:
    off = row["values"] - row["live"]
    cells = (row["values"], row["live"], off, row["tested"], row["days"], row["ages"], row["unbounded"])
    return f"| {name} | {' | '.join(str(cell) for cell in cells)} |"


if __name__ == "__main__":
    print("\n".join(table()))  # noqa: T201 - that is what it is for
