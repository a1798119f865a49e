"""
The way into the wallet: commands of game providers, batched into few database commits.

With more requests in flight than commits, batching pays: the requests of one process that wait at the same moment go to
the database in one statement and one commit, an outcome for each. There is no timer and no extra thread: a request
that finds a lane free takes whatever waits and executes it; one that finds none waits until a leader carries it or
makes it the next leader. At low load a batch is one call, and nothing is delayed.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import structlog
from django.conf import settings
from django.db import connection as django_connection
from psycopg.rows import TupleRow

from apps.providers.contract import Outcome

log = structlog.get_logger(__name__)

_SQL = (
    "SELECT request_id, outcome, replayed, player_id, player_ref, currency, cash, bonus, restricted, "
    "transaction_id, round_id FROM providers_wallet_calls(%s::json)"
)
_MAX_BATCH = 64
_TRIES = 3
_WAIT_SECONDS = 10.0
"""A bound on waiting for one's own lane-mates; each statement has its own, shorter, time-out."""


class WalletCall(msgspec.Struct, kw_only=True, omit_defaults=False):
    """One command; the fields are those of the SQL type `providers_call`, where they are explained."""

    request_id: UUID
    integration_id: int
    verb: str
    kind: str
    token: str
    """SHA-256 of the session token as PostgreSQL hex input: `\\x…`."""
    player_ref: str | None = None
    key: str
    fingerprint: str
    reference: str | None = None
    game_code: str
    round_ref: str
    close_round: bool = False
    currency: str | None = None
    amount: int = 0
    draw: Sequence[str] = ("cash",)
    quantum: int = 1
    ignores_expiry: bool = False
    needs_reference: bool = True
    accept_closed_round: bool = False
    accept_settled: bool = False
    session_game: bool = False
    live_token: bool = False
    state_of_now: bool = False
    by_round: bool = False
    needs_round: bool = False
    round_settles: bool = False
    close_when_settled: bool = False
    main_amount: Decimal | None = None
    bonus_amount: int | None = None
    alias: str | None = None
    alias_terms: str | None = None
    details: dict[str, Any] | None = None
    now: datetime
    started_at: datetime
    method: str
    path: str
    headers: dict[str, str]
    body: str
    remote_address: str = ""
    verified_by: str = ""


@dataclass(frozen=True, slots=True)
class WalletReply:
    """What became of a command. Balances in ledger units, after it; None where the session is unknown."""

    request_id: UUID
    outcome: Outcome
    replayed: bool = False
    player_id: int | None = None
    player_ref: UUID | None = None
    currency: str | None = None
    cash: int | None = None
    bonus: int | None = None
    restricted: int | None = None
    transaction_id: UUID | None = None
    round_id: int | None = None

    @property
    def logged(self) -> bool:
        """The request's row of the exchange log was committed together with the outcome."""
        return self.outcome not in (Outcome.RETRYABLE, Outcome.FATAL)


class _Lane:
    """One database connection in autocommit mode: one statement is one round trip and one commit."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[TupleRow] | None = None

    def execute(self, calls: Sequence[WalletCall]) -> dict[UUID, WalletReply]:
        """Post the calls together; when that fails, one by one, so that none fails for another's sake."""
        if len(calls) > 1:
            try:
                return self._post(calls)
            except psycopg.Error as error:
                log.warning("wallet_batch_split", calls=len(calls), error=type(error).__name__)
        return {call.request_id: self._post_alone(call) for call in calls}

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post_alone(self, call: WalletCall) -> WalletReply:
        """
        Post one call; try again where the first try is known or may be known not to count.

        After a lost connection nobody knows whether the commit happened. Sending the call again is safe: its key
        makes it a replay.
        """
        for _ in range(_TRIES):
            try:
                return self._post([call])[call.request_id]
            except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
                break
            except (psycopg.OperationalError, psycopg.errors.UniqueViolation):
                log.warning("wallet_call_again", request_id=str(call.request_id), exc_info=True)
            except psycopg.Error:
                log.exception("wallet_call_failed", request_id=str(call.request_id))
                return WalletReply(call.request_id, Outcome.FATAL)
        return WalletReply(call.request_id, Outcome.RETRYABLE)

    def _post(self, calls: Sequence[WalletCall]) -> dict[UUID, WalletReply]:
        if self._connection is None or self._connection.closed:
            self._connection = _connect()
        try:
            rows = self._connection.execute(_SQL, (_encode(calls),), prepare=True, binary=True).fetchall()
        except psycopg.OperationalError:
            if self._connection.broken:
                self.close()
            raise
        return {row[0]: _reply(row) for row in rows}


