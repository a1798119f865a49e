"""Calls to vendors: a deadline, typed failures that say what is known, and a log entry each. A real server answers."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import transaction

from apps.core.ids import uuid7
from apps.core.request_context import request_context
from apps.integrations import exchange_log, outbound
from apps.integrations.connections import Connection, connection, forget_connections
from apps.integrations.models import Exchange
from apps.integrations.outbound import (
    VendorResponse,
    VendorSwitchedOff,
    VendorTimeout,
    VendorUnreachable,
    call_vendor,
)
from apps.integrations.switches import switch_integration
from tests.integrations.exchanges import NOW, make_integration

pytestmark = pytest.mark.django_db(transaction=True)


class Vendor(BaseHTTPRequestHandler):
    """Answers by path; `released` ends what would otherwise go on for ever."""

    protocol_version = "HTTP/1.1"
    released = threading.Event()

    def do_POST(self) -> None:
        """Answer as the path asks."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        getattr(self, f"answer_{self.path.split('?')[0].strip('/').replace('/', '_')}")(body)

    def answer_launch(self, body: bytes) -> None:
        """Repeat what came."""
        self._answer(200, b"got " + body, {"X-One": "1", "Set-Cookie": "secret"})

    def answer_refuse(self, _body: bytes) -> None:
        """Refuse."""
        self._answer(422, b"no")

    def answer_redirect(self, _body: bytes) -> None:
        """Point elsewhere."""
        self._answer(302, b"", {"Location": "http://127.0.0.1:1/elsewhere"})

    def answer_silent(self, _body: bytes) -> None:
        """Say nothing."""
        self.released.wait(10)
        self.close_connection = True

    def answer_drip(self, _body: bytes) -> None:
        """Send a byte now and then, each in time, all of them together far too late."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            while not self.released.wait(0.05):
                self.wfile.write(b".")
                self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True

    def answer_huge(self, _body: bytes) -> None:
        """Send more than anybody wants."""
        try:
            self._answer(200, b"x" * (5 * 2**20))
        except OSError:
            self.close_connection = True

    def answer_hangup(self, _body: bytes) -> None:
        """Close without an answer."""
        self.close_connection = True

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def vendor() -> Iterator[Connection]:
    Vendor.released.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    make_integration(base_url=f"http://127.0.0.1:{server.server_port}/")
    forget_connections()
    yield connected()
    Vendor.released.set()
    outbound.close_client()
    server.shutdown()
    thread.join()
    server.server_close()
    exchange_log.close()


def connected() -> Connection:
    found = connection("vendor")
    assert found is not None
    return found


def call(vendor: Connection, path: str, *, timeout_seconds: float = 5.0, refs: tuple[str, ...] = ()) -> VendorResponse:
    return call_vendor(
        connection=vendor,
        verb="launch",
        method="POST",
        path=path,
        body=b"{}",
        headers={"Authorization": "Bearer hunter2", "X-Sig": "c2ln"},
        timeout_seconds=timeout_seconds,
        refs=refs,
        signed_by="k1",
    )


def logged() -> Exchange:
    assert exchange_log.flush()
    return Exchange.objects.select_related("reply").get()


def test_a_call_returns_the_answer_and_is_logged_under_the_request_it_served(vendor: Connection) -> None:
    parent = uuid7()
    with request_context(parent):
        answer = call(vendor, "/launch?token=hunter2", refs=("session-1",))
    assert (answer.status, answer.body, answer.headers["x-one"]) == (200, b"got {}", "1")
    seen = logged()
    assert (seen.pk, seen.direction, seen.method, seen.parent_id) == (answer.exchange_id, "out", "POST", parent)
    assert (seen.integration_id, seen.verified_by) == (vendor.id, "k1")
    assert seen.path == f"{vendor.base_url}launch?token=***"
    assert (seen.headers["Authorization"], seen.headers["X-Sig"]) == ("Bearer ***", "c2ln")
    assert (bytes(seen.body), bytes(seen.reply.body)) == (b"{}", b"got {}")
    assert seen.reply.headers["Set-Cookie"] == "***"
    assert (seen.reply.status, seen.reply.verb, seen.reply.refs) == (200, "launch", ["session-1"])
    assert 0 < seen.reply.duration_us < 5_000_000


def test_a_refusal_is_an_answer(vendor: Connection) -> None:
    assert call(vendor, "refuse").status == 422
    assert logged().reply.status == 422


def test_a_redirect_is_not_followed(vendor: Connection) -> None:
    assert call(vendor, "redirect").status == 302


def test_without_a_whole_answer_the_outcome_is_unknown(vendor: Connection) -> None:
    paths = ["drip", "hangup", "huge", "silent"]
    for path in paths:
        with pytest.raises(VendorTimeout):
            call(vendor, path, timeout_seconds=5.0 if path == "huge" else 0.3)
    assert exchange_log.flush()
    seen = Exchange.objects.select_related("reply").order_by("path")
    assert [each.path.rpartition("/")[2] for each in seen] == paths
    assert {(each.reply.status, each.reply.outcome, bool(each.reply.error)) for each in seen} == {
        (None, "timeout", True)
    }


def test_where_nobody_listens_nothing_was_sent(vendor: Connection) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        deaf = replace(vendor, base_url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(VendorUnreachable):
            call(deaf, "launch")
    assert logged().reply.outcome == "unreachable"


def test_a_base_url_that_is_none_is_unreachable(vendor: Connection) -> None:
    for base_url in ("", "ftp://example.test", "http://[broken"):
        with pytest.raises(VendorUnreachable):
            call(replace(vendor, base_url=base_url), "launch")


def test_a_vendor_that_is_switched_off_is_not_called(vendor: Connection) -> None:
    switch_integration(slug="vendor", to="off", reason="test", actor=None, now=NOW)
    with pytest.raises(VendorSwitchedOff):
        call(connected(), "launch")
    assert exchange_log.flush()
    assert not Exchange.objects.exists()


def test_nobody_waits_for_a_vendor_inside_a_transaction(vendor: Connection) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a database transaction"):
        call(vendor, "launch")
    assert exchange_log.flush()
    assert not Exchange.objects.exists()
