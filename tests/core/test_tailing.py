"""Readers in order wait for whoever may still write before their place, and for nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def running(database: str | None = None) -> Iterator[tuple[psycopg.Connection, int]]:
    """Somebody else's database transaction, here or in another database of the server."""
    parameters = {**connection.get_connection_params(), **({"dbname": database} if database else {})}
    parameters.pop("context", None)
    parameters.pop("cursor_factory", None)
    with psycopg.connect(**parameters) as other:
        number = asked("SELECT pg_current_xact_id()::text::bigint", at=other)
        asked("SELECT pg_current_xact_id()")  # a later one that has ended: else it would not be in the middle
        yield other, number


def asked(statement: str, *values: Any, at: psycopg.Connection | None = None) -> Any:
    if at is not None:
        row = at.execute(statement, values).fetchone()
    else:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            row = cursor.fetchone()
    assert row is not None
    return row[0]


def horizon() -> int:
    return int(asked("SELECT core_xact_horizon()"))


def oldest(snapshot: str) -> int | None:
    found: int | None = asked("SELECT core_oldest_writer(%s)::text::bigint", snapshot)
    return found


def snapshot() -> str:
    return str(asked("SELECT pg_current_snapshot()"))


def test_whoever_may_still_write_here_holds_readers_back() -> None:
    with running() as (other, number):
        assert horizon() == number
        other.commit()
        assert horizon() > number


def test_what_runs_in_another_database_holds_nobody_back() -> None:
    with running("postgres") as (_, number):
        taken = snapshot()
        assert str(number) in taken
        assert oldest(taken) is None
        assert horizon() > number


def test_what_ended_between_the_snapshot_and_the_question_holds_nobody_back() -> None:
    """Of another database nobody could say where it ran; of this one, the next statement sees what it wrote."""
    for database in (None, "postgres"):
        with running(database) as (other, number):
            taken = snapshot()
            other.commit()
            assert (str(number) in taken, oldest(taken)) == (True, None)


def test_in_one_snapshot_for_all_statements_what_it_does_not_see_is_still_to_come() -> None:
    with running() as (other, number), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        taken = snapshot()
        other.commit()
        assert (oldest(taken), horizon()) == (number, number)
