"""
Trustly's signature: RSA PKCS#1 v1.5 over `method + uuid + serialize(data)`, base64, in both directions.

SHA-1 unless the signature's text starts with `alg=RS256;` (or RS384, RS512). Source: Trustly's official clients.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm

from apps.integrations.connections import Key
from apps.integrations.rsa_keys import private_key, public_key
from apps.payments.adapters.exact_json import text_of

_PADDING = PKCS1v15()
_DIGESTS: Mapping[str, HashAlgorithm] = {"RS256": SHA256(), "RS384": SHA384(), "RS512": SHA512()}
# The protocol's own default; the vendor's newer form names a better one.
_CLASSIC: HashAlgorithm = SHA1()  # noqa: S303 - prescribed by the protocol


def serialize(node: Any) -> str:
    """
    Write a received JSON node as the signature sees it: keys in ordinal order, null as nothing.

    The node, not a typed model of it: absent is not null, and fields we do not know are signed too.
    """
    if isinstance(node, Mapping):
        # Ordinal is by UTF-16 unit in the vendor's clients; Python's order of code points differs above U+FFFF.
        return "".join(key + serialize(node[key]) for key in sorted(node, key=lambda key: key.encode("utf-16-be")))
    if isinstance(node, list | tuple):
        return "".join(serialize(each) for each in node)
    return text_of(node)


def plaintext(method: str, uuid: str, data: Any) -> bytes:
    """What is signed."""
    return f"{method}{uuid}{serialize(data)}".encode()


def sign(private_key_pem: bytes, *, method: str, uuid: str, data: Any, algorithm: str = "") -> str:
    """
    Sign a request's or reply's data.

    :param algorithm: RS256, RS384 or RS512 for the newer form; empty for the classic one
    :raises UnusableKey: if the PEM holds no RSA private key
    """
    digest = _DIGESTS[algorithm] if algorithm else _CLASSIC
    raw = private_key(private_key_pem).sign(plaintext(method, uuid, data), _PADDING, digest)
    return (f"alg={algorithm};" if algorithm else "") + base64.b64encode(raw).decode()


def verified_by(keys: Iterable[Key], signature: str, *, method: str, uuid: str, data: Any) -> str | None:
    """Return the kid of the key that verifies the data, newest first; None when none does."""
    digest, encoded = _CLASSIC, signature
    if signature.startswith("alg="):
        name, separator, encoded = signature[4:].partition(";")
        if not separator or name not in _DIGESTS:
            return None
        digest = _DIGESTS[name]
    try:
        raw = base64.b64decode(encoded, validate=True)
        signed = plaintext(method, uuid, data)
    except (binascii.Error, ValueError):
        return None
    for key in keys:
        try:
            public_key(key.secret).verify(raw, signed, _PADDING, digest)
        except InvalidSignature:
            continue
        return key.kid
    return None
