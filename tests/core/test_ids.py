"""Ids order by time; tokens are random and stored as digests."""

import hashlib
import os
import threading
from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

import pytest
import time_machine

from apps.core.ids import new_token, row_id, token_digest, uuid7, uuid7_floor, uuid7_time

NOON = datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)


def test_ids_are_version_7_and_carry_their_time() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    made = uuid7()
    assert made.version == 7
    assert made.variant == RFC_4122
    assert before <= uuid7_time(made) <= datetime.now(UTC)


def test_ids_of_one_process_strictly_increase() -> None:
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_ids_increase_when_the_clock_is_set_back() -> None:
    first = uuid7()
    with time_machine.travel(datetime(2020, 1, 1, tzinfo=UTC), tick=False):
        assert first < uuid7() < uuid7()


def test_ids_made_by_many_threads_at_once_are_all_different() -> None:
    made: list[list[UUID]] = []
    barrier = threading.Barrier(8)

    def make() -> None:
        barrier.wait()
        made.append([uuid7() for _ in range(2_000)])

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({value for values in made for value in values}) == 16_000
    assert all(values == sorted(values) for values in made)


def test_the_floor_of_an_instant_is_the_lowest_id_of_its_millisecond() -> None:
    floor = uuid7_floor(NOON)
    assert str(floor) == "019ca945-0a7b-7000-8000-000000000000"
    assert uuid7_time(floor) == NOON
    assert uuid7_floor(NOON + timedelta(microseconds=999)) == floor
    assert uuid7_floor(NOON.astimezone(timezone(timedelta(hours=5)))) == floor


def test_ids_fall_between_the_floors_around_them() -> None:
    made = uuid7()
    at = uuid7_time(made)
    assert uuid7_floor(at) <= made < uuid7_floor(at + timedelta(milliseconds=1))


@pytest.mark.parametrize("instant", [datetime(2026, 1, 1), datetime(1969, 1, 1, tzinfo=UTC)])  # noqa: DTZ001
def test_a_floor_needs_an_aware_instant_in_range(instant: datetime) -> None:
    with pytest.raises(ValueError):
        uuid7_floor(instant)


def test_only_version_7_has_a_time() -> None:
    with pytest.raises(ValueError):
        uuid7_time(UUID("55b7518e-b89e-41e7-81be-58404eea6d16"))


def test_tokens_are_43_url_safe_characters_and_differ() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)


def test_a_tokens_digest_is_its_sha256() -> None:
    assert token_digest("abc") == hashlib.sha256(b"abc").digest()
    assert len(token_digest("\ud800 é")) == 32


def test_a_forked_child_makes_ids_although_a_thread_held_the_lock() -> None:
    from apps.core import ids  # noqa: PLC0415 - its private lock is what this is about

    with ids._stamps._lock:
        child = os.fork()
        if child == 0:
            uuid7()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("17", 17), (str(2**63 - 1), 2**63 - 1), (str(2**63), None), ("9" * 5000, None), ("", None),
        ("-1", None), (" 1", None), ("1.0", None), ("\N{SUPERSCRIPT TWO}", None),
        ("\N{ARABIC-INDIC DIGIT THREE}", None),
    ],
)  # fmt: skip
def test_a_rows_id_is_read_from_text_only_if_it_can_be_one(text: str, number: int | None) -> None:
    assert row_id(text) == number
