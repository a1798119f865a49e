"""POST /sandbox/clock."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import httpx2
import pytest
from django.test import Client

from apps.core import clock
from tests.harness.live import LivePlatform


@pytest.fixture(autouse=True)
def _real_time(db: None) -> Iterator[None]:
    clock.forget_cached_offset()
    yield
    clock.forget_cached_offset()


def test_the_clock_moves_forward(client: Client) -> None:
    before = clock.now()
    response = client.post("/sandbox/clock", {"advance_seconds": 86_400}, content_type="application/json")
    now = datetime.fromisoformat(response.json()["now"])
    assert response.status_code == 200
    assert timedelta(days=1) <= now - before < timedelta(days=1, minutes=1)
    assert clock.now() >= now


@pytest.mark.parametrize("seconds", [-1, "tomorrow", None, 1e12])
def test_it_moves_in_no_other_way(client: Client, seconds: object) -> None:
    response = client.post("/sandbox/clock", {"advance_seconds": seconds}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "validation-failed")


def test_it_stops_after_a_century(client: Client) -> None:
    century = {"advance_seconds": clock.MAX_OFFSET.total_seconds()}
    assert client.post("/sandbox/clock", century, content_type="application/json").status_code == 200
    response = client.post("/sandbox/clock", {"advance_seconds": 1}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (409, "clock-stuck")


def test_once_it_has_moved_no_process_goes_by_the_old_time(live_platform: LivePlatform) -> None:
    def post(seconds: float) -> datetime:
        # A new connection each time, so that now one and now the other process answers.
        body = {"advance_seconds": seconds}
        reply = httpx2.post(f"{live_platform.base_url}/sandbox/clock", json=body, timeout=10)
        return datetime.fromisoformat(reply.json()["now"])

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(post, [0] * 8))
        moved = post(60)
        assert min(pool.map(post, [0] * 16)) >= moved
