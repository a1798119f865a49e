"""Lower-case hex HMAC-SHA256: over the raw body, or for GET over the RFC 8785 form of the query parameters."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

import rfc8785

from apps.integrations.connections import Key

_HEX_LENGTH = 64


def canonical(value: Any) -> bytes:
    """The RFC 8785 form: keys sorted at every depth, shortest numbers, UTF-8 unescaped."""
    return rfc8785.dumps(value)


def canonical_query(parameters: Mapping[str, str]) -> bytes:
    """What is signed of a GET: all parameters as one object of strings."""
    return rfc8785.dumps(dict(parameters))


def sign(secret: bytes, signed: bytes) -> str:
    """Sign exactly these bytes."""
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()


def verified_by(keys: Iterable[Key], signed: bytes, signature: str) -> str | None:
    """Return the kid of the key that signed, newest first; None when none did."""
    if len(signature) != _HEX_LENGTH or not signature.isascii():
        return None
    for key in keys:
        if hmac.compare_digest(sign(key.secret, signed), signature):
            return key.kid
    return None
