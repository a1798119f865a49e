"""The same request sent again gets the same answer and one effect, also at the same time."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections
from django.test import Client

from apps.core import clock
from apps.core.idempotency import IdempotencyKeyInvalid, purge_expired_keys, read_key
from apps.core.models import IdempotencyKey
from apps.core.tasks import purge_idempotency_keys
from tests.core.views import GroupView

pytestmark = [pytest.mark.urls("tests.core.urls"), pytest.mark.django_db]

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@pytest.fixture(autouse=True)
def _no_roles() -> None:
    """The groups that these tests count are their own: the staff's roles go away for the test."""
    Group.objects.all().delete()


def post(
    body: dict[str, Any], *, key: str | None = KEY, actor: str | None = "player:1", path: str = "/api/groups"
) -> Any:
    headers = {"Idempotency-Key": key, "X-Actor": actor}
    return Client(raise_request_exception=False).post(
        path, body, "application/json", headers={name: value for name, value in headers.items() if value is not None}
    )


def nothing_is_stored() -> bool:
    return not IdempotencyKey.objects.exists() and not Group.objects.exists()


def test_a_repeated_request_gets_the_same_answer_byte_for_byte_and_one_effect() -> None:
    first = post({"name": "a"})
    again = post({"name": "a"})
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first["Content-Type"] == again["Content-Type"] == "application/json"
    assert first["Location"] == again["Location"]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert again["X-Request-Id"] != first["X-Request-Id"]
    assert Group.objects.count() == IdempotencyKey.objects.count() == 1


def test_the_order_of_members_does_not_make_another_request() -> None:
    post({"name": "a", "then": None})
    again = post({"then": None, "name": "a"})
    assert again["Idempotency-Replayed"] == "true"


def test_a_missing_key_is_400() -> None:
    response = post({"name": "a"}, key=None)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency-key-missing")
    assert nothing_is_stored()


def test_the_same_key_with_another_body_is_422_and_moves_nothing() -> None:
    post({"name": "a"})
    response = post({"name": "b"})
    assert (response.status_code, response.json()["code"]) == (422, "idempotency-key-reused")
    assert [group.name for group in Group.objects.all()] == ["a"]
    assert post({"name": "a"})["Idempotency-Replayed"] == "true"


def test_a_key_counts_for_one_principal_on_one_path() -> None:
    post({"name": "a"})
    assert post({"name": "b"}, actor="player:2").status_code == 201
    assert post({"name": "c"}, path="/api/groups/again").status_code == 201
    assert Group.objects.count() == 3


def test_strangers_have_no_keys() -> None:
    response = post({"name": "a"}, actor=None)
    assert (response.status_code, response.json()["code"]) == (401, "not-authenticated")
    assert nothing_is_stored()


def test_a_domain_refusal_is_kept_but_not_what_was_written_before_it() -> None:
    first = post({"name": "a", "then": "refuse"})
    assert (first.status_code, first.json()["code"]) == (422, "test-too-poor")
    assert not Group.objects.exists()
    again = post({"name": "a", "then": "refuse"})
    assert again.content == first.content
    assert again["Content-Type"] == "application/problem+json"
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(("then", "status"), [("busy", 503), ("invalid", 400), ("crash", 500), ("answer 404", 404)])
def test_an_answer_that_says_nothing_lasting_is_not_kept(then: str, status: int) -> None:
    assert post({"name": "a", "then": then}).status_code == status
    assert nothing_is_stored()
    assert post({"name": "a"}).status_code == 201


def test_an_answer_without_body_is_replayed_too() -> None:
    post({"name": "a", "then": "answer 204"})
    again = post({"name": "a", "then": "answer 204"})
    assert (again.status_code, again.content) == (204, b"")
    assert again["Idempotency-Replayed"] == "true"


def test_an_unreadable_body_is_400_and_leaves_the_key_free() -> None:
    response = Client().post(
        "/api/groups", "{", "application/json", headers={"Idempotency-Key": KEY, "X-Actor": "player:1"}
    )
    assert (response.status_code, response.json()["code"]) == (400, "malformed-request")
    assert nothing_is_stored()


