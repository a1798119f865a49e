"""Reading CSV as a stream, with line numbers, and saying in plain words what is wrong with it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

MOST_ISSUES = 1000
_LONGEST_CELL = 200


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong; line 0 is the file as a whole."""

    line: int
    column: str
    problem: str
    value: str = ""


class FileRefused(Exception):
    """The file is not loaded; `issues` say why, by line."""

    def __init__(self, *issues: Issue) -> None:
        super().__init__(issues[0].problem if issues else "refused")
        self.issues = issues


@dataclass
class Issues:
    """Collects what is wrong, up to a bound: a file in a wrong format is wrong on every line."""

    found: list[Issue] = field(default_factory=list)

    def add(self, line: int, column: str, problem: str, value: str = "") -> None:
        """Note one thing."""
        self.found.append(Issue(line, column, problem, value[:_LONGEST_CELL]))
        if len(self.found) >= MOST_ISSUES:
            raise FileRefused(*self.found)

    def raise_if_any(self) -> None:
        """Refuse the file for what was noted."""
        if self.found:
            raise FileRefused(*self.found)


@dataclass(frozen=True)
class CsvFile:
    """The header of a file and its lines, each with the number of the line on which it ends."""

    header: list[str]
    lines: Iterator[tuple[int, list[str]]]


def read_csv(stream: BinaryIO, *, delimiter: str = ",") -> CsvFile:
    """
    Begin to read; lines shorter than the header are filled up with empty cells.

    :raises FileRefused: if there is no header; reading on raises it for lines that are no CSV or no UTF-8
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    header = next((cells for _, cells in _guarded(reader) if any(cells)), None)
    if header is None:
        raise FileRefused(Issue(0, "", "has no header"))
    return CsvFile(header, _lines(reader, len(header)))


def _lines(reader: Any, width: int) -> Iterator[tuple[int, list[str]]]:
    empty = [""] * width
    for line, cells in _guarded(reader):
        count = len(cells)
        if count == width:
            yield line, cells
        elif count < width:
            if not any(cells):
                continue
            yield line, cells + empty[count:]
        elif any(cells[width:]):
            raise FileRefused(Issue(line, "", f"has {count} cells, the header has {width}"))
        else:
            yield line, cells[:width]


def _guarded(reader: Any) -> Iterator[tuple[int, list[str]]]:
    try:
        for cells in reader:
            yield reader.line_num, cells
    except UnicodeDecodeError as error:
        raise FileRefused(Issue(0, "", "is not UTF-8", error.reason)) from error
    except csv.Error as error:
        raise FileRefused(Issue(reader.line_num, "", f"is not CSV: {error}")) from error
