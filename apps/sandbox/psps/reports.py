"""What simulated providers and a simulated bank report of a day: settlement files, a bank statement, a game report."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from xml.sax.saxutils import escape

from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from apps.sandbox.models import SimulatedPayment, SimulatedTransaction
from apps.sandbox.psps.adyen import psp_reference

_CENT = Decimal("0.01")
_ADYEN = (
    "Company Account", "Merchant Account", "Psp Reference", "Merchant Reference", "Payment Method", "Creation Date",
    "TimeZone", "Type", "Modification Reference", "Gross Currency", "Gross Debit (GC)", "Gross Credit (GC)",
    "Exchange Rate", "Net Currency", "Net Debit (NC)", "Net Credit (NC)", "Commission (NC)", "Markup (NC)",
    "Scheme Fees (NC)", "Interchange (NC)", "Payment Method Variant", "Batch Number",
)  # fmt: skip
_TRUSTLY = (
    "datestamp", "accountname", "currency", "amount", "total", "orderid", "ordertype", "messageid", "username",
    "fxpaymentamount", "fxpaymentcurrency", "settlementbankwithdrawalid", "externalreference",
)  # fmt: skip


@require_GET
def adyen_settlement(request: HttpRequest) -> HttpResponse:
    """Adyen's settlement detail report of a day: what was paid by card, its costs, and the payout of the rest."""
    day = _day(request)
    rows: list[dict[str, str]] = []
    for number, (currency, payments) in enumerate(_by_currency("adyen", day), start=1):
        lines = [_adyen_line(payment) for payment in payments]
        held = _held(payments)
        net = sum((Decimal(line["Net Credit (NC)"]) for line in lines), Decimal(0)) - held
        reference = f"{payout_reference('adyen', day, currency)} batch {number}, AuroraDemo"
        payout = {"Type": "MerchantPayout", "Modification Reference": reference, "Net Debit (NC)": f"{net}"}
        reserve = {"Type": "ReserveAdjustment", "Net Debit (NC)": f"{held}"}
        for line in (*lines, reserve, payout):
            shared = {"Company Account": "Aurora", "Merchant Account": "AuroraDemo", "TimeZone": "UTC"}
            when = {
                "Creation Date": f"{day} 23:00:00",
                "Net Currency": currency,
                "Batch Number": f"{day:%y%m%d}{number}",
            }
            rows.append(shared | when | line)
    return _csv(_ADYEN, rows)


@require_GET
def trustly_settlement(request: HttpRequest) -> HttpResponse:
    """Trustly's settlement report of a day: signed amounts, a fee line for each, and the total on every line."""
    day = _day(request)
    rows: list[dict[str, str]] = []
    for currency, payments in _by_currency("trustly", day):
        lines: list[tuple[str, SimulatedPayment, Decimal]] = []
        for payment in payments:
            kind = "AccountPayout" if payment.is_payout else "Deposit"
            lines.append((kind, payment, -payment.amount if payment.is_payout else payment.amount))
            lines.append((f"{kind} Fee", payment, -_trustly_fee(payment)))
        total = sum((amount for _, _, amount in lines), Decimal(0)).quantize(_CENT)
        rows += [
            {
                "datestamp": f"{payment.opened_at:%Y-%m-%d %H:%M:%S}+00",
                "accountname": "SUSPENSE_ACCOUNT",
                "currency": currency,
                "amount": f"{amount.quantize(_CENT)}",
                "total": f"{total}",
                "orderid": payment.number,
                "ordertype": kind,
                "messageid": payment.reference,
                "username": "aurora",
                "settlementbankwithdrawalid": payout_reference("trustly", day, currency),
            }
            for kind, payment, amount in lines
        ]
    return _csv(_TRUSTLY, rows)


@require_GET
def bank_statement(request: HttpRequest) -> HttpResponse:
    """The bank's camt.053 of a day: what the two providers paid in; one credit comes short by five."""
    day = _day(request)
    entries: list[tuple[str, Decimal, str]] = []
    for slug in ("adyen", "trustly"):
        for currency, payments in _by_currency(slug, day):
            total = sum((_net(slug, payment) for payment in payments), Decimal(0)).quantize(_CENT)
            total -= _held(payments) if slug == "adyen" else Decimal(0)
            short = Decimal(5) if (slug, currency) == ("trustly", "EUR") else Decimal(0)
            entries.append((currency, total - short, f"{slug.upper()} {payout_reference(slug, day, currency)}"))
    statements = "".join(_statement(day, number, entry) for number, entry in enumerate(entries))
    if not statements:
        return HttpResponse(status=404)
    document = (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt>{statements}</BkToCstmrStmt></Document>"
    )
    return HttpResponse(document, content_type="application/xml")


