"""The door of identity vendors: verify the raw bytes, keep them, answer. Their meaning is for the inbox."""

import time
from dataclasses import replace
from functools import partial

import structlog
from django.http import HttpResponse
from prometheus_client import Counter
from rest_framework.request import Request

from apps.core.errors import DomainError
from apps.core.request_context import note_found
from apps.integrations import inbox
from apps.integrations.connections import Connection, connection
from apps.integrations.door import VendorRequest, VendorView, received, request_record
from apps.integrations.exchange_log import ReplyRecord, masked_headers, record
from apps.integrations.models import Integration
from apps.verification.contract import IdentityAdapter, Outcome, Receipt
from apps.verification.inbox_tasks import PROCESS_EVENT, arrival_of
from apps.verification.registry import adapter_of

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 512 * 1024
UNVERIFIED = Counter(
    "casino_kyc_webhooks_unverified", "Webhooks of identity vendors that nobody signed", ["integration"]
)


class UnknownKycIntegration(DomainError):
    """No identity vendor is connected under that name."""

    code = "unknown-kyc-integration"
    title = "No such integration"
    status = 404


class KycWebhook(VendorView):
    """One webhook of an identity vendor."""

    def post(self, request: Request, slug: str) -> HttpResponse:
        """Answer in the vendor's terms: 200 once it is kept, 401 to whoever did not sign."""
        started = time.perf_counter_ns()
        found, adapter = _addressee(slug)
        call = received(request._request, found, "webhook", max_body_bytes=MAX_BODY_BYTES)  # noqa: SLF001 - Django's
        try:
            receipt = _served(adapter, call)
        except Exception:
            # Nothing is acknowledged that is not kept: the vendor takes a 500 for no answer, and repeats.
            log.exception("kyc_webhook_failed", integration=slug)
            receipt = Receipt(500, Outcome.FATAL)
        if receipt.outcome == Outcome.BAD_SIGNATURE:
            UNVERIFIED.labels(slug).inc()
            log.warning("kyc_webhook_not_verified", integration=slug, remote_address=call.remote_address)
            # Anybody can send anything here: what nobody signed is not kept.
            call = replace(call, body=b"")
        _log_exchange(call, receipt, (time.perf_counter_ns() - started) // 1000)
        return HttpResponse(receipt.body, status=receipt.status, content_type="application/json")


def _addressee(slug: str) -> tuple[Connection, IdentityAdapter]:
    found = connection(slug)
    adapter = adapter_of(found) if found is not None and found.kind == Integration.Kind.IDENTITY else None
    if found is None or adapter is None:
        raise UnknownKycIntegration(f"There is no identity integration “{slug}”.")
    return found, adapter


def _served(adapter: IdentityAdapter, call: VendorRequest) -> Receipt:
    """A kill switch does not close this door: what a vendor found out stays found out."""
    receipt = adapter.receive(call)
    if receipt.outcome != Outcome.ACCEPTED or receipt.event is None:
        return receipt
    delivery = inbox.Delivery(
        integration_id=call.connection.id,
        integration=call.connection.slug,
        exchange_id=call.id,
        body=call.body,
        headers=masked_headers(call.headers),
        remote_address=call.remote_address,
        verified_by=receipt.verified_by,
    )
    announce = partial(inbox.enqueue, task=PROCESS_EVENT)
    inbox.store(delivery=delivery, arrivals=[arrival_of(receipt.event)], announce=announce, now=call.now)
    return receipt


def _log_exchange(call: VendorRequest, receipt: Receipt, duration_us: int) -> None:
    event = receipt.event
    refs = (event.session, event.subject, event.reference, event.event_id) if event else ()
    reply = ReplyRecord(
        id=call.id,
        status=receipt.status,
        headers={"content-type": "application/json"},
        body=receipt.body,
        duration_us=duration_us,
        verb=event.word[:32] if event else "",
        outcome=receipt.outcome,
        refs=tuple(dict.fromkeys(ref for ref in refs if ref)),
    )
    note_found(integration=call.connection.slug, verb=reply.verb, outcome=reply.outcome)
    record(request_record(call, verified_by=receipt.verified_by, outcome=receipt.outcome), reply)
