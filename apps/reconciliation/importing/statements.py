"""Bank statements: camt.053 in any of its versions, and CSV."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import BinaryIO, NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from apps.core.money import Money, MoneyError
from apps.reconciliation.importing.csv_lines import FileRefused, Issue, Issues, read_csv
from apps.reconciliation.importing.layouts import Layout, NotThisLayout, Places
from apps.reconciliation.progress import Progress

_CREDIT, _DEBIT = "CRDT", "DBIT"


class Entry(NamedTuple):
    """One line of a statement as it is stored."""

    line: int
    account: str
    currency: str
    units: int
    booked_on: date
    reference: str
    counterparty: str


def read_camt(stream: BinaryIO, progress: Progress) -> Iterator[Entry]:
    """
    Read booked entries one after the other; a statement's entries have to lead from its opening to its closing balance.

    Elements are known by their local names, so that camt.053.001.02 to .13 and bare files are read alike. DTDs and
    entities are refused.

    :raises FileRefused: with what is wrong; lines are counted in entries
    """
    try:
        yield from _Camt(progress).read(stream)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise FileRefused(Issue(0, "", f"is no camt.053 that can be read: {error}"[:200])) from error


class _Camt:
    """Keeps the account and sums of the statement that is being read."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._line = 0
        self._account = ""
        self._opening: dict[str, int] = {}
        self._closing: dict[str, int] = {}
        self._sums: dict[str, int] = {}

    def read(self, stream: BinaryIO) -> Iterator[Entry]:
        """Go through the document, forgetting each entry once it is read."""
        path: list[str] = []
        is_statement = False
        for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
            name = _local(element)
            if event == "start":
                path.append(name)
                is_statement = is_statement or name == "Stmt"
                continue
            path.pop()
            if name == "Acct" and path[-1:] == ["Stmt"]:
                self._account = _text(element, "Id", "IBAN") or _text(element, "Id", "Othr", "Id")
            elif name == "Bal" and path[-1:] == ["Stmt"]:
                self._note_balance(element)
            elif name == "Ntry" and path[-1:] == ["Stmt"]:
                yield from self._entries(element)
                element.clear()
            elif name == "Stmt":
                self._require_balance()
                element.clear()
        if not is_statement:
            raise FileRefused(Issue(0, "", "holds no statement (Stmt): is it a camt.053?"))

    def _note_balance(self, element: Element) -> None:
        code = _text(element, "Tp", "CdOrPrtry", "Cd")
        money = self._money(element)
        if code in ("OPBD", "PRCD"):
            self._opening.setdefault(money.currency, money.units)
        elif code == "CLBD":
            self._closing[money.currency] = money.units

    def _require_balance(self) -> None:
        for currency, closing in self._closing.items():
            opening = self._opening.get(currency)
            if opening is not None and opening + self._sums.get(currency, 0) != closing:
                reached = Money(opening + self._sums.get(currency, 0), currency)
                raise FileRefused(
                    Issue(0, "Bal", f"its entries lead to {reached}, its closing balance is {Money(closing, currency)}")
                )
        self._opening, self._closing, self._sums = {}, {}, {}

    def _entries(self, element: Element) -> Iterator[Entry]:
        status = _text(element, "Sts", "Cd") or _text(element, "Sts")
        if status not in ("", "BOOK"):
            return
        whole = self._money(element)
        self._sums[whole.currency] = self._sums.get(whole.currency, 0) + whole.units
        booked_on = _date(_text(element, "BookgDt", "Dt") or _text(element, "BookgDt", "DtTm"))
        details = [part for group in _all(element, "NtryDtls") for part in _all(group, "TxDtls")]
        shared = [_text(element, "AcctSvcrRef"), _text(element, "NtryRef"), _text(element, "AddtlNtryInf")]
        amounts = [self._detail_money(part, whole) for part in details]
        # Several transactions booked as one sum: each is a line of its own, where the bank says how much each was.
        is_split = len(details) > 1 and all(amounts) and sum(each.units for each in amounts if each) == whole.units
        parts = (
            [([part], money) for part, money in zip(details, amounts, strict=True)] if is_split else [(details, whole)]
        )
        for group, money in parts:
            self._line += 1
            self._progress.count()
            texts = [*shared, *(text for part in group for text in _detail_texts(part))]
            yield Entry(
                self._line,
                self._account,
                (money or whole).currency,
                (money or whole).units,
                booked_on,
                " | ".join(dict.fromkeys(text for text in texts if text))[:2000],
                next(filter(None, map(_counterparty, group)), "")[:300],
            )

    def _detail_money(self, part: Element, whole: Money) -> Money | None:
        amount = _find(part, "Amt")
        if amount is None:
            amount = _find(part, "AmtDtls", "TxAmt", "Amt")
        if amount is None:
            return None
        money = Money.parse((amount.text or "").strip(), amount.get("Ccy", whole.currency), precision="ledger")
        return money if whole.units >= 0 else -money

    def _money(self, element: Element) -> Money:
        amount = _find(element, "Amt")
        direction = _text(element, "CdtDbtInd")
        if amount is None or direction not in (_CREDIT, _DEBIT):
            raise FileRefused(Issue(self._line + 1, "Amt", "an entry or balance lacks its amount or direction"))
        try:
            money = Money.parse((amount.text or "").strip(), amount.get("Ccy", ""), precision="ledger")
        except MoneyError as error:
            raise FileRefused(Issue(self._line + 1, "Amt", str(error)[:200], amount.text or "")) from error
        return money if direction == _CREDIT else -money


