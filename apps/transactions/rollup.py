"""Balances of house, provider, PSP and other shared accounts, which no posting updates. SQL: `sql/rollup.sql`."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class SharedBalance:
    """A shared account's exact balance (credits minus debits, ledger units) and how many transfers touched it."""

    account_id: int
    balance: int
    transfers: int


def roll_up() -> int | None:
    """
    Add what has become final since the last run to the roll-up.

    Returns how many sides of transfers that were; None when another worker is at it. Must be its own transaction, or
    it would count nothing that this one wrote.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_roll_up()")
        (sides,) = cursor.fetchone()
    return None if sides is None else int(sides)


def shared_balances(accounts: Iterable[int] | None = None) -> dict[int, SharedBalance]:
    """Exact balances of these shared accounts, or of all: the roll-up plus the transfers behind it, in one snapshot."""
    wanted = None if accounts is None else list(accounts)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id, balance, transfers FROM ledger_shared_balances(%s::bigint[])",
            [wanted],
        )
        return {row[0]: SharedBalance(row[0], int(row[1]), row[2]) for row in cursor.fetchall()}


def shared_balance(account: int) -> int:
    """
    Exact balance of one shared account in ledger units.

    :raises KeyError: if there is no such shared account
    """
    return shared_balances([account])[account].balance