class _Ticket:
    """A call on its way, and the lock on which its thread waits for a reply or for a lane to lead."""

    __slots__ = ("call", "lane", "reply", "wake")

    def __init__(self, call: WalletCall) -> None:
        self.call = call
        self.lane: _Lane | None = None
        self.reply: WalletReply | None = None
        self.wake = threading.Lock()
        self.wake.acquire()


class _Lanes:
    """A few database connections of this process, each with at most one commit in flight."""

    def __init__(self, count: int) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[_Ticket] = deque()
        self._all = [_Lane() for _ in range(count)]
        self._idle = list(self._all)

    def carry(self, call: WalletCall) -> WalletReply:
        """Execute the call, alone or together with others, and return its outcome."""
        ticket = _Ticket(call)
        with self._mutex:
            if self._idle:
                ticket.lane = self._idle.pop()
            else:
                self._waiting.append(ticket)
        if ticket.lane is None and not self._wait(ticket):
            return WalletReply(call.request_id, Outcome.RETRYABLE)
        if ticket.lane is not None:
            self._lead(ticket.lane, ticket)
        return ticket.reply or WalletReply(call.request_id, Outcome.RETRYABLE)

    def close(self) -> None:
        """Close every connection. Only for a process without calls in flight."""
        for lane in self._all:
            lane.close()

    def _wait(self, ticket: _Ticket) -> bool:
        """Wait for a reply or a lane; False when the time is over and nobody has taken the ticket up."""
        while not ticket.wake.acquire(timeout=_WAIT_SECONDS):
            with self._mutex:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                    return False
            # It is part of a batch: that statement's own time-out bounds the wait.
        return True

    def _lead(self, lane: _Lane, ticket: _Ticket) -> None:
        """Carry the leader's ticket and those waiting with it, then pass the lane on."""
        with self._mutex:
            others = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MAX_BATCH - 1))]
        replies: dict[UUID, WalletReply] = {}
        try:
            replies = lane.execute([ticket.call, *(other.call for other in others)])
        finally:
            with self._mutex:
                heir = self._waiting.popleft() if self._waiting else None
                if heir is None:
                    self._idle.append(lane)
            if heir is not None:
                heir.lane = lane
                heir.wake.release()
            ticket.reply = replies.get(ticket.call.request_id)
            for other in others:
                other.reply = replies.get(other.call.request_id)
                other.wake.release()


def post_call(call: WalletCall) -> WalletReply:
    """
    Execute one command and return its outcome; never raises for what the database says.

    Inside a transaction of the caller the call joins it, alone. Otherwise it travels with its neighbours.
    """
    if django_connection.in_atomic_block:
        with django_connection.cursor() as cursor:
            cursor.execute(_SQL, [_encode([call])])
            return _reply(cursor.fetchone())
    return _lanes().carry(call)


def close_lanes() -> None:
    """Close this process's lanes; for tests and for an orderly shutdown."""
    global _process_lanes  # noqa: PLW0603 - one set a process
    with _process_mutex:
        if _process_lanes is not None:
            _process_lanes.close()
            _process_lanes = None


_process_lanes: _Lanes | None = None
_process_mutex = threading.Lock()


def _lanes() -> _Lanes:
    global _process_lanes  # noqa: PLW0603 - one set a process
    if _process_lanes is None:
        with _process_mutex:
            if _process_lanes is None:
                _process_lanes = _Lanes(settings.WALLET_LANES)
    return _process_lanes


def _connect() -> psycopg.Connection[TupleRow]:
    """Open a connection with Django's own parameters (TLS included) and the wallet's shorter time-outs."""
    parameters: dict[str, Any] = django_connection.get_connection_params()
    time_outs = (
        f"-c statement_timeout={settings.WALLET_STATEMENT_TIMEOUT_MS} -c lock_timeout={settings.WALLET_LOCK_TIMEOUT_MS}"
    )
    parameters |= {
        "application_name": "wallet",
        "autocommit": True,
        "context": None,
        "cursor_factory": psycopg.Cursor,
        "options": f"{parameters.get('options', '')} {time_outs}".strip(),
    }
    return psycopg.connect(**parameters)


def _encode(calls: Sequence[WalletCall]) -> str:
    return msgspec.json.encode(calls).decode()


def _reply(row: Sequence[Any]) -> WalletReply:
    return WalletReply(row[0], Outcome(row[1]), *row[2:])
