"""RSA keys of vendors and ours, from PEM, loaded once."""

from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key


class UnusableKey(ValueError):
    """A stored key is not the RSA key that the protocol needs."""


@lru_cache(maxsize=256)
def private_key(pem: bytes) -> RSAPrivateKey:
    """
    Load a private key.

    :raises UnusableKey: if the PEM holds no RSA private key
    """
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("not a PEM key") from error
    if not isinstance(key, RSAPrivateKey):
        raise UnusableKey("not an RSA private key in PEM form")
    return key


@lru_cache(maxsize=256)
def public_key(pem: bytes) -> RSAPublicKey:
    """
    Load a public key.

    :raises UnusableKey: if the PEM holds no RSA public key
    """
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("not a PEM key") from error
    if not isinstance(key, RSAPublicKey):
        raise UnusableKey("not an RSA public key in PEM form")
    return key
