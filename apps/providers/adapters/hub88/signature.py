"""RSA PKCS#1 v1.5 with SHA-256 over the raw body, base64 in a header, both directions. There is no canonical form."""

import base64
import binascii
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from apps.integrations.connections import Key
from apps.integrations.rsa_keys import private_key, public_key

_PADDING = PKCS1v15()
_DIGEST = SHA256()


def sign(private_key_pem: bytes, body: bytes) -> str:
    """
    Sign the exact bytes that will be sent.

    :raises UnusableKey: if the PEM holds no RSA private key
    """
    return base64.b64encode(private_key(private_key_pem).sign(body, _PADDING, _DIGEST)).decode()


def verified_by(keys: Iterable[Key], body: bytes, signature: str) -> str | None:
    """Return the kid of the key that verifies the body, newest first; None when none does."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return None
    for key in keys:
        try:
            public_key(key.secret).verify(raw, body, _PADDING, _DIGEST)
        except InvalidSignature:
            continue
        return key.kid
    return None
