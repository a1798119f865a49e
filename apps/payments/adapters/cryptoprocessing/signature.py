"""CryptoProcessing's HMAC-SHA512 over the exact body, lower-case hex, in both directions."""

import hmac
from collections.abc import Iterable

from apps.integrations.connections import Key

KEY_HEADER = "x-processing-key"
SIGNATURE_HEADER = "x-processing-signature"


def sign(secret: bytes, body: bytes) -> str:
    """Sign the exact bytes that will be sent."""
    return hmac.digest(secret, body, "sha512").hex()


def verified_by(secrets: Iterable[Key], body: bytes, signature: str) -> str | None:
    """Return the kid of the secret that signed the body, newest first; None when none did."""
    given = signature.encode("utf-8", "replace")
    for secret in secrets:
        if hmac.compare_digest(sign(secret.secret, body).encode(), given):
            return secret.kid
    return None
