"""A game vendor's launch API on loopback: real HTTP, and a signature check that shares no code with the platform."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.contracts.family import HUB88_PUBLIC_KEY


@dataclass
class LaunchServer:
    """What the vendor answers, and what has reached him."""

    base_url: str
    status: int = 200
    answer: bytes = b'{"url":"https://games.example.com/play?x=1"}'
    hangs: threading.Event | None = None
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)


@contextmanager
def launch_server(port: int = 0) -> Iterator[LaunchServer]:
    """Serve until the block ends; on a free port unless one is named."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    state = LaunchServer(f"http://127.0.0.1:{server.server_address[1]}")
    server.state = state  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        if state.hangs is not None:
            state.hangs.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Verify, note, answer as told."""
        state: LaunchServer = self.server.state  # type: ignore[attr-defined]
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        state.paths.append(self.path)
        state.headers.append(dict(self.headers.items()))
        state.raw.append(raw)
        state.bodies.append(json.loads(raw))
        if state.hangs is not None:
            state.hangs.wait(10)
        self.send_response(state.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(state.answer)))
        # So that no idle connection outlives the test.
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(state.answer)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def verify(signature: str, raw: bytes) -> None:
    """Check an RSA-SHA256 signature over the raw bytes; raises InvalidSignature."""
    key = serialization.load_pem_public_key(HUB88_PUBLIC_KEY.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(signature, validate=True), raw, padding.PKCS1v15(), hashes.SHA256())
