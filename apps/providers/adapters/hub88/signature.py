"""RSA PKCS#1 v1.5 with SHA-256 over the raw body, base64 in a header, both directions. There is no canonical form."""

import base64
import binascii
from collections.abc import Iterable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from apps.integrations.connections import Key

_PADDING = PKCS1v15()
_DIGEST = SHA256()


class UnusableKey(ValueError):
    """A stored key is not the RSA key that the protocol needs."""


def sign(private_key_pem: bytes, body: bytes) -> str:
    """
    Sign the exact bytes that will be sent.

    :raises UnusableKey: if the PEM holds no RSA private key
    """
    return base64.b64encode(_private_key(private_key_pem).sign(body, _PADDING, _DIGEST)).decode()


def verified_by(keys: Iterable[Key], body: bytes, signature: str) -> str | None:
    """Return the kid of the key that verifies the body, newest first; None when none does."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return None
    for key in keys:
        try:
            _public_key(key.secret).verify(raw, body, _PADDING, _DIGEST)
        except InvalidSignature:
            continue
        return key.kid
    return None


@lru_cache(maxsize=256)
def _private_key(pem: bytes) -> RSAPrivateKey:
    key = _load(load_pem_private_key, pem, None)
    if not isinstance(key, RSAPrivateKey):
        raise UnusableKey("not an RSA private key in PEM form")
    return key


@lru_cache(maxsize=256)
def _public_key(pem: bytes) -> RSAPublicKey:
    key = _load(load_pem_public_key, pem)
    if not isinstance(key, RSAPublicKey):
        raise UnusableKey("not an RSA public key in PEM form")
    return key


def _load(loader: object, *arguments: object) -> object:
    try:
        return loader(*arguments)  # type: ignore[operator]  # both loaders are callables of PEM bytes
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("not a PEM key") from error
