"""A payment provider of the tests: a server on loopback that keeps its own books, and the adapter that speaks to it."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from apps.core.money import Money
from apps.integrations.connections import Connection
from apps.integrations.outbound import VendorTimeout, call_vendor
from apps.payments.contract import (
    Capabilities,
    DepositOrder,
    DepositRefused,
    EventKind,
    NextStep,
    Option,
    PayoutOrder,
    PayoutRefused,
    PayoutResult,
    PayoutSubmitted,
    PayoutUnclear,
    PspState,
    Query,
)
from apps.payments.dispute_contract import CallDone, CallRefused, CallResult, CallUnclear, RefundOrder


@dataclass
class Bank:
    """What the provider does, and what it has done: `payouts` and `refunds` count, per key, how often money left."""

    base_url: str
    mode: str = "ok"
    """`ok`, `refuse`, `error` (500 before anything), `lose_answer` (does it, says 500), `deaf` (500 to queries too)."""
    payouts: dict[str, str] = field(default_factory=dict)
    refunds: dict[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    gate: threading.Event | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def open_bank() -> Iterator[Bank]:
    """Serve on a free port until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Counter)
    bank = Bank(f"http://127.0.0.1:{server.server_address[1]}")
    server.bank = bank  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield bank
    finally:
        if bank.gate is not None:
            bank.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Counter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Note, act, answer as told."""
        bank: Bank = self.server.bank  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with bank.lock:
            bank.calls[self.path] += 1
            status, answer = self._act(bank, body)
        raw = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(raw)
        self.close_connection = True

    def _act(self, bank: Bank, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.path == "/state":
            known = bank.payouts.get(body["key"])
            return (500, {}) if bank.mode == "deaf" else (200, {"state": known})
        if bank.mode == "error":
            return 500, {}
        if bank.mode == "refuse":
            return 422, {}
        (bank.refunds if self.path == "/refund" else bank.payouts).setdefault(body["key"], "accepted")
        return (500 if bank.mode in ("lose_answer", "deaf") else 200), {"id": "B" + body["key"]}

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


_KINDS = {"paid": EventKind.PAYOUT_PAID, "failed": EventKind.PAYOUT_FAILED, "settled": EventKind.DEPOSIT_SETTLED}


class BankAdapter:
    """Speaks the bank's small protocol."""

    vendor = "bank"
    options: tuple[Option, ...] = ()
    capabilities = Capabilities(methods=("bank",), query_pause_seconds=0)

    def knows(self, path: str) -> bool:  # noqa: ARG002 - the protocol's
        """It calls nobody."""
        return False

    def start_deposit(self, connection: Connection, order: DepositOrder) -> NextStep | DepositRefused:
        """Begin a deposit."""
        status, answer = self._post(connection, "/deposit", order.key, order.money)
        if status == 200:
            return NextStep("redirect", f"https://bank.example.com/{order.key}", answer["id"])
        if status == 422:
            return DepositRefused("refused")
        raise VendorTimeout("an answer that proves nothing")

    def submit_payout(self, connection: Connection, order: PayoutOrder) -> PayoutResult:
        """Order a payout."""
        status, answer = self._post(connection, "/payout", order.key, order.money)
        if status == 200:
            return PayoutSubmitted(answer["id"])
        return PayoutRefused("refused") if status == 422 else PayoutUnclear(f"status {status}")

    def refund(self, connection: Connection, order: RefundOrder) -> CallResult:
        """Order a refund."""
        status, answer = self._post(connection, "/refund", order.key, order.money)
        if status == 200:
            return CallDone(answer["id"])
        return CallRefused("refused") if status == 422 else CallUnclear(f"status {status}")

    def fetch(self, connection: Connection, query: Query) -> PspState:
        """Ask."""
        status, answer = self._post(connection, "/state", query.key, query.money)
        if status != 200:
            raise VendorTimeout("no answer")
        word = answer["state"]
        return PspState(found=word is not None, kind=_KINDS.get(word or ""), word=word or "")

    def _post(self, connection: Connection, path: str, key: str, money: Money) -> tuple[int, Any]:
        body = json.dumps({"key": key, **money.to_json()}).encode()
        answer = call_vendor(
            connection=connection, verb=path, method="POST", path=path, body=body, headers={}, refs=(key,)
        )
        return answer.status, json.loads(answer.body)
