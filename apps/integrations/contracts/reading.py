"""Reading terms from JSON values; what does not make sense is refused by name. What terms mean is not known here."""

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.core.errors import DomainError
from apps.core.money import Money, MoneyError, Precision

_HUNDRED = Decimal(100)

Node = Mapping[str, Any]


class TermsNotSound(DomainError):
    """The terms of a contract can not be what was meant; the detail says which."""

    code = "contract-terms-not-sound"
    title = "These terms are not sound"
    status = 422


def refuse_unknown(node: Node, known: Collection[str]) -> None:
    """Refuse names that nobody knows: a typing error would be a term left out."""
    unknown = sorted(map(str, set(node) - set(known)))
    if unknown:
        raise TermsNotSound(f"Nobody knows {', '.join(unknown)[:200]}.")


def rows(node: Node, name: str) -> list[Node]:
    """A list of objects; empty where it is left out."""
    found = node.get(name) or []
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise TermsNotSound(f"{name} is a list of objects.")
    return found


def text(node: Node, name: str, longest: int) -> str:
    """A text, without blanks around it; empty where it is left out."""
    found = node.get(name) or ""
    if not isinstance(found, str) or len(found) > longest or "\x00" in found:
        raise TermsNotSound(f"{name} is a text of at most {longest} characters.")
    return found.strip()


def word(node: Node, name: str, known: Collection[str], usual: str | None = None) -> str:
    """One of some words."""
    found = node.get(name, usual)
    if not isinstance(found, str) or found not in known:
        raise TermsNotSound(f"{name} is one of {', '.join(known)}.")
    return found


def flag(node: Node, name: str, *, usual: bool) -> bool:
    """True or false."""
    found = node.get(name, usual)
    if not isinstance(found, bool):
        raise TermsNotSound(f"{name} is true or false.")
    return found


def whole_number(node: Node, name: str, *, usual: int, most: int) -> int:
    """A number from 0 on."""
    found = node.get(name, usual)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= most:
        raise TermsNotSound(f"{name} is a whole number from 0 to {most}.")
    return found


def percent(node: Node, name: str) -> Decimal:
    """A share as decimal text, in per cent; 0 where it is left out."""
    try:
        found = Decimal(str(node.get(name) or "0"))
        exact = found == found.quantize(Decimal("0.0001"))
    except InvalidOperation as error:
        raise TermsNotSound(f"{name} is no number.") from error
    if not exact or not 0 <= found <= _HUNDRED:
        raise TermsNotSound(f"{name} lies between 0 and 100, with at most four decimals.")
    return found


def currency(node: Node, name: str, known: Collection[str], *, is_needed: bool = False) -> str:
    """A currency of the installation (`known`); empty where it is left out."""
    code = text(node, name, 8)
    if (code or is_needed) and code not in known:
        raise TermsNotSound(f"{name}: there is no currency {code or 'named'}.")
    return code


def units(node: Node, name: str, code: str, *, precision: Precision = "currency") -> int:
    """An amount as decimal text in main units of a currency, as ledger units; 0 where it is left out."""
    shown = str(node.get(name) or "0")
    if not code:
        if shown != "0":
            raise TermsNotSound(f"{name}: an amount needs a currency.")
        return 0
    try:
        found = Money.parse(shown, code, precision=precision).units
    except MoneyError as error:
        raise TermsNotSound(f"{name}: {error}") from error
    if found < 0:
        raise TermsNotSound(f"{name} is below zero.")
    return found
