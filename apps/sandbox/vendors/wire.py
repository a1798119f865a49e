"""The line to the platform: one HTTP client for all simulated vendors, and what counts as no answer."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

TIMEOUT_SECONDS = 5.0
# Too short for any answer: the request is on its way when we hang up.
HANG_UP_SECONDS = 0.002

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


def exchange(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes, timeout_seconds: float = TIMEOUT_SECONDS
) -> httpx2.Response:
    """
    Send one request and return what is answered.

    :raises NoAnswer: if nothing is, in time
    """
    timeout = httpx2.Timeout(TIMEOUT_SECONDS, read=timeout_seconds)
    try:
        return _client().request(method, url, content=body or None, headers=dict(headers), timeout=timeout)
    except httpx2.TransportError as error:
        raise NoAnswer(type(error).__name__) from error
