"""Settlement files of the tests: Adyen's two layouts and Trustly's, written from a list of lines."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

_START = (
    "Company Account", "Merchant Account", "Psp Reference", "Merchant Reference", "Payment Method", "Creation Date",
    "TimeZone", "Type", "Modification Reference", "Gross Currency", "Gross Debit (GC)", "Gross Credit (GC)",
    "Exchange Rate", "Net Currency", "Net Debit (NC)", "Net Credit (NC)", "Commission (NC)", "Markup (NC)",
    "Scheme Fees (NC)", "Interchange (NC)", "Payment Method Variant",
)  # fmt: skip
_RESERVED = tuple(f"Reserved{number}" for number in range(4, 11))
OLDER = (*_START, "Modification Merchant Reference", "Batch Number", *_RESERVED)
NEWER = (
    *_START,
    "Batch Number",
    *_RESERVED,
    "Modification Merchant Reference",
    "Booking Date",
    "Booking Date TimeZone",
)


@dataclass(frozen=True)
class Line:
    """One line of an Adyen file; amounts in main units, `gross` and `net` signed."""

    type: str
    gross: str = ""
    net: str = ""
    psp_reference: str = ""
    reference: str = ""
    modification: str = ""
    commission: str = ""
    scheme: str = ""
    interchange: str = ""
    currency: str = "EUR"
    net_currency: str = ""
    rate: str = "1"
    at: str = "2026-11-20 12:00:00"

    @property
    def net_amount(self) -> Decimal:
        """What the line adds to what is owed to us."""
        if self.net:
            return Decimal(self.net)
        fees = sum(Decimal(fee or "0") for fee in (self.commission, self.scheme, self.interchange))
        return Decimal(self.gross or "0") - fees


def settled(number: int | str, gross: str = "10.00", **more: str) -> Line:
    """A deposit of one payment, which the ledger knows under the same number."""
    return Line(
        "Settled",
        gross=gross,
        psp_reference=f"PSP{number}",
        reference=f"ref-{number}",
        modification=f"M{number}",
        **more,
    )


def paid_out(lines: Sequence[Line], reference: str = "TX1XT", batch: int = 1) -> Line:
    """The line that pays everything before it to our bank."""
    total = sum((line.net_amount for line in lines), Decimal(0))
    return Line("MerchantPayout", net=f"{-total}", modification=f"{reference} batch {batch}, TestMerchant", rate="")


def adyen_file(lines: Iterable[Line], *, batch: int = 1, columns: Sequence[str] = NEWER) -> bytes:
    """Write a settlement detail report in one of the two layouts, or with the columns in any other order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for line in lines:
        cells = _cells(line, batch)
        writer.writerow([cells.get(column, "") for column in columns])
    return text.getvalue().encode()


def _cells(line: Line, batch: int) -> dict[str, str]:
    gross, net = Decimal(line.gross or "0"), line.net_amount
    return {
        "Company Account": "TestCompany",
        "Merchant Account": "TestMerchant",
        "Psp Reference": line.psp_reference,
        "Merchant Reference": line.reference,
        "Payment Method": "visa" if line.gross else "",
        "Creation Date": line.at,
        "TimeZone": "CET",
        "Type": line.type,
        "Modification Reference": line.modification,
        "Gross Currency": line.currency if line.gross else "",
        "Gross Debit (GC)": f"{-gross}" if gross < 0 else "",
        "Gross Credit (GC)": f"{gross}" if gross > 0 else "",
        "Exchange Rate": line.rate if line.gross else "",
        "Net Currency": line.net_currency or line.currency,
        "Net Debit (NC)": f"{-net}" if net < 0 else "",
        "Net Credit (NC)": f"{net}" if net >= 0 else "",
        "Commission (NC)": line.commission,
        "Scheme Fees (NC)": line.scheme,
        "Interchange (NC)": line.interchange,
        "Batch Number": str(batch),
        "Booking Date": line.at,
        "Booking Date TimeZone": "CET",
    }


def camt(
    entries: Sequence[tuple[str, str, str]],
    *,
    version: str = "02",
    opening: str = "1000.00",
    closing: str | None = None,
    currency: str = "EUR",
) -> bytes:
    """A statement with an entry for each (booking date, signed amount, text); it adds up unless told otherwise."""
    total = Decimal(opening) + sum(Decimal(amount) for _, amount, _ in entries)
    rows = "".join(
        f'<Ntry><Amt Ccy="{currency}">{abs(Decimal(amount))}</Amt>'
        f"<CdtDbtInd>{'DBIT' if amount.startswith('-') else 'CRDT'}</CdtDbtInd>"
        f"{'<Sts>BOOK</Sts>' if version < '08' else '<Sts><Cd>BOOK</Cd></Sts>'}"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>B{number}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for number, (day, amount, text) in enumerate(entries)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
        "<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt><Id>1</Id>"
        "<Acct><Id><IBAN>MT84MALT011000012345MTLCAST001S</IBAN></Id>"
        f"</Acct>{_balance('OPBD', opening, currency)}{_balance('CLBD', closing or str(total), currency)}{rows}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(code: str, amount: str, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{amount}</Amt>"
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>"
    )
