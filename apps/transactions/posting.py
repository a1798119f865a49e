"""The typed way into the ledger for everything but game callbacks. The posting itself is SQL: `sql/posting.sql`."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection, transaction
from psycopg import RawCursor
from psycopg import errors as pg
from psycopg.types.json import Jsonb

from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.transactions.models import PLAYER_KINDS, AccountKind, TransactionKind

# Made once: `.values` builds its list anew each time.
_KINDS = frozenset(TransactionKind.values)
FUNDS_CONSTRAINT = "transactions_account_funds"

_POST = """
SELECT ledger_post_between($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::bigint[], $13::bigint[], $14::bigint[])
"""


class InsufficientFunds(DomainError):
    """A player's bucket holds less than the posting would take out of it. Nothing has moved."""

    code = "insufficient-funds"
    title = "There are not enough funds"
    status = 422


class UnableToPost(RuntimeError):
    """The posting makes no sense: an unknown account, mixed currencies, no legs. A fault of the caller's code."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One movement of `amount` ledger units (> 0) out of the account `debit` into the account `credit`."""

    debit: int
    credit: int
    amount: int


@dataclass(frozen=True, slots=True)
class PlayerAccounts:
    """Ids of a player's four buckets in one currency."""

    cash: int
    bonus: int
    locked: int
    restricted: int

    def of(self, bucket: str) -> int:
        """Account id of a bucket by its name (`AccountKind` value)."""
        if bucket not in PLAYER_KINDS:
            raise UnableToPost(f"{bucket!r} is not a bucket of a player")
        account: int = getattr(self, bucket)
        return account


def shared_account(*, brand_id: int, currency: str, kind: str, integration_id: int | None = None) -> int:
    """
    Id of the house, provider, PSP, fee … account of a brand and currency; opened at first use.

    :param kind: an `AccountKind` that is not a player's bucket
    """
    _require_shared(kind)
    return int(_scalar("SELECT ledger_shared_account(%s, %s, %s, %s)", [brand_id, currency, kind, integration_id]))


def open_player_accounts(*, player_id: int, brand_id: int, currency: str) -> PlayerAccounts:
    """Open a player's four buckets in a currency where they are missing, and return their ids."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, account_id FROM ledger_open_wallet(%s, %s, %s)", [player_id, brand_id, currency])
        return PlayerAccounts(**dict(cursor.fetchall()))


def player_and_shared_account(
    *, player_id: int, brand_id: int, currency: str, kind: str, integration_id: int | None = None
) -> tuple[PlayerAccounts, int]:
    """What `open_player_accounts` and `shared_account` give, in one round trip."""
    _require_shared(kind)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, account_id, (SELECT ledger_shared_account(%s, %s, %s, %s))"
            " FROM ledger_open_wallet(%s, %s, %s)",
            [brand_id, currency, kind, integration_id, player_id, brand_id, currency],
        )
        rows = cursor.fetchall()
    return PlayerAccounts(**{bucket: account for bucket, account, _ in rows}), int(rows[0][2])


def _require_shared(kind: str) -> None:
    if kind not in AccountKind.values or kind in PLAYER_KINDS:
        raise UnableToPost(f"{kind!r} is not a kind of shared account")


def lock_wallet(*, player_id: int, currency: str) -> None:
    """
    Take the lock of one wallet until the transaction ends, so that its balances stay as they are read.

    :raises UnableToPost: if the player has no wallet in this currency
    """
    try:
        _scalar("SELECT ledger_lock_wallet(%s, %s)", [player_id, currency])
    except IntegrityError as error:
        raise UnableToPost(f"player {player_id} has no {currency} wallet") from error


def lock_wallets(*, player_ids: Iterable[int], currency: str) -> None:
    """
    Take the locks of several wallets, in the one order everybody uses, until the transaction ends.

    An operation that posts more than once calls this first with all wallets it will touch; `post` takes those of its
    own legs itself.

    :raises UnableToPost: if a player has no wallet in this currency
    """
    wanted = sorted(set(player_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT player_id FROM transactions_account"
            " WHERE player_id = ANY(%s) AND currency = %s AND kind = 'cash' ORDER BY id",
            [wanted, currency],
        )
        in_order = [player_id for (player_id,) in cursor.fetchall()]
    if len(in_order) != len(wanted):
        raise UnableToPost(f"no {currency} wallet: players {sorted(set(wanted) - set(in_order))}")
    for player_id in in_order:
        lock_wallet(player_id=player_id, currency=currency)


def post(
    *,
    kind: str,
    brand_id: int,
    currency: str,
    legs: Sequence[Leg],
    now: datetime,
    player_id: int | None = None,
    integration_id: int | None = None,
    external_id: str = "",
    round_id: int | None = None,
    reverses_id: UUID | None = None,
    request_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
    savepoint: bool = True,
) -> UUID:
    """
    Post one transaction, all its legs or none, and return its id.

    Locks the wallets of all players concerned. One round trip and one commit; works inside a larger transaction too,
    which a refusal leaves usable.

    :param kind: a `TransactionKind`
    :param player_id: whose event it is; the players behind the legs are found by their accounts
    :param request_id: taken from the current request when not given
    :param savepoint: False where the larger transaction ends with a refusal anyway: spares two round trips
    :raises InsufficientFunds: if a player's account would fall below zero
    :raises UnableToPost: if an account is unknown or of another currency, or the legs are not sound
    """
    if kind not in _KINDS:
        raise UnableToPost(f"unknown transaction kind {kind!r}")
    if not legs or any(leg.amount <= 0 or leg.debit == leg.credit for leg in legs):
        raise UnableToPost("a posting needs legs, each with an amount above zero between two accounts")
    return _posted(
        (
            str(kind),  # the driver would look up how to write a member of an enum
            brand_id,
            currency,
            player_id,
            integration_id,
            external_id,
            round_id,
            reverses_id,
            request_id or current_request_id(),
            None if details is None else Jsonb(dict(details)),
            now,
            _array([leg.debit for leg in legs]),
            _array([leg.credit for leg in legs]),
            _array([leg.amount for leg in legs]),
        ),
        savepoint=savepoint,
    )


def _posted(arguments: Sequence[Any], *, savepoint: bool) -> UUID:
    # Alone, the statement is its own transaction: one round trip, one commit. Inside another it gets a savepoint.
    inside = transaction.atomic(savepoint=savepoint) if connection.in_atomic_block else nullcontext()
    try:
        with inside:
            transaction_id: UUID = _sent(arguments)
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, pg.CheckViolation) and cause.diag.constraint_name == FUNDS_CONSTRAINT:
            raise InsufficientFunds from error
        if isinstance(cause, pg.ForeignKeyViolation):
            raise UnableToPost(str(cause)) from error
        raise
    except DatabaseError as error:
        if isinstance(error.__cause__, pg.NumericValueOutOfRange):
            raise UnableToPost("a balance would leave the range of the ledger") from error
        raise
    return transaction_id


def _sent(arguments: Sequence[Any]) -> UUID:
    """Send a posting past Django's cursor, which costs a tenth of it; what the driver raises is Django's as usual."""
    if connection.connection is None:
        connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        cursor = RawCursor(connection.connection)
        cursor.execute(_POST, arguments)
        (transaction_id,) = cursor.fetchall()[0]
    return cast("UUID", transaction_id)


def _array(numbers: Sequence[int]) -> str:
    """Write a PostgreSQL array literal: the driver's own adaptation of lists costs as much as the posting."""
    return "{" + ",".join(map(str, numbers)) + "}"


def _scalar(statement: str, arguments: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        (value,) = cursor.fetchone()
    return value
