"""A national register on loopback: real HTTP, which can be slow, wrong, silent or down; nobody sleeps."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from apps.integrations.connections import forget_connections
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from tests.factories.integrations import NOW

KEY = "gamstop-test-key"


@dataclass
class Register:
    """What the register says, and what it was asked."""

    base_url: str
    says: str = "N"
    status: int = 200
    hangs: threading.Event | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    batch_answer: bytes | None = None
    keys: list[str] = field(default_factory=list)


@contextmanager
def register_server() -> Iterator[Register]:
    """Serve on a free port until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    state = Register(f"http://127.0.0.1:{server.server_address[1]}")
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


def connect_register(
    register: Register, *, jurisdiction: str, vendor: str = "gamstop", brand: str = "aurora"
) -> Integration:
    """Connect a brand with it."""
    integration = Integration.objects.create(
        slug=f"{vendor}-{jurisdiction}".lower(),
        name="Register",
        vendor=vendor,
        kind=Integration.Kind.IDENTITY,
        brand_code=brand,
        base_url=register.base_url,
        options={"jurisdiction": jurisdiction, "timeout_seconds": 0.3, "register": "Spelpaus"},
    )
    add_credential(
        integration=integration, purpose=Credential.Purpose.API_ACCESS, secret=KEY.encode(), actor=None, now=NOW
    )
    forget_connections()
    return integration


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Note the question, answer as told."""
        state: Register = self.server.state  # type: ignore[attr-defined]
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        state.keys.append(self.headers.get("X-API-Key", ""))
        if state.hangs is not None:
            state.hangs.wait(10)
        body = b""
        if self.headers["Content-Type"].startswith("application/x-www-form"):
            state.asked.append({name: values[0] for name, values in parse_qs(raw.decode()).items()})
        else:
            rows = json.loads(raw)
            body = state.batch_answer or self._answers(state, rows)
        self.send_response(state.status)
        if state.says:
            self.send_header("X-Exclusion", state.says)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _answers(self, state: Register, rows: Any) -> bytes:
        if isinstance(rows, dict):
            said = {"Y": "excluded", "N": "clear", "P": "previously_excluded"}.get(state.says, state.says)
            answers = [{"reference": row["reference"], "answer": said} for row in rows["subjects"]]
            state.batches.append(rows["subjects"])
            return json.dumps({"answers": answers}).encode()
        state.batches.append(rows)
        return json.dumps([{"correlationId": row["correlationId"], "exclusion": state.says} for row in rows]).encode()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
