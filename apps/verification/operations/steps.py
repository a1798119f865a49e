"""Locking a verification, and writing down each step it takes."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.integrations.outbox import record_fact
from apps.verification.models import Verification, VerificationStep

CHANGED = (
    "state", "decided_at", "changed_at", "player_reason", "player_note", "staff_reason", "staff_note", "labels",
    "found",
    "next_poll_at", "session_url", "session_expires_at", "vendor_subject", "vendor_session", "polls", "attempts",
)  # fmt: skip


class VerificationUnknown(DomainError):
    """There is no such verification, or it is somebody else's."""

    code = "verification-unknown"
    title = "Unknown verification"
    status = 404


def lock_verification(verification_id: int) -> Verification:
    """Take a verification's row until the transaction ends. Verifications are locked before players, by everybody."""
    found = Verification.objects.select_for_update(no_key=True, of=("self",)).filter(pk=verification_id).first()
    if found is None:
        raise VerificationUnknown
    return found


def save_step(
    verification: Verification,
    name: str,
    *,
    before: str,
    now: datetime,
    event_id: str = "",
    actor: User | None = None,
    **details: Any,
) -> None:
    """Save what a transition set, write the step, and tell the outbox when the state is another one."""
    verification.save(update_fields=CHANGED)
    VerificationStep.objects.create(
        verification=verification,
        name=name,
        from_state=before,
        to_state=verification.state,
        event_id=event_id,
        details=details,
        actor=actor,
        request_id=current_request_id(),
        at=now,
    )
    if verification.state != before:
        record_fact(
            kind=f"verification.{verification.state}",
            brand_code=verification.brand.code,
            player_id=verification.player_id,
            subject=str(verification.public_id),
            data={"level": verification.level, "was": before, "trigger": verification.trigger},
            now=now,
        )