@require_GET
def game_report(request: HttpRequest, vendor: str) -> HttpResponse:
    """A game provider's report of a day: what it had accepted, round by round."""
    day = _day(request)
    found = SimulatedTransaction.objects.filter(vendor_id=vendor, state="accepted", created_at__date=day)
    sums = (
        found.order_by()
        .values("round__session__game_code", "round__session__currency", "round_id", "kind")
        .annotate(units=Sum("amount"))
    )
    rounds: dict[tuple[str, str, str], dict[str, int]] = {}
    for row in sums:
        key = (row["round__session__game_code"], row["round__session__currency"], row["round_id"])
        rounds.setdefault(key, {})[row["kind"]] = row["units"]
    names = {"bet": "staked", "win": "won", "rollback": "refunded"}
    rows = [
        {"day": str(day), "game_code": game, "currency": currency, "round_id": reference}
        | {name: f"{Decimal(sums_of.get(kind, 0)).scaleb(-5):f}" for kind, name in names.items()}
        for (game, currency, reference), sums_of in sorted(rounds.items())
    ]
    return _csv(("day", "game_code", "currency", "round_id", "staked", "won", "refunded"), rows)


def payout_reference(slug: str, day: date, currency: str) -> str:
    """What a payout is known by at the bank."""
    digits = f"{day:%Y%m%d}{sum(map(ord, slug + currency))}"
    return f"TX{digits}XT" if slug == "adyen" else digits


def _adyen_line(payment: SimulatedPayment) -> dict[str, str]:
    amount = payment.amount.quantize(_CENT)
    fee = _fee(payment, f"{_rounded(amount * Decimal('0.016')) + Decimal('0.11')}")
    return {
        "Psp Reference": psp_reference(payment),
        "Merchant Reference": payment.reference,
        "Payment Method": "visa",
        "Type": "Settled",
        "Modification Reference": psp_reference(payment, "capture"),
        "Gross Currency": payment.currency,
        "Gross Credit (GC)": f"{amount}",
        "Exchange Rate": "1",
        "Net Credit (NC)": f"{amount - fee}",
        "Commission (NC)": f"{fee}",
        "Payment Method Variant": "visa",
    }


def _net(slug: str, payment: SimulatedPayment) -> Decimal:
    if slug == "adyen":
        return Decimal(_adyen_line(payment)["Net Credit (NC)"])
    return (-payment.amount if payment.is_payout else payment.amount) - _trustly_fee(payment)


def _held(payments: Iterable[SimulatedPayment]) -> Decimal:
    """Five per cent of sales are kept back."""
    return _rounded(sum((payment.amount for payment in payments), Decimal(0)) * Decimal("0.05"))


def _trustly_fee(payment: SimulatedPayment) -> Decimal:
    usual = Decimal("0.45") if payment.is_payout else _rounded(payment.amount * Decimal("0.009")) + Decimal("0.20")
    return _fee(payment, f"{usual}")


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _fee(payment: SimulatedPayment, usual: str) -> Decimal:
    return Decimal(str(payment.details.get("fee", usual)))


def _by_currency(slug: str, day: date) -> Iterable[tuple[str, list[SimulatedPayment]]]:
    found: QuerySet[SimulatedPayment] = SimulatedPayment.objects.filter(
        psp_id=slug, state__in=("done", "disputed"), opened_at__date=day
    ).order_by("pk")
    if slug == "adyen":
        # Its transfers are settled in reports of another product.
        found = found.filter(is_payout=False)
    settled = [payment for payment in found if not payment.details.get("unsettled")]
    for currency in sorted({payment.currency for payment in settled}):
        yield currency, [payment for payment in settled if payment.currency == currency]


def _statement(day: date, number: int, entry: tuple[str, Decimal, str]) -> str:
    currency, amount, text = entry
    direction = "CRDT" if amount >= 0 else "DBIT"
    closing = Decimal(100_000) + amount
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{value}</Amt>"
        "<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
        for code, value in (("OPBD", Decimal(100_000)), ("CLBD", closing))
    )
    return (
        f"<Stmt><Id>{day}-{number}</Id><Acct><Id><IBAN>MT00DEMO{number:020d}</IBAN></Id></Acct>{balances}"
        f"<Ntry><Amt Ccy='{currency}'>{abs(amount)}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls><RmtInf><Ustrd>{escape(text)}</Ustrd></RmtInf></TxDtls></NtryDtls>"
        "</Ntry></Stmt>"
    )


def _day(request: HttpRequest) -> date:
    return date.fromisoformat(request.GET["day"])


def _csv(header: Sequence[str], rows: Sequence[dict[str, str]]) -> HttpResponse:
    if not rows:
        return HttpResponse(status=404)
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return HttpResponse(text.getvalue(), content_type="text/csv")