def test_where_the_key_is_optional_requests_without_one_just_run() -> None:
    assert post({"name": "a"}, key=None, path="/api/optional").status_code == 200
    assert post({"name": "b"}, key="k", path="/api/optional").status_code == 200
    assert post({"name": "b"}, key="k", path="/api/optional")["Idempotency-Replayed"] == "true"
    assert IdempotencyKey.objects.get().scope == "everybody"
    assert Group.objects.count() == 2


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, None),
        (KEY, KEY),
        (f'"{KEY}"', KEY),
        (f'  "{KEY}" ', KEY),
        (r'"a \"b\" \\c"', r'a "b" \c'),
        ("a.b_c~d:e+f/g=", "a.b_c~d:e+f/g="),
        ("k" * 255, "k" * 255),
    ],
)
def test_a_key_is_read_quoted_or_bare(header: str | None, key: str | None) -> None:
    assert read_key(header) == key


@pytest.mark.parametrize("header", ["", '""', "a b", '"a', 'a"', '"a";v=1', '"a","b"', "ä", '"ä"', '"a\tb"', "k" * 256])
def test_anything_else_is_not_a_key(header: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        read_key(header)


def test_an_expired_key_is_free_again() -> None:
    post({"name": "a"})
    IdempotencyKey.objects.update(created_at=clock.now() - timedelta(hours=49), expires_at=clock.now())
    response = post({"name": "b"})
    assert response.status_code == 201
    assert "Idempotency-Replayed" not in response


def test_keys_are_kept_for_at_least_a_day_and_purged_after_their_time() -> None:
    for number in range(5):
        post({"name": str(number)}, key=f"k{number}")
    row = IdempotencyKey.objects.earliest("pk")
    assert row.expires_at - row.created_at == timedelta(hours=48)
    past = clock.now() - timedelta(hours=1)
    IdempotencyKey.objects.exclude(key="k4").update(created_at=past - timedelta(hours=48), expires_at=past)
    assert purge_expired_keys(batch_size=3) == 4
    assert purge_idempotency_keys() == 0
    assert [row.key for row in IdempotencyKey.objects.all()] == ["k4"]


# Real threads, real commits.


@pytest.fixture
def waiting() -> Iterator[type[GroupView]]:
    """The view that can be held inside its transaction."""
    GroupView.entered.clear()
    GroupView.may_go_on.clear()
    yield GroupView
    GroupView.may_go_on.set()


def in_thread(work: Callable[[], Any]) -> Callable[[], Any]:
    """Let a thread give its database connection back."""

    def run() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    return run


@pytest.mark.django_db(transaction=True)
def test_while_the_first_request_runs_the_second_is_told_so_at_once(waiting: type[GroupView]) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(in_thread(lambda: post({"name": "a", "then": "wait"})))
        assert waiting.entered.wait(timeout=20)
        meanwhile = post({"name": "a", "then": "wait"})
        other_key = post({"name": "b"}, key="other")
        waiting.may_go_on.set()
        first = running.result(timeout=20)
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency-key-in-progress")
    assert meanwhile["Retry-After"] == "1"
    assert other_key.status_code == first.status_code == 201
    assert post({"name": "a", "then": "wait"}).content == first.content
    assert Group.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_in_the_middle_leaves_nothing_and_frees_the_key(waiting: type[GroupView]) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(in_thread(lambda: post({"name": "a", "then": "wait"})))
        assert waiting.entered.wait(timeout=20)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchone() == (1,)
        waiting.may_go_on.set()
        assert running.result(timeout=20).status_code == 503
    assert nothing_is_stored()
    assert post({"name": "a", "then": "wait"}).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_many_at_once_have_one_effect_and_one_answer() -> None:
    barrier = threading.Barrier(8)

    def send() -> Any:
        barrier.wait(timeout=20)
        return post({"name": "a"})

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(in_thread(send)) for _ in range(8)]
        responses = [future.result(timeout=30) for future in futures]
    assert {response.status_code for response in responses} <= {201, 409}
    done = [response for response in responses if response.status_code == 201]
    assert len({response.content for response in done}) == 1
    assert sum("Idempotency-Replayed" not in response for response in done) == 1
    assert Group.objects.count() == IdempotencyKey.objects.count() == 1
