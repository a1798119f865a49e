"""The outbox: in order, each fact once for each follower, nothing appears behind a follower's back."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.utils import timezone
from pytest_django import Settings

from apps.core.ids import uuid7_floor
from apps.integrations import outbox
from apps.integrations.models import FactCursor
from apps.integrations.outbox import Fact, consume, lag_seconds, record_fact

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _facts_of_its_own(settings: Settings) -> None:
    """What a fact holds does not matter here."""
    settings.STRICT_FACTS = False


def tell(number: int, *, kind: str = "players.player.registered") -> None:
    record_fact(kind=kind, brand_code="aurora", player_id=7, subject=f"s{number}", data={"number": number}, now=NOW)


class Follower:
    """Remembers the numbers it was told."""

    def __init__(self, name: str = "follower") -> None:
        self.name = name
        self.seen: list[int] = []

    def handle(self, facts: Sequence[Fact]) -> None:
        """Take a batch."""
        self.seen += [fact.data["number"] for fact in facts]

    def follow(self, **more: object) -> int:
        """Read on once."""
        return consume(consumer=self.name, handle=self.handle, **more)  # type: ignore[arg-type]


def test_each_follower_gets_every_fact_once_and_in_order() -> None:
    for number in range(5):
        tell(number)
    one, two = Follower("one"), Follower("two")
    assert [one.follow(most=2), one.follow(most=2), one.follow(most=2), one.follow(most=2)] == [2, 2, 1, 0]
    assert two.follow() == 5
    tell(5)
    assert one.follow() == 1
    assert one.seen == [0, 1, 2, 3, 4, 5]
    assert two.seen == [0, 1, 2, 3, 4]


def test_a_fact_carries_what_was_told() -> None:
    tell(3)
    got: list[Fact] = []
    consume(consumer="follower", handle=got.extend)
    (fact,) = got
    assert (fact.kind, fact.brand_code, fact.player_id, fact.subject) == (
        "players.player.registered",
        "aurora",
        7,
        "s3",
    )
    assert (fact.data, fact.at) == ({"number": 3}, NOW)


def test_what_is_rolled_back_was_never_told() -> None:
    with transaction.atomic():
        tell(1)
        transaction.set_rollback(True)
    tell(2)
    follower = Follower()
    follower.follow()
    assert follower.seen == [2]


def test_a_follower_that_fails_gets_the_same_facts_again() -> None:
    tell(1)
    follower = Follower()

    def fail(facts: Sequence[Fact]) -> None:
        follower.handle(facts)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        consume(consumer="follower", handle=fail)
    assert follower.follow() == 1
    assert follower.seen == [1, 1]


def test_a_fact_that_commits_late_is_waited_for_and_not_passed_over() -> None:
    """The slow transaction took its number first and commits last; whoever read past it would never see its fact."""
    written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                tell(1)
                written.set()
                assert may_commit.wait(10)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(10)
    tell(2)
    follower = Follower()
    assert follower.follow() == 0
    may_commit.set()
    thread.join()
    assert follower.follow() == 2
    assert follower.seen == [1, 2]


def test_two_workers_never_serve_one_follower_at_once() -> None:
    tell(1)
    counts: list[int] = []

    def other() -> None:
        try:
            counts.append(Follower().follow())
        finally:
            connections.close_all()

    def handle(facts: Sequence[Fact]) -> None:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    FactCursor.objects.create(name="follower")
    assert consume(consumer="follower", handle=handle) == 1
    assert counts == [0]


@pytest.mark.made_up_facts
def test_a_follower_of_some_kinds_does_not_read_the_others_again() -> None:
    tell(1)
    tell(2, kind="payments.deposit.settled")
    follower = Follower()
    assert follower.follow(kinds={"payments.deposit.settled"}) == 1
    assert follower.follow() == 0
    assert follower.seen == [2]


def test_facts_can_not_be_changed_or_taken_back() -> None:
    tell(1)
    for statement in (
        "UPDATE integrations_fact SET kind = 'a.b'",
        "DELETE FROM integrations_fact",
        "TRUNCATE integrations_fact",
    ):
        with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_kind_that_is_no_dotted_name_is_refused() -> None:
    with pytest.raises(IntegrityError):
        tell(1, kind="Registered")


def test_a_cursor_from_before_a_logical_restore_is_refused() -> None:
    FactCursor.objects.create(name="follower", next_xact=2**60)
    with pytest.raises(DatabaseError, match="ahead of this server"):
        Follower().follow()


def test_the_lag_is_the_age_of_the_oldest_unread_fact() -> None:
    assert lag_seconds("follower") == 0
    tell(1)
    assert 0 < lag_seconds("follower") < 60
    Follower().follow()
    assert lag_seconds("follower") == 0


def test_a_follower_reads_past_a_month_of_silence() -> None:
    tell(1)
    follower = Follower()
    follower.follow()
    FactCursor.objects.update(updated_at=datetime(2026, 1, 1, tzinfo=UTC))
    tell(2)
    follower.follow()
    assert follower.seen == [1, 2]
    assert outbox.lag_seconds("follower") == 0


def tell_long_ago(number: int, *, age: timedelta) -> None:
    """A fact whose id says that it was written then."""
    key = UUID(int=uuid7_floor(timezone.now() - age).int + number)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integrations_fact (id, kind, brand_code, player_id, subject, data, at)"
            " VALUES (%s, 'player.registered', 'aurora', 7, %s, jsonb_build_object('number', %s::int), %s)",
            [key, f"s{number}", number, NOW],
        )


@pytest.mark.made_up_facts
def test_a_backlog_older_than_a_day_is_read_batch_by_batch_and_nothing_of_it_skipped() -> None:
    """The floor that keeps old partitions out lies a day below the cursor's time: that may not move before the end."""
    for number in range(5):
        tell_long_ago(number, age=timedelta(days=3))
    tell(5)
    follower = Follower()
    assert [follower.follow(most=2) for _ in range(4)] == [2, 2, 2, 0]
    assert follower.seen == [0, 1, 2, 3, 4, 5]


@pytest.mark.made_up_facts
def test_a_follower_that_stood_still_for_days_finds_all_that_was_told_meanwhile() -> None:
    tell(0)
    follower = Follower()
    follower.follow()
    FactCursor.objects.update(updated_at=timezone.now() - timedelta(days=9))
    for number in range(1, 6):
        tell_long_ago(number, age=timedelta(days=8) - timedelta(hours=number))
    assert [follower.follow(most=2) for _ in range(3)] == [2, 2, 1]
    assert sorted(follower.seen) == [0, 1, 2, 3, 4, 5]
