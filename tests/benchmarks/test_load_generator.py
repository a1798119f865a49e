"""The load generator counts what a server really said; a miscount would make every figure, and the proof, worthless."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from benchmarks.bets import SignedBet
from benchmarks.load_generator import play

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"status":"RS_OK"}'
REFUSED = b'HTTP/1.1 200 OK\r\ncontent-length: 31\r\n\r\n{"status":"RS_ERROR_NOT_ENOUGH"}'
FAILED = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"


def bets(count: int) -> list[SignedBet]:
    keys = [f"{number:036d}" for number in range(count)]
    return [SignedBet(key, b"POST / HTTP/1.1\r\n\r\n" + key.encode()) for key in keys]


@contextmanager
def server(answer: Callable[[socket.socket, int], bool]) -> Iterator[int]:
    """Serve until the block ends; `answer` gets the connection and the bet's number, and says whether to go on."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def talk(peer: socket.socket) -> None:
        with peer:
            while (request := peer.recv(4096)) and answer(peer, int(request[-36:])):
                pass

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=talk, args=(peer,)))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()


def says(text: bytes) -> Callable[[socket.socket, int], bool]:
    def answer(peer: socket.socket, _number: int) -> bool:
        peer.sendall(text)
        return True

    return answer


def test_each_accepted_bet_is_counted_once_under_its_own_key() -> None:
    with server(says(OK)) as port:
        result = play(bets(50), port=port, connections=4, seconds=30)
    assert sorted(result.accepted) == [bet.key for bet in bets(50)]
    assert (result.refused, result.unknown) == ({}, [])
    assert result.ran_out
    # The clock stops when the first connection finds no more bets: up to three others wait for their last answer.
    assert 47 <= result.answered <= 50


@pytest.mark.parametrize(("text", "unknown"), [(REFUSED, 0), (FAILED, 3)])
def test_only_an_ok_in_a_200_is_accepted_and_a_500_leaves_the_fate_of_the_bet_open(text: bytes, unknown: int) -> None:
    with server(says(text)) as port:
        result = play(bets(3), port=port, connections=1, seconds=30)
    assert result.accepted == []
    assert sum(result.refused.values()) == 3
    assert len(result.unknown) == unknown


def test_a_cut_connection_leaves_one_bet_unknown_and_the_load_goes_on() -> None:
    def cut_the_second(peer: socket.socket, number: int) -> bool:
        if number == 1:
            return False
        peer.sendall(OK)
        return True

    with server(cut_the_second) as port:
        result = play(bets(5), port=port, connections=1, seconds=30)
    assert result.unknown == [bets(2)[1].key]
    assert len(result.accepted) == 4
    assert result.refused == {"connection cut": 1}


def test_an_answer_in_pieces_and_a_chunked_one_are_read_to_their_end() -> None:
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{"status":"RS_OK"}\r\n0\r\n\r\n'

    def in_pieces(peer: socket.socket, number: int) -> bool:
        text = chunked if number % 2 else OK
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(text), 20):
            peer.sendall(text[start : start + 20])
        return True

    with server(in_pieces) as port:
        result = play(bets(6), port=port, connections=1, seconds=30)
    assert len(result.accepted) == 6


def test_a_run_ends_with_its_time_and_not_with_its_bets() -> None:
    with server(says(OK)) as port:
        result = play(bets(100_000), port=port, connections=2, seconds=0.2)
    assert not result.ran_out
    assert result.seconds == pytest.approx(0.2, abs=0.02)
    assert 0 < result.answered <= len(result.accepted) < 100_000
