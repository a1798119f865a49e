"""Onfido's webhooks and workflow runs as they stand in JSON, and what their words mean. API v3.6."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from apps.verification.adapters.reading import instant_of, node_of, read_object, text_of, texts_of
from apps.verification.contract import Decision, FoundPerson, IdentityEvent, VendorState

SIGNATURE_HEADER = "x-sha2-signature"

RUN_STATUS: Mapping[str, Decision] = MappingProxyType(
    {
        "processing": Decision.PENDING,
        "awaiting_input": Decision.PENDING,
        "awaiting_client_input": Decision.PENDING,
        "approved": Decision.APPROVED,
        "declined": Decision.REJECTED,
        "review": Decision.REVIEW,
        "abandoned": Decision.ABANDONED,
        "error": Decision.RETRY,
    }
)
"""What is not here is `review`, never `approved`."""

RUN_COMPLETED = "workflow_run.completed"
# Known, and of no consequence: the result of a task or a check is not the decision of its run.
INFORMATION = frozenset(
    {
        "workflow_task.started", "workflow_task.completed", "check.started", "check.reopened", "check.withdrawn",
        "check.completed", "check.form_completed", "report.withdrawn", "report.resumed", "report.cancelled",
        "report.awaiting_approval", "report.completed", "watchlist_monitor.matches_updated",
    }
)  # fmt: skip


def decision_of(status: str) -> Decision:
    """What a run's status means."""
    return RUN_STATUS.get(status, Decision.REVIEW)


def event_of(body: bytes) -> IdentityEvent:
    """
    Translate a verified webhook.

    Onfido gives events no id: the raw body is what a repetition has in common.

    :raises ValueError: if it has not the shape of one
    """
    payload = node_of(read_object(body), "payload")
    action, thing, resource = text_of(payload, "action", 64), node_of(payload, "object"), node_of(payload, "resource")
    if not action or not text_of(thing, "id"):
        raise ValueError("payload.action, payload.object.id")
    is_run = text_of(payload, "resource_type") == "workflow_run"
    session = text_of(thing, "id", 120) if is_run else text_of(thing, "workflow_run_id", 120)
    decides = is_run and action == RUN_COMPLETED
    return IdentityEvent(
        event_id=hashlib.sha256(body).hexdigest(),
        word=action,
        session=session,
        subject=text_of(resource, "applicant_id", 120) if is_run else "",
        reference=text_of(resource, "customer_user_id", 120) if is_run else "",
        decision=decision_of(text_of(thing, "status")) if decides else None,
        occurred_at=instant_of(text_of(thing, "completed_at_iso8601")),
    )


def state_of(run: Mapping[str, Any]) -> VendorState:
    """Translate a workflow run as the API shows it."""
    status, error = text_of(run, "status", 64), node_of(run, "error")
    reasons = texts_of(run, "reasons")
    notes = [f"run {status}", *reasons, *filter(None, [text_of(error, "message")])]
    return VendorState(
        found=True,
        decision=decision_of(status),
        subject=text_of(run, "applicant_id", 120),
        reference=text_of(run, "customer_user_id", 120),
        word=status,
        decided_at=instant_of(text_of(run, "updated_at")),
        # Onfido has no words for the player: everything it says is for staff.
        staff_note="; ".join(notes),
        labels=reasons,
        person=_person(node_of(run, "output")),
    )


def _person(output: Mapping[str, Any]) -> FoundPerson:
    """What the workflow was built to output; the usual names of document properties are understood."""
    return FoundPerson(
        first_name=text_of(output, "first_name", 120),
        last_name=text_of(output, "last_name", 120),
        birth_date=text_of(output, "date_of_birth", 10) or text_of(output, "dob", 10),
        country=text_of(output, "nationality", 3),
        document_type=text_of(output, "document_type", 40),
        document_country=text_of(output, "issuing_country", 3),
        document_valid_to=text_of(output, "date_of_expiry", 10),
        address=text_of(output, "address", 300),
    )
