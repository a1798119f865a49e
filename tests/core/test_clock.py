"""The business clock is real time, unless the sandbox has moved it forward."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.core.clock import ClockNotMovable
from apps.core.models import ClockOffset

SECOND = timedelta(seconds=1)


@pytest.fixture
def sandbox() -> Iterator[None]:
    with override_settings(SANDBOX=True):
        clock.forget_cached_offset()
        yield
    clock.forget_cached_offset()


@override_settings(SANDBOX=False)
def test_without_the_sandbox_it_is_real_time_and_costs_no_query() -> None:
    assert abs(clock.now() - datetime.now(UTC)) < SECOND
    assert clock.now().tzinfo is UTC


@override_settings(SANDBOX=False)
@pytest.mark.django_db
def test_without_the_sandbox_a_stored_offset_means_nothing_and_the_clock_does_not_move() -> None:
    ClockOffset.objects.create(clock_offset=timedelta(days=3))
    assert abs(clock.now() - datetime.now(UTC)) < SECOND
    with pytest.raises(ClockNotMovable):
        clock.advance(1)
    assert ClockOffset.objects.get().clock_offset == timedelta(days=3)


@pytest.mark.django_db
def test_advances_add_up(sandbox: None) -> None:
    assert abs(clock.now() - datetime.now(UTC)) < SECOND
    moved = clock.advance(86_400)
    assert abs(moved - datetime.now(UTC) - timedelta(days=1)) < SECOND
    clock.advance(0.5)
    assert ClockOffset.objects.get().clock_offset == timedelta(days=1, milliseconds=500)


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan"), float("inf"), 3.2e9])
def test_it_never_goes_back_nor_beyond_a_century(sandbox: None, seconds: float) -> None:
    clock.advance(10)
    with pytest.raises(ClockNotMovable):
        clock.advance(seconds)
    assert ClockOffset.objects.get().clock_offset == timedelta(seconds=10)


@pytest.mark.django_db
def test_a_century_in_all_is_the_end(sandbox: None) -> None:
    clock.advance(3_000_000_000)
    with pytest.raises(ClockNotMovable):
        clock.advance(3_000_000_000)
    assert abs(clock.now() - datetime.now(UTC) - timedelta(seconds=3_000_000_000)) < SECOND


@pytest.mark.django_db
def test_the_offset_is_read_once_in_a_while_only(sandbox: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        for _ in range(100):
            clock.now()
    assert len(captured) == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_advance_at_once_add_up(sandbox: None) -> None:
    barrier = threading.Barrier(4)

    def advance() -> None:
        barrier.wait(timeout=20)
        for _ in range(5):
            clock.advance(60)
        connections.close_all()

    threads = [threading.Thread(target=advance) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ClockOffset.objects.get().clock_offset == timedelta(minutes=20)


@pytest.mark.django_db
@pytest.mark.parametrize("row", [{"id": 2}, {"id": 1, "clock_offset": timedelta(seconds=-1)}])
def test_the_database_itself_refuses_a_second_row_and_the_past(row: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ClockOffset.objects.create(**row)
