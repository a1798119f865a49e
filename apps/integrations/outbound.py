"""The one way out: an HTTP call to a vendor's API, with a deadline, logged as an exchange. It never tries twice."""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import httpx2
from django.db import transaction
from django.utils import timezone

from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.core.request_context import current_request_id
from apps.integrations.call_metrics import count_call
from apps.integrations.connections import Connection, Key
from apps.integrations.exchange_log import ReplyRecord, RequestRecord, record
from apps.integrations.key_usage import note_use
from apps.integrations.masking import MASK
from apps.integrations.watch import breaker

LARGEST_ANSWER_BYTES = 4 * 2**20
_CONNECT_SECONDS = 3.0
_LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)
# Nothing of the request has left us.
_NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)


# Answers of a gateway in front of a vendor that is down.
_VENDOR_IS_DOWN = frozenset({502, 503, 504})


class VendorSwitchedOff(DomainError):
    """The integration is switched off, so nothing is sent to this vendor."""

    code = "vendor-switched-off"
    title = "The vendor is switched off"
    status = 503


class VendorUnreachable(DomainError):
    """No connection to the vendor came about: nothing was sent, so nothing happened there."""

    code = "vendor-unreachable"
    title = "The vendor cannot be reached"
    status = 502


class VendorTimeout(DomainError):
    """The request was sent, but no whole answer came: whether the vendor acted on it is unknown."""

    code = "vendor-timeout"
    title = "The vendor did not answer in time"
    status = 504


class _AnswerCutOff(Exception):
    """The answer was too slow as a whole, or too large."""


@dataclass(frozen=True, slots=True)
class VendorResponse:
    """What the vendor answered, whatever the status. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    exchange_id: UUID


def call_vendor(
    *,
    connection: Connection,
    verb: str,
    method: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout_seconds: float = 5.0,
    refs: tuple[str, ...] = (),
    player_id: int | None = None,
    round_id: int | None = None,
    signed_by: str = "",
    let_in_by: tuple[Key, ...] = (),
    path_secrets: tuple[str, ...] = (),
    largest_answer_bytes: int = LARGEST_ANSWER_BYTES,
) -> VendorResponse:
    """
    Send one request and return the answer, also when it is a refusal. Redirects are not followed.

    :param path: below the connection's base URL, with its query string
    :param timeout_seconds: for the whole call, until the last byte of the answer
    :param refs: every id by which somebody may look for this exchange
    :param signed_by: kid of the key that signed it, or that lets us in where nothing is signed
    :param let_in_by: further keys in it, a user name or a token; when they were last used is remembered
    :param path_secrets: what the log must not keep of the path, where a vendor wants his keys there
    :param largest_answer_bytes: of the answer, unpacked; a larger one counts as none
    :raises VendorSwitchedOff: the integration is off; nothing was sent
    :raises VendorUnreachable: nothing was sent, so it is safe to try again
    :raises VendorTimeout: the outcome is unknown; only an idempotent call may be tried again
    :raises RuntimeError: inside a database transaction, where nobody may wait for a vendor
    """
    _require_no_transaction()
    if connection.switch == "off":
        raise VendorSwitchedOff(f"{connection.slug} is switched off")
    if not breaker.may_send(connection.id, connection.kind, now=timezone.now()):
        raise VendorUnreachable(f"{connection.slug} has failed again and again; nothing is sent for a moment")
    request = _request(connection, method, path, body, headers, timeout_seconds)
    sent = RequestRecord(
        id=uuid7(),
        started_at=timezone.now(),
        integration_id=connection.id,
        direction="out",
        method=method,
        path=_without(str(request.url), path_secrets),
        headers=_headers(request.headers),
        body=body,
        verified_by=signed_by,
        player_id=player_id,
        round_id=round_id,
        parent_id=current_request_id(),
    )
    for key in let_in_by:
        note_use(connection.id, key.kid, sent.started_at)
    record(sent, None)
    started = time.perf_counter()
    status, answer_headers, answer, outcome, error = None, dict[str, str](), b"", "", ""
    answered = False
    try:
        status, answer_headers, answer = _send(request, timeout_seconds, largest_answer_bytes)
    except _NOT_SENT as failure:
        outcome, error = "unreachable", _description(failure)
        raise VendorUnreachable(f"{connection.slug} cannot be reached") from failure
    except (httpx2.HTTPError, _AnswerCutOff) as failure:
        outcome, error = "timeout", _description(failure)
        raise VendorTimeout(f"{connection.slug} did not answer") from failure
    else:
        answered = status not in _VENDOR_IS_DOWN
    finally:
        _tell_breaker(connection, is_up=answered)
        duration_us = int((time.perf_counter() - started) * 1_000_000)
        record(None, ReplyRecord(sent.id, status, answer_headers, answer, duration_us, verb, outcome, refs, error))
        slug = connection.slug
        count_call(integration=slug, direction="out", verb=verb, outcome=outcome, duration_us=duration_us)
    return VendorResponse(status, {name.lower(): value for name, value in answer_headers.items()}, answer, sent.id)


def _tell_breaker(connection: Connection, *, is_up: bool) -> None:
    if is_up:
        breaker.note_success(connection.id)
    else:
        breaker.note_failure(connection.id, now=timezone.now())


def _request(
    connection: Connection,
    method: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout_seconds: float,
) -> httpx2.Request:
    url = f"{connection.base_url.rstrip('/')}/{path.lstrip('/')}"
    timeout = httpx2.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds))
    try:
        return _client().build_request(method, url, content=body or None, headers=dict(headers), timeout=timeout)
    except httpx2.InvalidURL as error:
        raise VendorUnreachable(f"{connection.slug} has no usable base URL") from error


def _send(
    request: httpx2.Request, timeout_seconds: float, largest_answer_bytes: int
) -> tuple[int, dict[str, str], bytes]:
    """The client's own time-outs are for each read; a vendor that drips must not hold us longer than the whole."""
    deadline = time.monotonic() + timeout_seconds
    response = _client().send(request, stream=True, follow_redirects=False)
    try:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > largest_answer_bytes:
                raise _AnswerCutOff(f"more than {largest_answer_bytes} bytes")
            if time.monotonic() > deadline:
                raise _AnswerCutOff(f"not complete after {timeout_seconds} s")
    finally:
        response.close()
    return response.status_code, _headers(response.headers), b"".join(chunks)


