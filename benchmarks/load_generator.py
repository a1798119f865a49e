"""
The load: a process of its own that plays prepared requests over kept-alive connections and times the answers.

Raw sockets and epoll, nothing parsed but what is needed, so that it takes little of the cores it shares with what it
measures. Run as `python -m benchmarks.load_generator`, it prints its result as JSON.
"""

import argparse
import gc
import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.bets import SignedBet, read_bets

_SILENCE_SECONDS = 15.0
"""A server that says nothing for so long is given up: what is in flight counts as unknown."""
_OK = b'"RS_OK"'
_STATUS_OK = b" 200 "


@dataclass(slots=True)
class LoadResult:
    """What one run did. Keys are the transaction ids of bets; latencies in milliseconds."""

    connections: int
    seconds: float
    answered: int
    """Answers within `seconds`; those that came after the end count in `accepted` only."""
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_share: float
    """Of one core, by this process."""
    ran_out: bool
    """There were too few requests, so the run ended early."""
    accepted: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    web_ms: float = 0.0
    """Processor time of the web server for each bet; measured from outside, like the next."""
    database_ms: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


@dataclass(slots=True, eq=False)
class _Connection:
    socket: socket.socket
    bet: SignedBet
    sent_at: float
    received: bytes = b""


class _Run:
    """One run over one list of requests."""

    def __init__(self, bets: Sequence[SignedBet], address: tuple[str, int], seconds: float) -> None:
        self._bets = iter(bets)
        self._address = address
        self._seconds = seconds
        self._selector = selectors.EpollSelector()
        self._in_flight = 0
        self._deadline = float("inf")
        self._ended_at: float | None = None
        self.accepted: list[str] = []
        self.refused: Counter[str] = Counter()
        self.unknown: list[str] = []
        self.latencies: list[float] = []
        self.finished: list[float] = []

    def play(self, connections: int) -> tuple[float, bool]:
        """Play until the time or the requests are over; return how long that was, and whether they ran out."""
        sockets = [self._connect() for _ in range(connections)]
        started_at = time.perf_counter()
        self._deadline = started_at + self._seconds
        for each in sockets:
            self._send_next(each, time.perf_counter())
        while self._in_flight:
            events = self._selector.select(_SILENCE_SECONDS)
            if not events:
                self._give_up()
            for key, _ in events:
                self._receive(key.data)
        ended_at = self._ended_at or self._deadline
        self.finished = [at for at in self.finished if at <= ended_at]
        return ended_at - started_at, self._ended_at is not None

    def _connect(self) -> socket.socket:
        opened = socket.create_connection(self._address, timeout=_SILENCE_SECONDS)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def _send_next(self, to: socket.socket, now: float) -> None:
        bet = self._next_bet(now)
        if bet is None:
            to.close()
            return
        connection = _Connection(to, bet, now)
        self._selector.register(to, selectors.EVENT_READ, connection)
        self._in_flight += 1
        to.sendall(bet.request)

    def _next_bet(self, now: float) -> SignedBet | None:
        """Take the next bet; None when the time is over, or the bets are."""
        if now >= self._deadline:
            return None
        bet = next(self._bets, None)
        if bet is None and self._ended_at is None:
            self._ended_at = now
        return bet

    def _receive(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._lose(connection)
            return
        connection.received += data
        if not _is_whole(connection.received):
            return
        now = time.perf_counter()
        self._note(connection, now)
        bet = self._next_bet(now)
        if bet is None:
            self._drop(connection)
            return
        connection.bet, connection.received, connection.sent_at = bet, b"", now
        connection.socket.sendall(bet.request)

    def _note(self, connection: _Connection, now: float) -> None:
        self.latencies.append(now - connection.sent_at)
        self.finished.append(now)
        status_line = connection.received[:32].split(b"\r\n", 1)[0]
        if _OK in connection.received and _STATUS_OK in status_line:
            self.accepted.append(connection.bet.key)
            return
        body = connection.received.partition(b"\r\n\r\n")[2]
        said = f"{status_line.decode(errors='replace')} {body[:80].decode(errors='replace')}"
        self.refused[said] += 1
        if b" 5" in status_line:
            self.unknown.append(connection.bet.key)

    def _lose(self, connection: _Connection) -> None:
        """Note a connection that was cut, whose bet may have been posted or not, and open another one."""
        self.unknown.append(connection.bet.key)
        self.refused["connection cut"] += 1
        self._drop(connection)
        self._send_next(self._connect(), time.perf_counter())

    def _drop(self, connection: _Connection) -> None:
        self._selector.unregister(connection.socket)
        connection.socket.close()
        self._in_flight -= 1

    def _give_up(self) -> None:
        for key in list(self._selector.get_map().values()):
            self.unknown.append(key.data.bet.key)
            self.refused["no answer"] += 1
            self._drop(key.data)


def play(bets: Sequence[SignedBet], *, port: int, connections: int, seconds: float) -> LoadResult:
    """
    Send the bets over so many connections for so long, each connection one at a time, and wait for the last answers.

    :raises OSError: if nothing listens on `port` of the loopback
    """
    run = _Run(bets, ("127.0.0.1", port), seconds)
    gc.collect()
    gc.disable()
    cpu_before = time.process_time()
    elapsed, ran_out = run.play(connections)
    cpu = time.process_time() - cpu_before
    gc.enable()
    latencies = sorted(run.latencies) or [0.0]
    return LoadResult(
        connections=connections,
        seconds=elapsed,
        answered=len(run.finished),
        p50_ms=_percentile(latencies, 0.50) * 1000,
        p99_ms=_percentile(latencies, 0.99) * 1000,
        max_ms=latencies[-1] * 1000,
        cpu_share=cpu / elapsed,
        ran_out=ran_out,
        accepted=run.accepted,
        refused=dict(run.refused),
        unknown=run.unknown,
    )


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _is_whole(received: bytes) -> bool:
    head, blank_line, body = received.partition(b"\r\n\r\n")
    if not blank_line:
        return False
    lower = head.lower()
    start = lower.find(b"\r\ncontent-length:")
    if start < 0:
        return body.endswith(b"0\r\n\r\n")  # chunked
    end = lower.find(b"\r\n", start + 2)
    length = lower[start + 17 : end if end > 0 else len(lower)]
    return len(body) >= int(length)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play a file of bets and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bets", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args(arguments)
    bets = list(read_bets(given.bets))
    result = play(bets, port=given.port, connections=given.connections, seconds=given.seconds)
    json.dump(asdict(result), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
