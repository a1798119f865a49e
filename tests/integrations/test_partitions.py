"""Partitions are there before they are needed, and go when their retention is over, never earlier."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django import Settings

from apps.integrations.models import IntegrationEvent
from apps.integrations.partitions import drop_expired_exchanges, ensure_partitions
from apps.integrations.tasks import drop_expired
from apps.integrations.tasks import ensure_partitions as ensure_partitions_task

pytestmark = pytest.mark.django_db


def partitions_of(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table])
        return sorted(row[0] for row in cursor.fetchall())


def make_month(table: str, year: int, month: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_ensure_month_partitions(%s, %s, 0)", [table, datetime(year, month, 1, tzinfo=UTC)])


@pytest.mark.parametrize(
    "table",
    ["integrations_exchange", "integrations_exchangereply", "transactions_transaction", "transactions_transfer"],
)
def test_this_month_and_the_next_three_exist_for_every_hot_table(table: str) -> None:
    ensure_partitions(now=datetime(2031, 11, 30, 23, 59, tzinfo=UTC))
    made = [name for name in partitions_of(table) if name >= f"{table}_2031" and not name.endswith("default")]
    assert made == [f"{table}_{month}" for month in ("203111", "203112", "203201", "203202")]


def test_making_them_again_makes_none() -> None:
    now = datetime(2031, 11, 1, tzinfo=UTC)
    assert ensure_partitions(now=now) >= 16
    assert ensure_partitions(now=now) == 0
    ensure_partitions_task()
    assert ensure_partitions_task() == 0


def test_a_month_that_can_not_be_made_does_not_keep_the_others_from_being_made() -> None:
    with connection.cursor() as cursor:
        # A row that came before its partition lies in the default one, where it stays.
        cursor.execute(
            "INSERT INTO integrations_exchangereply (id, status, headers, body, duration_us)"
            " VALUES (core_uuid7_floor('2031-12-05Z'), 200, '{}', '', 0)"
        )
    ensure_partitions(now=datetime(2031, 11, 1, tzinfo=UTC))
    made = partitions_of("integrations_exchangereply")
    assert "integrations_exchangereply_203111" in made
    assert "integrations_exchangereply_203112" not in made
    assert "integrations_exchangereply_203201" in made


def test_only_months_that_are_wholly_past_retention_go(settings: Settings) -> None:
    settings.EXCHANGE_RETENTION_MONTHS, settings.EXCHANGE_RETENTION_MINIMUM_MONTHS = 60, 60
    for table in ("integrations_exchange", "integrations_exchangereply"):
        for month in (1, 2, 3):
            make_month(table, 2015, month)
    assert drop_expired_exchanges(now=datetime(2020, 2, 29, 23, 59, tzinfo=UTC)) == [
        "integrations_exchange_201501",
        "integrations_exchangereply_201501",
    ]
    assert "integrations_exchange_201502" in partitions_of("integrations_exchange")
    assert drop_expired_exchanges(now=datetime(2020, 3, 1, tzinfo=UTC)) == [
        "integrations_exchange_201502",
        "integrations_exchangereply_201502",
    ]
    assert {"integrations_exchange_201503", "integrations_exchange_default"} <= set(
        partitions_of("integrations_exchange")
    )
    events = IntegrationEvent.objects.filter(action="exchanges_dropped").order_by("id")
    assert [event.details["partition"] for event in events][:2] == [
        "integrations_exchange_201501",
        "integrations_exchangereply_201501",
    ]


def test_a_retention_below_the_legal_minimum_drops_nothing(settings: Settings) -> None:
    settings.EXCHANGE_RETENTION_MONTHS, settings.EXCHANGE_RETENTION_MINIMUM_MONTHS = 59, 60
    make_month("integrations_exchange", 2001, 1)
    with pytest.raises(ImproperlyConfigured, match="below the legal minimum of 60"):
        drop_expired()
    assert "integrations_exchange_200101" in partitions_of("integrations_exchange")


def test_the_task_leaves_the_present_alone() -> None:
    before = partitions_of("integrations_exchange")
    assert drop_expired() == []
    assert partitions_of("integrations_exchange") == before
