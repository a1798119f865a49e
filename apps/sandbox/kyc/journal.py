"""The books of the simulated identity vendors: people, sessions, what is to be told, and the telling."""

import threading
import uuid
from datetime import timedelta
from typing import Any

import httpx2
import structlog
from django.db import DatabaseError, close_old_connections, transaction
from django.utils import timezone

from apps.sandbox.kyc.protocols import PROTOCOLS, written
from apps.sandbox.kyc_models import SimulatedApplicant, SimulatedKycSession, SimulatedKycVendor, SimulatedKycWebhook

log = structlog.get_logger(__name__)

_TIMEOUT_SECONDS = 10.0
_REPEAT_AFTER = (2, 5, 15, 60, 300, 900)
_LONGEST_TEXT = 300


@transaction.atomic
def make_applicant(vendor: SimulatedKycVendor, *, person: dict[str, Any], reference: str = "") -> SimulatedApplicant:
    """Enter a person."""
    return SimulatedApplicant.objects.create(
        vendor=vendor, applicant_id=str(uuid.uuid4()), reference=reference, person=person
    )


@transaction.atomic
def make_session(
    applicant: SimulatedApplicant, *, session_id: str = "", reference: str, level: str, return_url: str = ""
) -> SimulatedKycSession:
    """Open an attempt."""
    return SimulatedKycSession.objects.create(
        applicant=applicant,
        session_id=session_id or str(uuid.uuid4()),
        reference=reference,
        level=level,
        return_url=return_url,
    )


@transaction.atomic
def decide(session: SimulatedKycSession, outcome: str, *, shown: dict[str, Any] | None = None) -> None:
    """Let the vendor have come to a conclusion, perhaps another one than before, and plan what is told of it."""
    session.outcome, session.shown, session.decided_at = outcome, shown or {}, timezone.now()
    session.save(update_fields=["outcome", "shown", "decided_at"])
    vendor = session.applicant.vendor
    words = list(PROTOCOLS[vendor.slug].story)
    if vendor.telling == SimulatedKycVendor.Telling.NEVER:
        return
    now = timezone.now()
    # What is told later happened later, whichever arrives first.
    bodies = [(word, written(session, word, now + timedelta(milliseconds=place))) for place, word in enumerate(words)]
    if vendor.telling == SimulatedKycVendor.Telling.REVERSED:
        bodies.reverse()
    for word, body in bodies:
        SimulatedKycWebhook.objects.create(session=session, word=word, body=body, due_at=now)


def tell_due(*, session: SimulatedKycSession | None = None, limit: int = 50) -> int:
    """Send what is due, of one session or of all; returns how many were acknowledged."""
    due = SimulatedKycWebhook.objects.filter(acknowledged_at=None, due_at__lte=timezone.now())
    due = due.filter(attempts__lte=len(_REPEAT_AFTER))
    if session is not None:
        due = due.filter(session=session)
    rows = list(due.select_related("session__applicant__vendor").order_by("pk")[:limit])
    with httpx2.Client(trust_env=False, timeout=_TIMEOUT_SECONDS) as client:
        return sum(_tell(client, row) for row in rows)


def tell_until(stop: threading.Event, *, pause_seconds: float = 1.0) -> None:
    """Go on telling until stopped; the body of a thread."""
    while not stop.wait(pause_seconds):
        try:
            tell_due()
        except DatabaseError:
            log.warning("simulated_kyc_database_error", exc_info=True)
        finally:
            close_old_connections()


def _tell(client: httpx2.Client, webhook: SimulatedKycWebhook) -> bool:
    vendor = webhook.session.applicant.vendor
    body = webhook.body.encode()
    headers = {"Content-Type": "application/json", **PROTOCOLS[vendor.slug].headers(vendor, body)}
    url = f"{vendor.platform_url}/webhook"
    acknowledged, answer = False, ""
    try:
        if vendor.telling == SimulatedKycVendor.Telling.TAMPERED:
            # Signed for another body: the platform has to refuse it.
            client.post(
                url, content=body.replace(b"declined", b"approved").replace(b"RED", b"GREEN") + b" ", headers=headers
            )
        for _ in range(2 if vendor.telling == SimulatedKycVendor.Telling.TWICE else 1):
            response = client.post(url, content=body, headers=headers)
            acknowledged = response.status_code in range(200, 300)
            answer = f"HTTP {response.status_code} {response.text}"
    except httpx2.HTTPError as error:
        answer = type(error).__name__
    webhook.attempts += 1
    webhook.answer = answer[:_LONGEST_TEXT]
    if acknowledged:
        webhook.acknowledged_at = timezone.now()
    else:
        pause = _REPEAT_AFTER[min(webhook.attempts, len(_REPEAT_AFTER)) - 1]
        webhook.due_at = timezone.now() + timedelta(seconds=pause)
    webhook.save(update_fields=["attempts", "answer", "acknowledged_at", "due_at"])
    return acknowledged
