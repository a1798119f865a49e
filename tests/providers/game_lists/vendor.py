"""A vendor of the Hub88 family whose game list a test writes, on loopback over real HTTP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.providers.vendor_server import verify


class ListVendor:
    """What is on the list, and what has reached the vendor."""

    def __init__(self) -> None:
        self.games: dict[str, dict[str, Any]] = {}
        self.status = 200
        self.raw: bytes | None = None
        self.short_of = 0
        self.waits: threading.Event | None = None
        self.asked: list[tuple[str, str, bytes, dict[str, str]]] = []

    def lists(self, code: str, **facts: Any) -> None:
        """Put a game on the list, or change it there."""
        plain = {
            "game_code": code, "name": code.title(), "product": "Caleta Gaming", "category": "Video Slots",
            "platforms": ["GPL_DESKTOP", "GPL_MOBILE"], "blocked_countries": [], "enabled": True, "game_id": 1,
            "url_thumb": "https://pictures.example.com/thumb.png", "url_background": "",
        }  # fmt: skip
        self.games[code] = self.games.get(code, plain) | facts

    def answer(self) -> bytes:
        """The body."""
        return self.raw if self.raw is not None else json.dumps(list(self.games.values())).encode()


@contextmanager
def list_vendor() -> Iterator[tuple[str, ListVendor]]:
    """Serve on a free port until the block ends; gives the address and the vendor."""
    vendor = ListVendor()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.vendor = vendor  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", vendor
    finally:
        if vendor.waits is not None:
            vendor.waits.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """The Hub88 family: signed bodies."""
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        verify(self.headers.get("X-Auth-Signature") or self.headers["X-Hub88-Signature"], raw)
        self._answer(raw)

    def do_GET(self) -> None:
        """Swipe Games: signed queries."""
        self._answer(b"")

    def _answer(self, raw: bytes) -> None:
        vendor: ListVendor = self.server.vendor  # type: ignore[attr-defined]
        vendor.asked.append((self.command, self.path, raw, dict(self.headers.items())))
        if vendor.waits is not None:
            vendor.waits.wait(10)
        body = vendor.answer()
        self.send_response(vendor.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        # So that no idle connection outlives the test.
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[: len(body) - vendor.short_of])
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
