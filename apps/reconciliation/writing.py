"""Writing tables as CSV and XLSX, row by row. The same rows give the same bytes."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Protocol

import xlsxwriter

from apps.core.money import Money

Cell = str | int | date | datetime | Money | None
ROWS_A_SHEET = 1_000_000
"""Excel takes 1 048 576."""
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# What a spreadsheet's number can hold exactly.
_EXACT_DIGITS = 15
_LONGEST_CELL = 32_767


class TableWriter(Protocol):
    """Takes rows one after the other."""

    def write(self, rows: Iterable[Sequence[Cell]]) -> int:
        """Write them and return how many."""
        ...


def safe_text(text: str) -> str:
    """Keep a text from being taken for a formula: it gets an apostrophe in front, unless it is a plain number."""
    text = text.replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text) else text


def as_text(cell: Cell) -> str:
    """A cell as text: amounts as exact decimals, times in UTC, nothing that a spreadsheet would compute."""
    if cell is None:
        return ""
    if isinstance(cell, Money):
        return cell.format()
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%dT%H:%M:%SZ")
    return safe_text(cell) if isinstance(cell, str) else str(cell)


def write_csv(target: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write UTF-8 CSV and return the number of rows."""
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007 - the count is what is returned
        writer.writerow([as_text(cell) for cell in row])
    text.detach()
    return count


def write_xlsx(target: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Cell]], *, as_of: date) -> int:
    """Write a workbook in constant memory and return the number of rows; a new sheet every million."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(target, options)
    # Not the time of writing: the same data gives the same file.
    book.set_properties({"created": datetime(as_of.year, as_of.month, as_of.day)})  # noqa: DTZ001 - Excel knows no zones
    bold, count, sheet = book.add_format({"bold": True}), 0, None
    for count, row in enumerate(rows, start=1):
        if (count - 1) % ROWS_A_SHEET == 0:
            sheet = _new_sheet(book, header, bold)
        for column, cell in enumerate(row):
            _write_cell(sheet, (count - 1) % ROWS_A_SHEET + 1, column, cell)
    if sheet is None:
        _new_sheet(book, header, bold)
    book.close()
    return count


def _new_sheet(book: "xlsxwriter.Workbook", header: Sequence[str], bold: Any) -> Any:
    sheet = book.add_worksheet()
    for column, title in enumerate(header):
        sheet.write_string(0, column, title, bold)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(header) - 1, 22)
    return sheet


def _write_cell(sheet: Any, row: int, column: int, cell: Cell) -> None:
    text = as_text(cell)
    if isinstance(cell, (Money, int)) and len(text.strip("-").replace(".", "")) <= _EXACT_DIGITS:
        sheet.write_number(row, column, Decimal(text))
    elif text:
        sheet.write_string(row, column, text[:_LONGEST_CELL])