def _headers(headers: httpx2.Headers) -> dict[str, str]:
    """As they are on the wire; of a header that comes several times, all values."""
    merged: dict[str, str] = {}
    for raw_name, raw_value in headers.raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        merged[name] = f"{merged[name]}, {value}" if name in merged else value
    return merged


def _without(url: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        url = url.replace(secret, MASK)
    return url


def _description(failure: Exception) -> str:
    return f"{type(failure).__name__}: {failure}"[:500]


def _require_no_transaction() -> None:
    # A test case's own transaction does not count, as for Django's durable blocks.
    if any(not getattr(block, "_from_testcase", False) for block in transaction.get_connection().atomic_blocks):
        raise RuntimeError("a vendor may not be called inside a database transaction: commit, call, record")


_http_client: httpx2.Client | None = None
_making = threading.Lock()


def _client() -> httpx2.Client:
    """One pool of connections a process. No proxies of the environment: traffic goes where it is configured to."""
    global _http_client  # noqa: PLW0603 - one a process
    if _http_client is None:
        with _making:
            if _http_client is None:
                _http_client = httpx2.Client(limits=_LIMITS, trust_env=False, headers={"User-Agent": "casino-platform"})
    return _http_client


def close_client() -> None:
    """Close the pool; the next call opens a new one."""
    global _http_client  # noqa: PLW0603 - one a process
    if _http_client is not None:
        _http_client.close()
        _http_client = None


# Kept, never closed: their sockets belong to the parent process too.
_clients_of_parents: list[httpx2.Client | None] = []


def _start_over() -> None:
    global _http_client, _making  # noqa: PLW0603 - one a process
    _clients_of_parents.append(_http_client)
    _http_client = None
    _making = threading.Lock()


os.register_at_fork(after_in_child=_start_over)
