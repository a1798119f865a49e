"""The exact terms of a request: its payload as JSON, the hash it is bound to, and what it rests on."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from apps.compliance.approval_commands import Command
from apps.compliance.models.approvals import ApprovalRequest


def is_as_asked(request: ApprovalRequest) -> bool:
    """Say whether a request still holds what was asked for."""
    return hash_of(request.command, request.payload, request.maker_id) == request.payload_hash


def hash_of(command: str, payload: Mapping[str, Any], maker_id: int) -> str:
    """Hash what is asked for and who asks for it."""
    terms = {"command": command, "payload": payload, "maker": maker_id}
    return hashlib.sha256(json.dumps(terms, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def state_under(spec: Command, payload: Mapping[str, Any]) -> Any:
    """What the request rests on, as the database will give it back."""
    return json.loads(json.dumps(spec.fingerprint(payload), default=str)) if spec.fingerprint else None


def canonical(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload as the database will give it back, so that its hash stays the same."""
    _refuse_floats(payload)
    terms: dict[str, Any] = json.loads(json.dumps(dict(payload), allow_nan=False))
    return terms


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("a payload holds no floating-point numbers")
    if isinstance(value, Mapping):
        for each in value.values():
            _refuse_floats(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _refuse_floats(each)
