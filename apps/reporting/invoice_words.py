"""How an invoice's lines came about and how they compare with the vendor's, in words. No requests, no permissions."""

from fractions import Fraction
from typing import Any

from apps.core.admin_display import NOTHING, amount_text, pill, signed_amount_text
from apps.reporting.invoicing.tiers import rounded
from apps.reporting.models import Invoice, InvoiceLine, VendorLine

_VERDICTS = {"open": "warning", "agrees": "good", "accepted": "info", "disputed": "bad"}


def compared(invoice: Invoice, stated: dict[tuple[str, str], VendorLine]) -> list[dict[str, Any]]:
    """Ours and the vendor's by line; what only one of the two knows is shown as that."""
    if not stated:
        return []
    ours = {(line.key, line.currency): line.amount_units for line in invoice.lines.all()}
    found = []
    for key, currency in [*ours, *(each for each in stated if each not in ours)]:
        theirs = stated.get((key, currency))
        units = ours.get((key, currency))
        found.append(
            {
                "key": key,
                "ours": amount_text(units, currency),
                "vendor": amount_text(theirs.vendor_units if theirs else None, currency),
                "difference": signed_amount_text(theirs.difference_units, currency) if theirs else NOTHING,
                "verdict": pill(theirs.verdict, theirs.get_verdict_display(), _VERDICTS[theirs.verdict])
                if theirs
                else pill("none", "not on the vendor’s"),
                "reason": theirs.reason if theirs else "",
                "by": theirs.decided_by if theirs else None,
            }
        )
    return found


def how(line: InvoiceLine) -> list[tuple[str, str]]:
    """How a line came about, step by step: what adds up to the base, the tiers, and the exact sum before rounding."""
    reckoning, currency = line.reckoning, line.currency
    parts = reckoning.get("parts", {})
    steps = [(words, _exact(parts[name], currency)) for name, words in _PART_WORDS.items() if name in parts]
    if reckoning.get("carried_in", "0") != "0":
        steps.append(("carried over from the month before", _exact(reckoning["carried_in"], currency)))
    if "base" in reckoning:
        steps.append(("base", _exact(reckoning["base"], currency)))
    for piece in reckoning.get("slices", ()):
        rate = f"{piece['rate_ppm'] / 10_000:g} % of {_exact(piece['base'], currency)}"
        steps.append((rate, _exact(piece["fee"], currency)))
    for key, (was, anew) in reckoning.get("lines", {}).items():
        code = key.rpartition("/")[2]
        steps.append((key, f"{amount_text(was, code)} → {amount_text(anew, code)}"))
    return steps


_PART_WORDS = {
    "stakes": "stakes less those given back", "wins": "wins less those taken back", "bonus": "bonus cost",
    "free_rounds": "wins of free rounds, added back", "jackpot": "paid into jackpots",
}  # fmt: skip


def _exact(text: str, currency: str) -> str:
    """An exact amount; where it is finer than the ledger it is shown rounded, with a sign that says so."""
    exact = Fraction(text)
    if exact.denominator == 1 and abs(exact) < 2**63:
        return amount_text(int(exact), currency)
    return f"≈ {amount_text(rounded(exact, currency), currency)}"
