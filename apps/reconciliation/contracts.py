"""What contracts with payment providers agree on. Terms that are not understood are left alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import connection

from apps.payments.models import PspContract
from apps.payments.models.contracts import ContractFee

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
    Read the fees of contracts, one for each movement and currency.

    A settlement line does not name our method: where methods cost differently, and no fee is for any other, nothing is
    measured rather than guessed.
    """
    return [term for contract in contracts for term in _fees_of(contract)]


def _fees_of(contract: PspContract) -> list[FeeTerm]:
    listed: dict[tuple[str, str], list[ContractFee]] = {}
    for fee in contract.fees.all():
        listed.setdefault((_MOVEMENTS[fee.kind], fee.currency), []).append(fee)
    until = contract.valid_to or _ALWAYS
    return [
        FeeTerm(movement, contract.valid_from, until, fees[0].percent, fees[0].fixed_units, currency)
        for (movement, currency), fees in listed.items()
        if len(fees) == 1
    ]


def make_term_tables(contracts: list[PspContract]) -> None:
    """Give the database the terms, until the transaction ends."""
    terms = fee_terms(contracts)
    held = [(each, term) for each in contracts for term in each.reserve_terms.all()]
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
            " %s::timestamptz[], %s::numeric[], %s::text[]) AS t (valid_from, valid_to, percent, currency)",
            [
                [each.valid_from for each, _ in held],
                [each.valid_to or _ALWAYS for each, _ in held],
                [term.percent for _, term in held],
                [term.currency for _, term in held],
            ],
        )


def settlement_lag_days(contracts: list[PspContract]) -> int | None:
    """After how many days a provider has paid out at the latest, by the terms in force; None where none are known."""
    lags = [term.lag_days for term in contracts[-1].settlement_terms.all()] if contracts else []
    return max(lags, default=None)


def contracts_of(integration_id: int, *, on: date) -> list[PspContract]:
    """Every version that could matter up to that day, oldest first."""
    edge = datetime(on.year, on.month, on.day, 23, 59, 59, tzinfo=UTC)
    rows = PspContract.objects.filter(integration_id=integration_id, valid_from__lte=edge)
    return list(rows.prefetch_related("fees", "reserve_terms", "settlement_terms").order_by("valid_from"))
