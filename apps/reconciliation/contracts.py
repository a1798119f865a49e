"""What contracts with payment providers agree on. Terms that are not understood are left alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection
from django.db.models import Q

from apps.core.money import Money, MoneyError
from apps.payments.models import PspContract
from apps.reconciliation.models.lines import PAYMENTS

_ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)
_MOVEMENTS = {"deposit": "deposit", "refund": "refund", "reversal": "refund", "chargeback": "chargeback",
              "payout": "payout", "withdrawal": "payout"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeeTerm:
    """A fee on each payment of a movement: so many per cent of it, and so much more."""

    movement: str
    valid_from: datetime
    valid_to: datetime
    percent: Decimal
    fixed: int
    """Ledger units."""
    currency: str
    """Empty: whatever the payment is settled in; then there is no fixed part."""


def fee_terms(contracts: Iterable[PspContract]) -> list[FeeTerm]:
    """
    Read the fees of contracts: ``terms["fees"]`` is a list like
    ``[{"on": "deposit", "percent": "1.2", "fixed": "0.10", "currency": "EUR"}]``.

    A fee that cannot be read, or stands there as a float, is left out, so that nothing is measured against a guess.
    """
    return [term for contract in contracts for term in _fees_of(contract)]


def _fees_of(contract: PspContract) -> list[FeeTerm]:
    listed = contract.terms.get("fees") if isinstance(contract.terms, Mapping) else None
    found: dict[tuple[str, str], FeeTerm] = {}
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, Mapping):
            continue
        names = PAYMENTS if entry.get("on") in (None, "*") else [_MOVEMENTS.get(str(entry["on"]), "")]
        currency = str(entry.get("currency") or "")
        try:
            percent = _decimal(entry.get("percent"))
            fixed = Money.parse(str(entry.get("fixed") or "0"), currency or "EUR", precision="ledger").units
        except (InvalidOperation, MoneyError):
            continue
        if fixed and not currency:
            continue
        for name in filter(None, names):
            until = contract.valid_to or _ALWAYS
            term = FeeTerm(str(name), contract.valid_from, until, percent, fixed, currency)
            found.setdefault((str(name), currency), term)
    return list(found.values())


def _decimal(value: Any) -> Decimal:
    if isinstance(value, float):
        raise InvalidOperation
    return Decimal(str(value or "0"))


def make_term_tables(contracts: list[PspContract]) -> None:
    """Give the database the terms, until the transaction ends."""
    terms = fee_terms(contracts)
    reserves = [(each, reserve_percent(each)) for each in contracts]
    held = [(each, percent) for each, percent in reserves if percent is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE recon_term ON COMMIT DROP AS SELECT * FROM unnest(%s::text[], %s::timestamptz[],"
            " %s::timestamptz[], %s::numeric[], %s::bigint[], %s::text[])"
            " AS t (movement, valid_from, valid_to, percent, fixed, currency)",
            [
                [term.movement for term in terms],
                [term.valid_from for term in terms],
                [term.valid_to for term in terms],
                [term.percent for term in terms],
                [term.fixed for term in terms],
                [term.currency for term in terms],
            ],
        )
        cursor.execute(
            "CREATE TEMP TABLE recon_reserve ON COMMIT DROP AS SELECT * FROM unnest(%s::timestamptz[],"
            " %s::timestamptz[], %s::numeric[]) AS t (valid_from, valid_to, percent)",
            [
                [each.valid_from for each, _ in held],
                [each.valid_to or _ALWAYS for each, _ in held],
                [percent for _, percent in held],
            ],
        )


def reserve_percent(contract: PspContract) -> Decimal | None:
    """What share of sales is held back: ``terms["reserve"]["percent"]``; None where nothing is agreed."""
    reserve = contract.terms.get("reserve") if isinstance(contract.terms, Mapping) else None
    if not isinstance(reserve, Mapping) or reserve.get("percent") in (None, ""):
        return None
    try:
        return _decimal(reserve["percent"])
    except InvalidOperation:
        return None


def contracts_of(integration_id: int, *, on: date) -> list[PspContract]:
    """Every version that could matter up to that day, oldest first."""
    edge = datetime(on.year, on.month, on.day, 23, 59, 59, tzinfo=UTC)
    return list(
        PspContract.objects.filter(Q(integration_id=integration_id), valid_from__lte=edge).order_by("valid_from")
    )
