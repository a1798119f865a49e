"""A break in plain words: what each side says, and what usually is behind it."""

import json
from collections.abc import Mapping
from typing import Any

from apps.core.admin_display import amount_text


def explanation(
    *, kind: str, subject: str, currency: str, expected: int, found: int, details: Mapping[str, Any] | str
) -> str:
    """One or two sentences for the person who has to deal with it."""
    facts: Mapping[str, Any] = json.loads(details) if isinstance(details, str) else details
    ours, theirs = amount_text(expected, currency), amount_text(found, currency)
    terms = {
        "ours": ours,
        "theirs": theirs,
        "difference": amount_text(found - expected, currency),
        "subject": subject,
        **{name: value for name, value in facts.items() if isinstance(value, (str, int))},
    }
    if kind in ("missing_internal", "missing_psp", "amount", "duplicate", "status") and "game" in facts:
        return _of_a_game(kind, facts, currency, terms)
    if kind == "currency" and "found_units" in facts:
        terms["theirs"] = amount_text(int(facts["found_units"]), str(facts["found_currency"]))
    if kind == "fee":
        # Kept as what they do to the provider's account; told as what they cost.
        terms |= {"ours": amount_text(-expected, currency), "theirs": amount_text(-found, currency)}
    template = _TEXTS.get((kind, _case(kind, facts))) or _TEXTS.get((kind, ""), "{difference}")
    return template.format_map(_Blank(terms))


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def _case(kind: str, facts: Mapping[str, Any]) -> str:
    if kind == "batch" and "line" in facts:
        return "line"
    if kind == "payout_bank":
        if "bank_text" in facts:
            return "credit"
        return "differs" if facts.get("bank_lines") else ""
    if kind == "timing" and not facts.get("ledger_lines"):
        return "theirs"
    if kind == "status" and "our_state" in facts:
        return "ours"
    return str(facts.get("repeated", "")) if kind == "duplicate" else ""


_TEXTS: dict[tuple[str, str], str] = {
    ("missing_internal", ""): "The provider settled {theirs}; our books have no such payment. A callback may have been"
    " lost, or the payment is another merchant's.",
    ("missing_psp", ""): "We booked {ours} on {booked_on}; it was due by {due_on} and no settlement file has it.",
    ("amount", ""): "We have {ours}, the provider settled {theirs}: {difference} between them.",
    ("currency", ""): "We booked {ours}, the provider settled {theirs}: another currency.",
    ("fee", ""): "By contract the provider charges {ours}, he charged {theirs}.",
    ("duplicate", "there"): "The provider settled the same payment more than once: {theirs} where we have {ours}.",
    ("duplicate", "here"): "We booked the same payment more than once: {ours} where the provider settled {theirs}.",
    ("status", "ours"): "For us the payment is {our_state}, yet the provider settled {theirs}.",
    ("status", ""): "One side took the payment back and the other did not: {ours} here, {theirs} there.",
    ("timing", ""): "We booked {ours} on {booked_on}; the provider is late, it was due by {due_on}. It may still come.",
    (
        "timing",
        "theirs",
    ): "The provider settled {theirs} before we heard the end of it: the payment is {our_state} here.",
    (
        "batch",
        "",
    ): "Batch {batch} should come to {ours}, its lines come to {theirs}. Ask the provider for a correct file.",
    ("batch", "line"): "Line {line}: gross times rate less fees is {ours}, the file says {theirs} net.",
    (
        "payout_bank",
        "",
    ): "The provider says he paid {ours} on {paid_on} ({payout}); the bank has not credited it by {due_on}.",
    ("payout_bank", "differs"): "The provider says he paid {ours} ({payout}), the bank credited {theirs}.",
    (
        "payout_bank",
        "credit",
    ): "The bank credited {theirs} on {booked_on} that no settlement file explains: {bank_text}",
    ("reserve", ""): "By contract batch {batch} moves {ours} of the reserve, the file moves {theirs}.",
    ("books", ""): "{rule}: {row} should be {expected}, is {found}.",
}


def _of_a_game(kind: str, facts: Mapping[str, Any], currency: str, terms: Mapping[str, Any]) -> str:
    where = f"Round {facts['round']} of {facts['game']}" if facts.get("round") else f"{facts['game']}, by totals"
    if kind == "missing_internal":
        return f"{where}: in the provider's report (result {terms['theirs']}), not in our books."
    if kind == "missing_psp":
        return f"{where}: in our books (result {terms['ours']}), not in the provider's report."
    if kind == "status":
        return f"{where} has been open since {str(facts.get('opened_at', ''))[:16]}, with {terms['ours']} at stake."
    if kind == "duplicate":
        return f"{where} stands in the provider's report more than once."
    sides = [
        f"{name} {amount_text(facts.get(f'our_{name}', 0), currency)} here,"
        f" {amount_text(facts.get(f'their_{name}', 0), currency)} there"
        for name in ("stakes", "wins", "refunds")
        if facts.get(f"our_{name}", 0) != facts.get(f"their_{name}", 0)
    ]
    if facts.get("our_rounds") != facts.get("their_rounds"):
        sides.append(f"{facts.get('our_rounds', 0)} rounds here, {facts.get('their_rounds', 0)} there")
    return f"{where}: {'; '.join(sides)}."
