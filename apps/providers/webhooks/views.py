"""The door of game providers: the raw request in, one adapter call, the vendor's own answer out, both logged."""

import time
from datetime import UTC, datetime
from typing import cast

import structlog
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from apps.core import clock
from apps.core.client_address import client_address
from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.core.request_context import current_request_id
from apps.integrations.connections import Connection, connection
from apps.integrations.door import VendorView, headers_of
from apps.integrations.exchange_log import ReplyRecord, RequestRecord, masked_headers, record
from apps.integrations.key_usage import note_use
from apps.integrations.models import Integration
from apps.providers.contract import Outcome, ProviderAdapter, WalletAnswer, WalletRequest
from apps.providers.registry import ADAPTERS

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 64 * 1024


class UnknownIntegration(DomainError):
    """No integration of that name, or no such call in its protocol."""

    code = "unknown-integration"
    title = "No such integration or call"
    status = 404


class BodyTooLarge(DomainError):
    """No wallet call needs so much."""

    code = "body-too-large"
    title = "The request body is too large"
    status = 413


class ProviderCall(VendorView):
    """One call of a game provider."""

    def post(self, request: Request, slug: str, path: str) -> HttpResponse:
        """Answer in the vendor's protocol; a problem document only where no protocol is spoken."""
        started = time.perf_counter_ns()
        http = request._request  # noqa: SLF001 - DRF's name for the request as Django got it
        found, adapter = _addressee(slug, path)
        wallet_request = _wallet_request(http, found, path)
        try:
            answer = adapter.answer(wallet_request)
        except Exception:
            # Money may have moved: never a 4xx. The vendor takes a 500 as unknown and asks or rolls back.
            log.exception("adapter_failed", integration=slug, path=path)
            answer = WalletAnswer(500, b"", Outcome.FATAL, verb=path)
        _log_exchange(wallet_request, answer, (time.perf_counter_ns() - started) // 1000)
        headers = {"Content-Length": str(len(answer.body)), **answer.headers}
        return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type, headers=headers)


def _addressee(slug: str, path: str) -> tuple[Connection, ProviderAdapter]:
    found = connection(slug)
    if found is None or found.kind != Integration.Kind.GAMES or found.vendor not in ADAPTERS:
        raise UnknownIntegration(f"There is no game integration “{slug}”.")
    adapter = ADAPTERS[found.vendor]
    if not adapter.knows(path):
        raise UnknownIntegration(f"{found.vendor} has no call “/{path}”.")
    return found, adapter


def _wallet_request(http: HttpRequest, found: Connection, path: str) -> WalletRequest:
    body = http.body
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"At most {MAX_BODY_BYTES} bytes.")
    return WalletRequest(
        id=current_request_id() or uuid7(),
        connection=found,
        method=cast("str", http.method),
        path=path,
        full_path=http.path,
        headers=headers_of(http),
        body=body,
        remote_address=client_address(http),
        started_at=datetime.now(UTC),
        now=clock.now(),
    )


def _log_exchange(request: WalletRequest, answer: WalletAnswer, duration_us: int) -> None:
    logged = None
    if answer.request_logged:
        note_use(request.connection.id, answer.verified_by, request.started_at)
    else:
        logged = RequestRecord(
            id=request.id,
            started_at=request.started_at,
            integration_id=request.connection.id,
            direction="in",
            method=request.method,
            path=request.full_path,
            headers=masked_headers(request.headers),
            body=request.body,
            remote_address=request.remote_address,
            verified_by=answer.verified_by,
            outcome=answer.outcome,
            player_id=answer.player_id,
            round_id=answer.round_id,
            transaction_id=answer.transaction_id,
        )
    reply = ReplyRecord(
        id=request.id,
        status=answer.status,
        headers={"content-type": answer.content_type},
        body=answer.body,
        duration_us=duration_us,
        verb=answer.verb,
        outcome=answer.outcome,
        refs=answer.refs,
    )
    record(logged, reply)
