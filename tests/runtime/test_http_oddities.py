"""What HTTP allows and web frameworks forget, against the running web server."""

import contextlib
import http.client
import json
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.harness.live import LivePlatform

LIMIT = 1024 * 1024


def _in_chunks(platform: LivePlatform, body: bytes, size: int) -> tuple[int, dict[str, str]]:
    """Ask for a sandbox session with a body of unknown length; returns the status and the answer."""
    address = urlsplit(platform.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        pieces = (body[start : start + size] for start in range(0, len(body), size))
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/sandbox/session", body=pieces, headers=headers, encode_chunked=True)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def test_a_body_in_chunks_is_read(live_platform: LivePlatform) -> None:
    body = json.dumps({"provider": "nobody", "currency": "EUR"}).encode()
    status, answer = _in_chunks(live_platform, body, 7)
    assert (status, answer["code"]) == (404, "unknown-sandbox-integration")


def test_a_body_in_chunks_is_not_read_for_ever(live_platform: LivePlatform) -> None:
    # Cut off while still sending is a refusal too: the server has stopped reading and hung up.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        status, answer = _in_chunks(live_platform, b" " * (LIMIT + 2), LIMIT + 1)
        assert (status, answer["code"]) == (413, "request-too-large")


@pytest.mark.parametrize("path", ["/sandbox/players/%00", "/sandbox/players/a%00b", "/api/v1/games?cursor=%00", "/%00"])
def test_a_nul_in_the_address_is_refused_before_it_meets_the_database(live_platform: LivePlatform, path: str) -> None:
    reply = httpx2.get(f"{live_platform.base_url}{path}", timeout=10)
    assert (reply.status_code, reply.json()["code"]) == (400, "malformed-request")


def test_a_connection_lives_on_after_an_answer_that_needed_no_body(live_platform: LivePlatform) -> None:
    with httpx2.Client(base_url=live_platform.base_url, timeout=10) as client:
        for _ in range(20):
            reply = client.post("/api/v1/games/any/launch", content=b"x" * 100_000)
            assert reply.status_code == 401


@pytest.mark.parametrize("method", ["post", "delete"])
def test_an_unknown_address_of_the_api_is_a_404_whatever_the_method(live_platform: LivePlatform, method: str) -> None:
    reply = getattr(httpx2, method)(f"{live_platform.base_url}/api/v1/nothing-here", timeout=10)
    assert (reply.status_code, reply.json()["code"]) == (404, "not-found")
