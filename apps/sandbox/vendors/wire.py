"""Calls to the platform's wallet: bodies, signatures, and what counts as an answer. Knows nothing of rounds."""

import json
import threading
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2

from apps.sandbox.models import SimulatedSession, SimulatedTransaction, SimulatedVendor
from apps.sandbox.vendors.dialects import DIALECTS, UNKNOWN_STATUSES, Dialect
from apps.sandbox.vendors.signatures import sign

_TIMEOUT_SECONDS = 5.0
# Too short for any answer: the request is on its way when we hang up.
_HANG_UP_SECONDS = 0.002

_LIMITS = httpx2.Limits(max_connections=64, max_keepalive_connections=16)


class NoAnswer(Exception):
    """No usable answer: unreachable, timed out, undecodable, or a status that says "unknown"."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform decided."""

    status: str
    balance: int | None
    """Amount x 100 000."""


_making = threading.Lock()
_made: httpx2.Client | None = None


def _client() -> httpx2.Client:
    """One for all threads of the process, made at first use."""
    global _made  # noqa: PLW0603 - a per-process pool
    with _making:
        _made = _made or httpx2.Client(limits=_LIMITS, trust_env=False)
        return _made


def close_connections() -> None:
    """Close what is open to the platform; the next call opens anew."""
    global _made  # noqa: PLW0603 - a per-process pool
    with _making:
        if _made is not None:
            _made.close()
            _made = None


def send(transaction: SimulatedTransaction, *, amount: int | None = None) -> Answer:
    """
    Send a transaction and wait for the platform's answer.

    :param amount: instead of the transaction's own (x 100 000), to provoke a conflict
    :raises NoAnswer: if it is not known what the platform did
    """
    return _call(transaction.vendor, _path(transaction), _body(transaction, amount), _TIMEOUT_SECONDS)


def send_and_hang_up(transaction: SimulatedTransaction) -> None:
    """Send a transaction and drop the connection before the answer."""
    try:
        _call(transaction.vendor, _path(transaction), _body(transaction, None), _HANG_UP_SECONDS)
    except NoAnswer:
        return


def balance_of(session: SimulatedSession) -> Answer:
    """
    Ask for a player's balance.

    :raises NoAnswer: if the platform does not say
    """
    dialect = DIALECTS[session.vendor_id]
    body = {"token": session.token, "game_code": session.game_code}
    if dialect.sends_user:
        body["user"] = session.user
    return _call(session.vendor, dialect.balance_path, body, _TIMEOUT_SECONDS)


def _path(transaction: SimulatedTransaction) -> str:
    dialect = DIALECTS[transaction.vendor_id]
    return {
        SimulatedTransaction.Kind.BET: dialect.bet_path,
        SimulatedTransaction.Kind.WIN: dialect.win_path,
        SimulatedTransaction.Kind.ROLLBACK: dialect.rollback_path,
    }[SimulatedTransaction.Kind(transaction.kind)]


def _body(transaction: SimulatedTransaction, amount: int | None) -> dict[str, Any]:
    round_ = transaction.round
    session = round_.session
    is_bet = transaction.kind == SimulatedTransaction.Kind.BET
    body: dict[str, Any] = {
        "token": session.token,
        "game_code": session.game_code,
        "round": round_.reference,
        "round_closed": not is_bet,
        "transaction_uuid": str(transaction.pk),
    }
    if DIALECTS[transaction.vendor_id].sends_user or transaction.kind == SimulatedTransaction.Kind.ROLLBACK:
        body["user"] = session.user
    if transaction.target is not None:
        body["reference_transaction_uuid"] = str(transaction.target)
    if transaction.kind != SimulatedTransaction.Kind.ROLLBACK:
        body |= {
            "amount": transaction.amount if amount is None else amount,
            "currency": session.currency,
            "supplier_user": f"sim_{session.user}",
            "is_free": False,
        }
    if is_bet:
        body["bet"] = "zero"
    return body


def _call(vendor: SimulatedVendor, path: str, body: dict[str, Any], timeout_seconds: float) -> Answer:
    dialect: Dialect = DIALECTS[vendor.slug]
    raw = json.dumps({"request_uuid": str(uuid4()), **body}, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", dialect.signature_header: sign(vendor.private_key_pem, raw)}
    timeout = httpx2.Timeout(_TIMEOUT_SECONDS, read=timeout_seconds)
    try:
        response = _client().post(vendor.platform_url + path, content=raw, headers=headers, timeout=timeout)
        answer = response.json()
    except (httpx2.TransportError, ValueError) as error:
        raise NoAnswer(type(error).__name__) from error
    status = answer.get("status") if isinstance(answer, dict) else None
    if not isinstance(status, str) or status in UNKNOWN_STATUSES:
        raise NoAnswer(f"HTTP {response.status_code} {status or 'without status'}")
    balance = answer.get("balance")
    return Answer(status, balance if isinstance(balance, int) else None)
