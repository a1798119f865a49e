"""What the columns of settlement files mean: by header, never by position. One layout a format, as data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from operator import itemgetter

from apps.reconciliation.models import ColumnMapping

STAGED = (
    "batch", "raw_type", "psp_reference", "modification", "reference", "gross_currency", "gross_debit", "gross_credit",
    "rate", "net_currency", "net_debit", "net_credit", "commission", "markup", "scheme", "interchange", "occurred",
    "zone", "total", "payout_reference",
)  # fmt: skip
"""What a line is reduced to before the database reckons with it; all text."""

Cells = Sequence[str]
Staged = tuple[str, ...]
Reading = Callable[[Cells], Staged]


class NotThisLayout(ValueError):
    """The header lacks a column that this format cannot do without."""


@dataclass(frozen=True)
class Layout:
    """One format: which headers it knows, which of them it needs, and how a line is read."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    """Our name to the headers that it goes by, the preferred one first."""
    required: frozenset[str]
    types: Mapping[str, tuple[str, bool]]
    """Their types to our movement, and whether the line is a fee of it. Others are kept as `other`."""
    reading: Callable[["Places"], Reading]
    delimiter: str = ","
    zone: str = "UTC"
    """Of times that name none."""
    defaults: Mapping[str, str] = field(default_factory=dict)

    def reader(self, header: Cells) -> tuple["Places", Reading]:
        """
        Find the columns of one file.

        :raises NotThisLayout: if a column is missing, or stands there twice
        """
        places = Places.of(self, header)
        return places, self.reading(places)


@dataclass(frozen=True)
class Places:
    """Where each of our names stands in one file, and what its header is called there."""

    index: Mapping[str, int]
    headers: Mapping[str, str]
    width: int

    @classmethod
    def of(cls, layout: Layout, header: Cells) -> "Places":
        """Look the layout's columns up, without regard to case and spaces around."""
        known: dict[str, int] = {}
        for place, title in enumerate(header):
            name = title.strip().casefold()
            if name and name in known:
                raise NotThisLayout(f"the column “{title.strip()}” stands there twice")
            known[name] = place
        index, headers = {}, {}
        for name, titles in layout.columns.items():
            found = next((title for title in titles if title.casefold() in known), None)
            if found is not None:
                index[name], headers[name] = known[found.casefold()], found
            elif name in layout.required:
                raise NotThisLayout(f"the column “{titles[0]}” is missing; it is needed in {layout.name}")
        return cls(index, headers, len(header))

    def cell(self, name: str) -> Callable[[Cells], str]:
        """A function that takes this cell out of a line; empty where the file has no such column."""
        place = self.index.get(name)
        return (lambda _: "") if place is None else (lambda cells: cells[place])


# --- Adyen --------------------------------------------------------------------------------------

_ADYEN_COLUMNS = {
    "batch": ("Batch Number",),
    "raw_type": ("Type",),
    "psp_reference": ("Psp Reference",),
    "modification": ("Modification Reference",),
    "reference": ("Merchant Reference",),
    "gross_currency": ("Gross Currency",),
    "gross_debit": ("Gross Debit (GC)",),
    "gross_credit": ("Gross Credit (GC)",),
    "rate": ("Exchange Rate",),
    "net_currency": ("Net Currency",),
    "net_debit": ("Net Debit (NC)",),
    "net_credit": ("Net Credit (NC)",),
    "commission": ("Commission (NC)",),
    "markup": ("Markup (NC)",),
    "scheme": ("Scheme Fees (NC)",),
    "interchange": ("Interchange (NC)",),
    "occurred": ("Creation Date",),
    "zone": ("TimeZone",),
    "booked": ("Booking Date",),
    "booked_zone": ("Booking Date TimeZone",),
}

# The types below `Balancetransfer` are not confirmed by a file we have seen; unknown ones are kept as they are.
ADYEN_TYPES = {
    "Settled": ("deposit", False),
    "Refunded": ("refund", False),
    "Fee": ("fee", False),
    "MerchantPayout": ("bank", False),
    "Balancetransfer": ("carry", False),
    "RefundedReversed": ("refund", False),
    "Chargeback": ("chargeback", False),
    "SecondChargeback": ("chargeback", False),
    "ChargebackReversed": ("chargeback", False),
    "InvoiceDeduction": ("fee", False),
    "DepositCorrection": ("reserve", False),
    "ReserveAdjustment": ("reserve", False),
    "PaidOut": ("payout", False),
    "PaidOutReversed": ("payout", False),
    "MatchedStatement": ("other", False),
    "ManualCorrected": ("other", False),
}


