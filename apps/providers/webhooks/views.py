"""The door of game providers: the raw request in, one adapter call, the vendor's own answer out, both logged."""

import time
from typing import cast

import structlog
from django.http import HttpResponse
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request

from apps.core.errors import DomainError
from apps.core.problems import DATABASE_AWAY, RETRY_AFTER_SECONDS
from apps.core.request_context import note_found
from apps.integrations.call_metrics import count_call
from apps.integrations.connections import Connection, connection
from apps.integrations.door import VendorRequest, VendorView, received, request_record
from apps.integrations.exchange_log import ReplyRecord, record
from apps.integrations.key_usage import note_use
from apps.integrations.models import Integration
from apps.providers.contract import Outcome, ProviderAdapter, WalletAnswer
from apps.providers.registry import adapter_of

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 64 * 1024


class UnknownIntegration(DomainError):
    """No integration of that name, or no such call in its protocol."""

    code = "unknown-integration"
    title = "No such integration or call"
    status = 404


class ProviderCall(VendorView):
    """One call of a game provider."""

    http_method_names = ("get", "post", "put", "delete")

    def post(self, request: Request, slug: str, path: str) -> HttpResponse:
        """Answer in the vendor's protocol; a problem document only where no protocol is spoken."""
        started = time.perf_counter_ns()
        found, adapter = _addressee(slug, path, cast("str", request.method))
        wallet_request = received(request._request, found, path, max_body_bytes=MAX_BODY_BYTES)  # noqa: SLF001 - Django's
        try:
            answer = adapter.answer(wallet_request)
        except DATABASE_AWAY:
            # As good as no answer, but the vendor need not wait for his time-out to try again.
            log.warning("adapter_without_database", integration=slug, path=path, exc_info=True)
            answer = WalletAnswer(503, b"", Outcome.RETRYABLE, verb=path, headers={"Retry-After": RETRY_AFTER_SECONDS})
        except Exception:
            # Money may have moved: never a 4xx. The vendor takes a 500 as unknown and asks or rolls back.
            log.exception("adapter_failed", integration=slug, path=path)
            answer = WalletAnswer(500, b"", Outcome.FATAL, verb=path)
        _log_exchange(wallet_request, answer, (time.perf_counter_ns() - started) // 1000)
        headers = {"Content-Length": str(len(answer.body)), **answer.headers}
        return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type, headers=headers)

    get = put = delete = post


def _addressee(slug: str, path: str, method: str) -> tuple[Connection, ProviderAdapter]:
    found = connection(slug)
    adapter = adapter_of(found.vendor) if found is not None and found.kind == Integration.Kind.GAMES else None
    if found is None or adapter is None:
        raise UnknownIntegration(f"There is no game integration “{slug}”.")
    methods = adapter.methods(path)
    if not methods:
        raise UnknownIntegration(f"{found.vendor} has no call “/{path}”.")
    if method not in methods:
        raise MethodNotAllowed(method)
    return found, adapter


def _counted_as(answer: WalletAnswer) -> str:
    """The outcome, or that it is one of before: health, metrics and the rule `repeats` tell repetitions apart."""
    return "replayed" if answer.replayed and answer.outcome is Outcome.APPLIED else answer.outcome


def _log_exchange(request: VendorRequest, answer: WalletAnswer, duration_us: int) -> None:
    logged = None
    if answer.request_logged:
        note_use(request.connection.id, answer.verified_by, request.started_at)
    else:
        logged = request_record(
            request,
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
        outcome=_counted_as(answer),
        refs=answer.refs,
    )
    record(logged, reply)
    slug = request.connection.slug
    transaction = str(answer.transaction_id) if answer.transaction_id else None
    note_found(integration=slug, verb=reply.verb, outcome=reply.outcome, transaction=transaction)
    count_call(integration=slug, direction="in", verb=reply.verb, outcome=reply.outcome, duration_us=duration_us)
