"""RSA-SHA256 (PKCS#1 v1.5) over raw bytes in base64, and key pairs, from the vendor's side of the wire."""

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both halves in PEM form."""

    private_pem: str
    public_pem: str


def new_key_pair() -> KeyPair:
    """Make an RSA key pair of 2048 bits."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private.decode(), public.decode())


def sign(private_pem: str, body: bytes) -> str:
    """Sign the exact bytes that will be sent."""
    return base64.b64encode(_private_key(private_pem).sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(public_pem: str, body: bytes, signature: str) -> bool:
    """Tell whether the signature is by that key and over these bytes."""
    try:
        _public_key(public_pem).verify(
            base64.b64decode(signature, validate=True), body, padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def _private_key(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("not an RSA key")
    return key


@lru_cache(maxsize=64)
def _public_key(pem: str) -> rsa.RSAPublicKey:
    key = serialization.load_pem_public_key(pem.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("not an RSA key")
    return key