def _read_adyen(places: Places) -> Reading:
    """Take the cells as they are; only the newer layout has booking dates."""
    # An absent column is the empty cell behind the line's own.
    place = {name: places.index.get(name, places.width) for name in (*STAGED, *_ADYEN_COLUMNS)}
    booked = {**place, "occurred": place["booked"], "zone": place["booked_zone"]}
    as_created, as_booked = (itemgetter(*(each[name] for name in STAGED)) for each in (place, booked))
    raw_type, modification, booked_at = place["raw_type"], place["modification"], place["booked"]

    def read(cells: Cells) -> Staged:
        padded = [*cells, ""]
        row: Staged = (as_booked if padded[booked_at] else as_created)(padded)
        if padded[raw_type] != "MerchantPayout":
            return row
        # "TX635094301XT batch 380, …": the bank's line carries its first word.
        return (*row[:-1], padded[modification].split(" ", 1)[0])

    return read


ADYEN = Layout(
    name="Adyen's settlement detail report",
    columns=_ADYEN_COLUMNS,
    required=frozenset(_ADYEN_COLUMNS) - {"booked", "booked_zone"},
    types=ADYEN_TYPES,
    reading=_read_adyen,
)

# --- Trustly ------------------------------------------------------------------------------------

TRUSTLY_TYPES = {
    "Deposit": ("deposit", False),
    "Deposit Fee": ("deposit", True),
    "Refund": ("refund", False),
    "Refund Fee": ("refund", True),
    "AccountPayout": ("payout", False),
    "AccountPayout Fee": ("payout", True),
    "FX": ("other", False),
    "Settlement Fee": ("fee", False),
}


def _read_trustly(places: Places) -> Reading:
    """One signed amount in the settled currency; of an exchanged payment its own amount stands apart, unsigned."""
    names = (
        "currency",
        "amount",
        "total",
        "orderid",
        "ordertype",
        "messageid",
        "fxamount",
        "fxcurrency",
        "batch",
        "date",
    )
    currency, amount, total, order, kind, message, fx_amount, fx_currency, batch, date = map(places.cell, names)

    def read(cells: Cells) -> Staged:
        net, own, own_currency = amount(cells), fx_amount(cells), fx_currency(cells)
        is_exchanged = bool(own and own_currency)
        gross = (f"-{own}" if net.startswith("-") and not own.startswith("-") else own) if is_exchanged else net
        return (
            batch(cells), kind(cells), order(cells), "", message(cells),
            own_currency if is_exchanged else currency(cells), "", gross, "", currency(cells),
            "", net, "", "", "", "", date(cells), "", total(cells), batch(cells),
        )  # fmt: skip

    return read


TRUSTLY = Layout(
    name="Trustly's settlement report",
    columns={
        "date": ("datestamp",),
        "currency": ("currency",),
        "amount": ("amount",),
        "total": ("total",),
        "orderid": ("orderid",),
        "ordertype": ("ordertype",),
        "messageid": ("messageid",),
        "fxamount": ("fxpaymentamount",),
        "fxcurrency": ("fxpaymentcurrency",),
        "batch": ("settlementbankwithdrawalid",),
        "extra": ("extraref", "externalreference"),
    },
    required=frozenset({"date", "currency", "amount", "total", "orderid", "ordertype", "messageid", "batch"}),
    types=TRUSTLY_TYPES,
    reading=_read_trustly,
)

# --- by a saved mapping -------------------------------------------------------------------------

GENERIC_COLUMNS = (
    "gross", "currency", "fee", "net", "net_currency", "rate", "type", "psp_reference", "reference", "modification",
    "batch", "time", "total", "payout_reference",
)  # fmt: skip
GENERIC_REQUIRED = frozenset({"gross", "currency", "type", "time"})


def _read_generic(places: Places) -> Reading:
    """Signed amounts; a net that is not there is gross less fee."""
    cells_of = {name: places.cell(name) for name in GENERIC_COLUMNS}

    def read(cells: Cells) -> Staged:
        cell = {name: take(cells).strip() for name, take in cells_of.items()}
        net = cell["net"] or _difference(cell["gross"], cell["fee"])
        return (
            cell["batch"], cell["type"], cell["psp_reference"], cell["modification"], cell["reference"],
            cell["currency"], "", cell["gross"], cell["rate"], cell["net_currency"] or cell["currency"],
            "", net, cell["fee"], "", "", "", cell["time"], "", cell["total"], cell["payout_reference"],
        )  # fmt: skip

    return read


def _difference(gross: str, fee: str) -> str:
    try:
        return f"{Decimal(gross) - Decimal(fee or '0'):f}"
    except InvalidOperation:
        # The check of cells names it.
        return gross


def generic_layout(mapping: ColumnMapping) -> Layout:
    """Make the layout of an integration's own file."""
    types = {
        raw: (meaning.removesuffix("_fee"), meaning.endswith("_fee") and meaning != "_fee")
        for raw, meaning in mapping.types.items()
    }
    return Layout(
        name=f"the mapping “{mapping.name}”",
        columns={name: (str(title),) for name, title in mapping.columns.items() if name in GENERIC_COLUMNS},
        required=GENERIC_REQUIRED,
        types=types,
        reading=_read_generic,
        delimiter=mapping.delimiter,
        zone=mapping.time_zone,
    )
