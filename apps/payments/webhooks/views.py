"""The door of payment providers: the raw request in, its events into the inbox, the vendor's own answer out."""

import time

import structlog
from django.http import HttpResponse
from rest_framework.request import Request

from apps.core.errors import DomainError
from apps.core.problems import DATABASE_AWAY, RETRY_AFTER_SECONDS
from apps.core.request_context import note_found
from apps.integrations import inbox
from apps.integrations.call_metrics import count_call
from apps.integrations.connections import Connection, connection
from apps.integrations.door import VendorRequest, VendorView, received, request_record
from apps.integrations.exchange_log import ReplyRecord, masked_headers, record
from apps.integrations.models import Integration
from apps.payments.cashier import PlatformCashier
from apps.payments.cashier_contract import CallAdapter
from apps.payments.contract import CallbackReceipt, EventAdapter, Outcome, PspAdapter
from apps.payments.inbox_tasks import announce, arrival_of
from apps.payments.registry import adapter_of

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 512 * 1024


class UnknownPspIntegration(DomainError):
    """No payment integration of that name, or no such call in its protocol."""

    code = "unknown-psp-integration"
    title = "No such integration or call"
    status = 404


class PspCall(VendorView):
    """
    One call of a payment provider.

    What an event means is worked out later, from the inbox; only a calling cashier is served at once.
    """

    def post(self, request: Request, slug: str, path: str) -> HttpResponse:
        """Answer in the vendor's protocol; a problem document only where no protocol is spoken."""
        started = time.perf_counter_ns()
        found, adapter = _addressee(slug, path)
        callback = received(request._request, found, path, max_body_bytes=MAX_BODY_BYTES)  # noqa: SLF001 - Django's
        try:
            receipt = _served(adapter, callback)
        except DATABASE_AWAY:
            log.warning("psp_call_without_database", integration=slug, path=path, exc_info=True)
            receipt = CallbackReceipt(503, b"", Outcome.FATAL, verb=path, headers={"Retry-After": RETRY_AFTER_SECONDS})
        except Exception:
            # Nothing is acknowledged that is not kept: the provider takes a 500 for no answer, and repeats.
            log.exception("psp_call_failed", integration=slug, path=path)
            receipt = CallbackReceipt(500, b"", Outcome.FATAL, verb=path)
        if receipt.outcome == Outcome.BAD_SIGNATURE:
            log.warning("psp_call_not_verified", integration=slug, path=path, remote_address=callback.remote_address)
        _log_exchange(callback, receipt, (time.perf_counter_ns() - started) // 1000)
        headers = {"Content-Length": str(len(receipt.body)), **receipt.headers}
        return HttpResponse(receipt.body, status=receipt.status, content_type=receipt.content_type, headers=headers)


def _addressee(slug: str, path: str) -> tuple[Connection, PspAdapter]:
    found = connection(slug)
    adapter = adapter_of(found) if found is not None and found.kind == Integration.Kind.PAYMENTS else None
    if found is None or adapter is None:
        raise UnknownPspIntegration(f"There is no payment integration “{slug}”.")
    if not adapter.knows(path):
        raise UnknownPspIntegration(f"{found.vendor} has no call “/{path}”.")
    return found, adapter


def _served(adapter: PspAdapter, callback: VendorRequest) -> CallbackReceipt:
    """
    Keep what an event-style provider tells us, or answer a calling cashier.

    A kill switch does not close this door: what a provider says has happened, has happened.
    """
    if isinstance(adapter, CallAdapter):
        return adapter.answer(callback, PlatformCashier(callback.connection))
    assert isinstance(adapter, EventAdapter)  # noqa: S101 - there is no third kind
    receipt = adapter.receive(callback)
    if receipt.outcome != Outcome.ACCEPTED:
        return receipt
    delivery = inbox.Delivery(
        integration_id=callback.connection.id,
        integration=callback.connection.slug,
        exchange_id=callback.id,
        body=callback.body,
        headers=masked_headers(callback.headers),
        remote_address=callback.remote_address,
        verified_by=receipt.verified_by,
    )
    inbox.store(delivery=delivery, arrivals=map(arrival_of, receipt.events), announce=announce, now=callback.now)
    return receipt


def _log_exchange(callback: VendorRequest, receipt: CallbackReceipt, duration_us: int) -> None:
    request = request_record(
        callback, verified_by=receipt.verified_by, outcome=receipt.outcome, player_id=receipt.player_id
    )
    # Not in the row's own column: this log commits by itself, the posting names the request from its side.
    posted = () if receipt.transaction_id is None else (str(receipt.transaction_id),)
    reply = ReplyRecord(
        id=callback.id,
        status=receipt.status,
        headers={"content-type": receipt.content_type},
        body=receipt.body,
        duration_us=duration_us,
        verb=receipt.verb[:32],
        outcome=receipt.outcome,
        refs=(*receipt.refs, *posted),
    )
    record(request, reply)
    slug = callback.connection.slug
    note_found(integration=slug, verb=reply.verb, outcome=reply.outcome, transaction=next(iter(posted), None))
    count_call(integration=slug, direction="in", verb=reply.verb, outcome=reply.outcome, duration_us=duration_us)