def _detail_texts(part: Element) -> list[str]:
    refs = _find(part, "Refs")
    ids = [] if refs is None else [(each.text or "").strip() for each in refs]
    remittance = [(each.text or "").strip() for group in _all(part, "RmtInf") for each in _all(group, "Ustrd")]
    structured = [_text(part, "RmtInf", "Strd", "CdtrRefInf", "Ref")]
    return [text for text in (*ids, *remittance, *structured, _text(part, "AddtlTxInf")) if text != "NOTPROVIDED"]


def _counterparty(part: Element) -> str:
    names = (("RltdPties", "Dbtr", "Pty", "Nm"), ("RltdPties", "Dbtr", "Nm"), ("RltdPties", "UltmtDbtr", "Nm"))
    return next(filter(None, (_text(part, *path) for path in names)), "")


def _local(element: Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _all(element: Element, name: str) -> list[Element]:
    return [child for child in element if _local(child) == name]


def _find(element: Element, *path: str) -> Element | None:
    found: Element | None = element
    for name in path:
        found = None if found is None else next(iter(_all(found, name)), None)
    return found


def _text(element: Element, *path: str) -> str:
    found = _find(element, *path)
    return "" if found is None else (found.text or "").strip()


def _date(text: str) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise FileRefused(Issue(0, "BookgDt", "an entry has no booking date that can be read", text[:200])) from error


# --- CSV ----------------------------------------------------------------------------------------

BANK_CSV = Layout(
    name="a bank statement as CSV",
    columns={
        "date": ("date", "booking date", "booked"),
        "amount": ("amount",),
        "currency": ("currency", "ccy"),
        "reference": ("reference", "text", "remittance", "description"),
        "account": ("account", "iban"),
        "counterparty": ("counterparty", "name"),
    },
    required=frozenset({"date", "amount", "currency", "reference"}),
    types={},
    reading=lambda _: tuple,
)


def read_bank_csv(stream: BinaryIO, progress: Progress) -> Iterator[Entry]:
    """
    Read a bank's CSV: ISO dates, signed amounts with a decimal point.

    :raises FileRefused: with what is wrong, by line
    """
    file = read_csv(stream)
    try:
        places = Places.of(BANK_CSV, file.header)
    except NotThisLayout as error:
        raise FileRefused(Issue(1, "", str(error), ", ".join(file.header))) from error
    cell = {name: places.cell(name) for name in BANK_CSV.columns}
    issues = Issues()
    for line, cells in file.lines:
        currency, amount, day = (cell[name](cells).strip() for name in ("currency", "amount", "date"))
        progress.count()
        try:
            units = Money.parse(amount, currency, precision="ledger").units
        except MoneyError as error:
            issues.add(line, places.headers["amount"], str(error)[:200], f"{amount} {currency}")
            continue
        try:
            booked_on = date.fromisoformat(day)
        except ValueError:
            issues.add(line, places.headers["date"], "is not a date like 2026-11-25", day)
            continue
        texts = (cell[name](cells).strip() for name in ("reference", "counterparty"))
        reference, counterparty = texts
        yield Entry(
            line, cell["account"](cells).strip()[:80], currency, units, booked_on, reference[:2000], counterparty[:300]
        )
    issues.raise_if_any()
