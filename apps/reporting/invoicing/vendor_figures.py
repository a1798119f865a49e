"""The vendor's own invoice beside ours: entered by line, and each difference accepted or disputed with a reason."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from apps.core.money import Money, MoneyError
from apps.reporting.invoicing.access import CHECK_PERMISSION, DRAW_PERMISSION, InvoiceNotSound, locked_invoice
from apps.reporting.models import Invoice, VendorLine

HEADER = ("line", "currency", "amount")
_MOST_LINES = 500
_WHILE = (Invoice.State.DRAFT, Invoice.State.DISPUTED)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a vendor states for one line."""

    key: str
    money: Money


def read_stated(text: str) -> list[Stated]:
    """
    Read lines of ``line,currency,amount`` (with or without that header), as pasted from a spreadsheet or typed.

    :raises InvoiceNotSound: with the number of the line that is wrong
    """
    found: list[Stated] = []
    delimiter = ";" if ";" in text.partition("\n")[0] else "\t" if "\t" in text.partition("\n")[0] else ","
    for number, row in enumerate(_rows(text, delimiter), start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and tuple(cell.lower() for cell in cells) == HEADER):
            continue
        if len(cells) != len(HEADER) or not cells[0] or len(cells[0]) > 120 or "\x00" in cells[0]:  # noqa: PLR2004 - the column's width
            raise InvoiceNotSound(f"Line {number}: it holds a line's name, a currency and an amount.")
        try:
            found.append(Stated(cells[0], Money.parse(cells[2], cells[1])))
        except MoneyError as error:
            raise InvoiceNotSound(f"Line {number}: {error}.") from error
    if not found or len(found) > _MOST_LINES:
        raise InvoiceNotSound(f"Between 1 and {_MOST_LINES} lines can be entered.")
    if len({(each.key, each.money.currency) for each in found}) != len(found):
        raise InvoiceNotSound("A line stands twice.")
    return found


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise InvoiceNotSound(f"This can not be read as lines of a table: {error}.") from error


@transaction.atomic
def enter_vendor_figures(*, invoice_id: int, stated: Sequence[Stated], actor: User, now: datetime) -> list[VendorLine]:
    """
    Put the vendor's figures beside ours; they replace what was entered before, and decisions on what is unchanged stay.

    :raises InvoiceNotSound: once it was checked
    """
    invoice = _open(invoice_id, actor, DRAW_PERMISSION)
    ours = {(line.key, line.currency): line.amount_units for line in invoice.lines.all()}
    before = {(line.key, line.currency): line for line in invoice.vendor_lines.all()}
    invoice.vendor_lines.all().delete()
    made = []
    for each in stated:
        key = (each.key, each.money.currency)
        line = VendorLine(
            invoice=invoice, key=each.key, currency=each.money.currency, ours_units=ours.get(key, 0),
            vendor_units=each.money.units, entered_by=actor, entered_at=now,
        )  # fmt: skip
        was = before.get(key)
        if line.difference_units == 0:
            line.verdict = VendorLine.Verdict.AGREES
        elif was is not None and was.vendor_units == line.vendor_units:
            line.verdict, line.reason = was.verdict, was.reason
            line.decided_by_id, line.decided_at = was.decided_by_id, was.decided_at
        line.save()
        made.append(line)
    return made


@transaction.atomic
def decide_difference(
    *, invoice_id: int, line_id: int, accept: bool, reason: str, actor: User, now: datetime
) -> VendorLine:
    """
    Accept the vendor's figure, which is owed then, or dispute it.

    :raises InvoiceNotSound: once it was checked, or where there is no difference
    """
    invoice = _open(invoice_id, actor, CHECK_PERMISSION)
    line = invoice.vendor_lines.filter(pk=line_id).first()
    if line is None or line.difference_units == 0:
        raise InvoiceNotSound("There is no such difference.")
    line.verdict = VendorLine.Verdict.ACCEPTED if accept else VendorLine.Verdict.DISPUTED
    line.reason, line.decided_by, line.decided_at = reason.strip()[:300], actor, now
    line.save(update_fields=["verdict", "reason", "decided_by", "decided_at"])
    return line


def _open(invoice_id: int, actor: User, permission: str) -> Invoice:
    invoice = locked_invoice(invoice_id, actor, permission)
    if invoice.state not in _WHILE or invoice.is_posted:
        raise InvoiceNotSound("It has been checked: what was agreed stays.")
    return invoice
