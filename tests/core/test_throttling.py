"""Rate limits count exactly, over threads too, and know what to do without Redis."""

import threading
from typing import Any

import pytest
from django.test import Client, RequestFactory, override_settings

from apps.core.client_address import client_address
from apps.core.redis_client import redis_client
from apps.core.throttling import RateLimit

NO_REDIS = override_settings(REDIS_URL="redis://127.0.0.1:1/0")
LIMIT = RateLimit("test-limit", limit=3, seconds=60)


def test_hits_are_allowed_up_to_the_limit_and_then_refused_with_the_time_to_wait() -> None:
    outcomes = [LIMIT.hit("a") for _ in range(5)]
    assert [outcome.allowed for outcome in outcomes] == [True, True, True, False, False]
    assert [outcome.remaining for outcome in outcomes] == [2, 1, 0, 0, 0]
    assert [outcome.retry_after_seconds for outcome in outcomes[:3]] == [0, 0, 0]
    assert all(59 <= outcome.retry_after_seconds <= 60 for outcome in outcomes[3:])


def test_keys_and_limits_count_apart() -> None:
    for _ in range(4):
        LIMIT.hit("a")
    assert LIMIT.hit("b").allowed
    assert RateLimit("test-other", limit=3, seconds=60).hit("a").allowed


def test_looking_does_not_count_and_reset_forgets() -> None:
    for _ in range(3):
        assert LIMIT.peek("a").allowed
        LIMIT.hit("a")
    assert not LIMIT.peek("a").allowed
    assert 59 <= LIMIT.peek("a").retry_after_seconds <= 60
    LIMIT.reset("a")
    assert LIMIT.hit("a").remaining == 2


def test_a_counter_always_expires_also_when_its_expiry_was_lost() -> None:
    LIMIT.hit("a")
    (key,) = redis_client().keys("ratelimit:test-limit:*")
    redis_client().persist(key)
    LIMIT.hit("a")
    assert 0 < redis_client().pttl(key) <= 60_000


def test_a_hit_may_cost_more_than_one() -> None:
    assert LIMIT.hit("a", cost=3).allowed
    assert not LIMIT.hit("a").allowed


def test_threads_together_get_exactly_the_limit() -> None:
    limit = RateLimit("test-threads", limit=50, seconds=60)
    outcomes: list[bool] = []
    barrier = threading.Barrier(8)

    def hammer() -> None:
        barrier.wait(timeout=20)
        outcomes.extend([limit.hit("a").allowed for _ in range(20)])

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(outcomes), sum(outcomes)) == (160, 50)


@NO_REDIS
def test_without_redis_a_limit_fails_open_or_closed_as_it_says() -> None:
    closed = RateLimit("test-closed", limit=3, seconds=60, when_redis_is_down="closed")
    assert LIMIT.hit("a").allowed
    assert LIMIT.peek("a").allowed
    assert not closed.hit("a").allowed
    assert closed.peek("a").retry_after_seconds == 60
    closed.reset("a")


@pytest.mark.urls("tests.core.urls")
def test_a_throttled_view_answers_429_with_retry_after() -> None:
    responses: list[Any] = [Client().get("/api/throttled") for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert responses[2].json()["code"] == "rate-limited"
    assert 59 <= int(responses[2]["Retry-After"]) <= 60
    assert Client(REMOTE_ADDR="10.1.1.1").get("/api/throttled").status_code == 200


@pytest.mark.urls("tests.core.urls")
def test_actors_are_throttled_apart_whatever_their_address() -> None:
    def get(actor: str, address: str) -> int:
        return Client(REMOTE_ADDR=address).get("/api/throttled/actor", headers={"X-Actor": actor}).status_code

    assert [get("player:1", f"10.0.0.{n}") for n in range(3)] == [200, 200, 429]
    assert get("player:2", "10.0.0.1") == 200


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ([], "10.0.0.1", "6.6.6.6", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1"),
        (["10.0.0.0/8"], "8.8.8.8", "6.6.6.6", "8.8.8.8"),
        (["10.0.0.0/8"], "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (["::1/128"], "::1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_trusted_proxies_say_whose_address_it_is(
    trusted: list[str], peer: str, forwarded: str, address: str
) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded})
    with override_settings(TRUSTED_PROXIES=trusted):
        assert client_address(request) == address
