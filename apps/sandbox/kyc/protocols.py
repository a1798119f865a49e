"""How the simulated identity vendors sign and word what they tell, and how their APIs show a session."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from apps.sandbox.kyc_models import SimulatedKycSession, SimulatedKycVendor


@dataclass(frozen=True, slots=True)
class KycProtocol:
    """One vendor's protocol, from the vendor's side."""

    title: str
    story: tuple[str, ...]
    """Words told when a session is decided, in order."""
    body: Callable[[SimulatedKycSession, str, datetime], dict[str, Any]]
    headers: Callable[[SimulatedKycVendor, bytes], dict[str, str]]


# --- Onfido

_RUN_STATUS = {
    "": "awaiting_input", "approved": "approved", "retry": "error", "rejected": "declined", "review": "review",
    "abandoned": "abandoned",
}  # fmt: skip


def onfido_run(session: SimulatedKycSession) -> dict[str, Any]:
    """A workflow run as the API shows it."""
    person = {**session.applicant.person, **session.shown}
    output = {
        "first_name": person.get("first_name", ""),
        "last_name": person.get("last_name", ""),
        "date_of_birth": person.get("dob", ""),
        "document_type": "passport",
        "issuing_country": "MLT",
        "date_of_expiry": person.get("valid_to", "2035-01-01"),
    }
    return {
        "id": session.session_id,
        "applicant_id": session.applicant.applicant_id,
        "workflow_id": session.level,
        "customer_user_id": session.reference,
        "status": _RUN_STATUS[session.outcome],
        "output": output if session.outcome == "approved" else None,
        "reasons": ["document_quality"] if session.outcome in ("retry", "rejected") else [],
        "error": {"type": "document", "message": "unreadable"} if session.outcome == "retry" else None,
        "created_at": session.opened_at.isoformat(),
        "updated_at": (session.decided_at or session.opened_at).isoformat(),
    }


def _onfido_body(session: SimulatedKycSession, word: str, at: datetime) -> dict[str, Any]:
    run = onfido_run(session)
    if word.startswith("workflow_task"):
        thing = {"id": "document_check_1", "workflow_run_id": session.session_id, "status": word.rpartition(".")[2]}
        return {"payload": {"resource_type": "workflow_task", "action": word, "object": thing, "resource": {}}}
    thing = {
        "id": session.session_id,
        "status": run["status"],
        "completed_at_iso8601": at.isoformat().replace("+00:00", "Z"),
        "href": f"https://api.example/v3.6/workflow_runs/{session.session_id}",
    }
    return {"payload": {"resource_type": "workflow_run", "action": word, "object": thing, "resource": run}}


def _onfido_headers(vendor: SimulatedKycVendor, body: bytes) -> dict[str, str]:
    digest = hmac.new(str(vendor.secrets["webhook_token"]).encode(), body, hashlib.sha256).hexdigest()
    return {"X-SHA2-Signature": digest}


# --- Sumsub

_HASHES = {"HMAC_SHA1_HEX": hashlib.sha1, "HMAC_SHA256_HEX": hashlib.sha256, "HMAC_SHA512_HEX": hashlib.sha512}


def sumsub_review(session: SimulatedKycSession) -> dict[str, Any]:
    """A review's status and result as API and webhooks show them."""
    if session.outcome in ("", "abandoned"):
        return {"reviewStatus": "init"}
    if session.outcome == "review":
        return {"reviewStatus": "onHold"}
    if session.outcome == "approved":
        return {"reviewStatus": "completed", "reviewResult": {"reviewAnswer": "GREEN"}}
    result = {
        "reviewAnswer": "RED",
        "reviewRejectType": "RETRY" if session.outcome == "retry" else "FINAL",
        "rejectLabels": ["UNSATISFACTORY_PHOTOS"] if session.outcome == "retry" else ["FORGERY"],
        "moderationComment": "Please take the picture again, in good light." if session.outcome == "retry" else "",
        "clientComment": "STAFF ONLY: screen of another device photographed",
    }
    return {"reviewStatus": "completed", "reviewResult": result}


def sumsub_applicant(session: SimulatedKycSession) -> dict[str, Any]:
    """An applicant as the API shows it."""
    person = {**session.applicant.person, **session.shown}
    document = {"idDocType": "PASSPORT", "country": "MLT", "validUntil": person.get("valid_to", "2035-01-01")}
    info = {name: person.get(name, "") for name in ("firstName", "lastName", "dob")} | {"idDocs": [document]}
    return {
        "id": session.applicant.applicant_id,
        "externalUserId": session.reference,
        "sandboxMode": True,
        "info": info if session.outcome == "approved" else {},
        "fixedInfo": session.applicant.person,
        "review": sumsub_review(session),
    }


def _sumsub_body(session: SimulatedKycSession, word: str, at: datetime) -> dict[str, Any]:
    review = {"reviewStatus": "pending"} if word == "applicantPending" else sumsub_review(session)
    is_held = word == "applicantReviewed" and session.outcome == "review"
    return {
        "applicantId": session.applicant.applicant_id,
        "inspectionId": session.applicant.applicant_id[::-1],
        "applicantType": "individual",
        "correlationId": f"req-{session.pk}",
        "levelName": session.level,
        "sandboxMode": True,
        "externalUserId": session.reference,
        "type": "applicantOnHold" if is_held else word,
        "createdAtMs": str(int(at.timestamp() * 1000)),
        **review,
    }


def _sumsub_headers(vendor: SimulatedKycVendor, body: bytes) -> dict[str, str]:
    algorithm = str(vendor.secrets["webhook_algorithm"])
    digest = hmac.new(str(vendor.secrets["webhook_secret"]).encode(), body, _HASHES[algorithm]).hexdigest()
    return {"X-Payload-Digest": digest, "X-Payload-Digest-Alg": algorithm}


PROTOCOLS: Mapping[str, KycProtocol] = MappingProxyType(
    {
        "onfido": KycProtocol(
            "Onfido", ("workflow_task.started", "workflow_task.completed", "workflow_run.completed"), _onfido_body,
            _onfido_headers,
        ),
        "sumsub": KycProtocol("Sumsub", ("applicantPending", "applicantReviewed"), _sumsub_body, _sumsub_headers),
    }
)  # fmt: skip


def written(session: SimulatedKycSession, word: str, at: datetime) -> str:
    """One webhook, as it will be signed and sent."""
    return json.dumps(PROTOCOLS[session.applicant.vendor_id].body(session, word, at), separators=(",", ":"))
