"""Hex HMAC over raw bytes, as every identity vendor signs; the integration says which hash."""

import hmac
from collections.abc import Iterable

from apps.integrations.connections import Key


def hex_hmac(secret: bytes, body: bytes, digest: str = "sha256") -> str:
    """Sign: lower-case hexadecimal."""
    return hmac.digest(secret, body, digest).hex()


def verified_by(keys: Iterable[Key], body: bytes, signature: str, digest: str = "sha256") -> str | None:
    """Return the kid of the active secret that signed the raw body, newest first; None when none did."""
    given = signature.encode("utf-8", "replace")
    for key in keys:
        if hmac.compare_digest(hex_hmac(key.secret, body, digest).encode(), given):
            return key.kid
    return None
