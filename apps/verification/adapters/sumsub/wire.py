"""Sumsub's webhooks and applicants as they stand in JSON, and what their words mean."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from apps.verification.adapters.reading import instant_of, milliseconds_of, node_of, read_object, text_of, texts_of
from apps.verification.contract import Decision, FoundPerson, IdentityEvent, VendorState

DIGEST_HEADER = "x-payload-digest"
ALGORITHM_HEADER = "x-payload-digest-alg"
DEFAULT_ALGORITHM = "HMAC_SHA256_HEX"
ALGORITHMS: Mapping[str, str] = MappingProxyType(
    {"HMAC_SHA1_HEX": "sha1", "HMAC_SHA256_HEX": "sha256", "HMAC_SHA512_HEX": "sha512"}
)

REVIEW_STATUS: Mapping[str, Decision] = MappingProxyType(
    {
        "init": Decision.PENDING,
        "pending": Decision.PENDING,
        "queued": Decision.PENDING,
        "prechecked": Decision.PENDING,
        "onHold": Decision.REVIEW,
    }
)
"""`completed` is decided by the answer; what is not here is `review`, never `approved`."""
ANSWERS: Mapping[tuple[str, str], Decision] = MappingProxyType(
    {("GREEN", ""): Decision.APPROVED, ("RED", "RETRY"): Decision.RETRY, ("RED", "FINAL"): Decision.REJECTED}
)
# Known, and of no consequence to the decision.
INFORMATION = frozenset(
    {"applicantCreated", "applicantActivated", "applicantDeactivated", "applicantPersonalInfoChanged"}
)
DECIDING = frozenset(
    {"applicantReviewed", "applicantPending", "applicantOnHold", "applicantReset", "applicantDeleted",
     "applicantPrechecked", "applicantAwaitingUser", "applicantAwaitingService", "applicantWorkflowCompleted"}
)  # fmt: skip


def decision_of(status: str, result: Mapping[str, Any]) -> Decision:
    """What a review's status and answer mean together."""
    if status != "completed":
        return REVIEW_STATUS.get(status, Decision.REVIEW)
    answer, kind = text_of(result, "reviewAnswer"), text_of(result, "reviewRejectType")
    # A green answer has no reject type; whatever stands there does not make it less green.
    return ANSWERS.get((answer, "" if answer == "GREEN" else kind), Decision.REVIEW)


def event_of(body: bytes) -> IdentityEvent:
    """
    Translate a verified webhook.

    `correlationId` is not known to be unique: the raw body is what a repetition has in common.

    :raises ValueError: if it has not the shape of one
    """
    event = read_object(body)
    word, applicant = text_of(event, "type", 64), text_of(event, "applicantId", 120)
    if not word or not applicant:
        raise ValueError("type, applicantId")
    sandbox = event.get("sandboxMode")
    return IdentityEvent(
        event_id=hashlib.sha256(body).hexdigest(),
        word=word,
        session=applicant,
        subject=applicant,
        reference=text_of(event, "externalUserId", 120),
        decision=None if word in INFORMATION else _decision(word, event),
        occurred_at=milliseconds_of(event.get("createdAtMs"))
        or instant_of(text_of(event, "createdAtMs").replace(" ", "T") + "+00:00"),
        is_test=sandbox if isinstance(sandbox, bool) else None,
    )


def state_of(status: Mapping[str, Any], applicant: Mapping[str, Any]) -> VendorState:
    """Translate an applicant and the status of its review, as the API shows them."""
    result, word = node_of(status, "reviewResult"), text_of(status, "reviewStatus", 64)
    labels = texts_of(result, "rejectLabels")
    reviewed = text_of(status, "reviewDate")
    notes = [text_of(result, "clientComment"), ", ".join(labels)]
    return VendorState(
        found=True,
        decision=decision_of(word, result),
        subject=text_of(applicant, "id", 120),
        reference=text_of(applicant, "externalUserId", 120),
        word=" ".join(filter(None, [word, text_of(result, "reviewAnswer"), text_of(result, "reviewRejectType")]))[:64],
        # "2026-11-25 10:00:00+0000" in their manual, ISO 8601 in their examples.
        decided_at=instant_of(reviewed.replace(" ", "T").replace("+0000", "+00:00")),
        # moderationComment is written for the applicant; clientComment is for staff, and never shown to him.
        player_note=text_of(result, "moderationComment", 500),
        staff_note="; ".join(filter(None, notes)),
        labels=labels,
        person=_person(applicant),
        is_test=applicant.get("sandboxMode") if isinstance(applicant.get("sandboxMode"), bool) else None,
    )


def _decision(word: str, event: Mapping[str, Any]) -> Decision:
    if word not in DECIDING:
        return Decision.REVIEW
    if word == "applicantReset":
        return Decision.PENDING
    if word == "applicantDeleted":
        return Decision.ABANDONED
    if word == "applicantOnHold":
        return Decision.REVIEW
    return decision_of(text_of(event, "reviewStatus"), node_of(event, "reviewResult"))


def _person(applicant: Mapping[str, Any]) -> FoundPerson:
    info = node_of(applicant, "info")
    documents = info.get("idDocs")
    document = next((each for each in documents if isinstance(each, dict)), {}) if isinstance(documents, list) else {}
    addresses = info.get("addresses")
    address = next((each for each in addresses if isinstance(each, dict)), {}) if isinstance(addresses, list) else {}
    return FoundPerson(
        first_name=text_of(info, "firstName", 120) or text_of(info, "firstNameEn", 120),
        last_name=text_of(info, "lastName", 120) or text_of(info, "lastNameEn", 120),
        birth_date=text_of(info, "dob", 10),
        country=text_of(info, "country", 3) or text_of(info, "nationality", 3),
        document_type=text_of(document, "idDocType", 40),
        document_country=text_of(document, "country", 3),
        document_valid_to=text_of(document, "validUntil", 10),
        address=text_of(address, "formattedAddress", 300),
    )
