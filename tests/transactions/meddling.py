"""What somebody with every right on the database can do to the ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

_GUARDED = (
    "transactions_transaction", "transactions_transfer", "transactions_account", "transactions_command",
    "integrations_exchange", "providers_round", "wallets_adjustment", "compliance_approvalrequest",
)  # fmt: skip
_CONSTRAINTS = (
    ("transactions_account", "transactions_account_funds"),
    ("transactions_account", "transactions_account_shared"),
    ("transactions_transfer", "transactions_transfer_amount"),
)


def run(statement: str, values: dict[str, Any] | None = None) -> int:
    """Run one statement and return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def disarm() -> None:
    """Take the guards of the append-only tables away."""
    run("SET CONSTRAINTS ALL IMMEDIATE")
    for table in _GUARDED:
        for name in (table, *partitions_of(table)):
            run(f"ALTER TABLE {name} DISABLE TRIGGER USER")
    for table, constraint in _CONSTRAINTS:
        run(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


@contextmanager
def tampering() -> Iterator[None]:
    """Work without triggers and constraints; all that is done is taken back at the end."""
    with transaction.atomic():
        disarm()
        yield
        transaction.set_rollback(True)


def partitions_of(table: str) -> list[str]:
    """Return the partitions of a table, none if it has none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relid::text FROM pg_partition_tree(%s::text::regclass)"
            " WHERE isleaf AND relid <> %s::text::regclass",
            [table, table],
        )
        return [name for (name,) in cursor.fetchall()]
