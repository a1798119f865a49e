"""
Envelope encryption of stored credentials: AES-256-GCM, a key of its own for each, wrapped by a master key.

Master keys come from settings.CREDENTIALS_KEYS, `kid:base64` each; the first one encrypts, all of them decrypt.
Layout: version, nonce, wrapped data key, nonce, ciphertext. What a credential is for is authenticated with it, so a
ciphertext copied to another row does not decrypt there.
"""

import base64
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = b"\x01"
_NONCE_BYTES = 12
_KEY_BYTES = 32
_TAG_BYTES = 16
_WRAPPED_BYTES = _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES


class UnableToDecrypt(Exception):
    """The master key is missing or wrong, or the stored bytes are not what was written for this credential."""


def current_master_kid() -> str:
    """Id of the master key that encrypts what is stored from now on."""
    return next(iter(_master_keys()))


def encrypt(secret: bytes, *, context: list[str]) -> tuple[bytes, str]:
    """Encrypt a secret for this context; returns the envelope and the id of the master key."""
    data_key = AESGCM.generate_key(bit_length=256)
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(data_key).encrypt(nonce, secret, _associated(context))
    master_kid = current_master_kid()
    return _VERSION + _wrap(data_key, master_kid, context) + sealed, master_kid


def decrypt(envelope: bytes, *, master_kid: str, context: list[str]) -> bytes:
    """
    Open an envelope.

    :raises UnableToDecrypt: if the key is unknown or wrong, or the envelope was made for another context
    """
    data_key = _unwrap(envelope, master_kid, context)
    sealed = envelope[len(_VERSION) + _WRAPPED_BYTES :]
    try:
        return AESGCM(data_key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _associated(context))
    except (InvalidTag, ValueError) as error:
        raise UnableToDecrypt("the stored secret was altered") from error


def rewrap(envelope: bytes, *, master_kid: str, context: list[str]) -> tuple[bytes, str]:
    """
    Put the data key under the current master key, without touching the secret itself.

    :raises UnableToDecrypt: as `decrypt`
    """
    data_key = _unwrap(envelope, master_kid, context)
    new_kid = current_master_kid()
    return _VERSION + _wrap(data_key, new_kid, context) + envelope[len(_VERSION) + _WRAPPED_BYTES :], new_kid


def _wrap(data_key: bytes, master_kid: str, context: list[str]) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(_master_keys()[master_kid]).encrypt(nonce, data_key, _associated([master_kid, *context]))


def _unwrap(envelope: bytes, master_kid: str, context: list[str]) -> bytes:
    master_key = _master_keys().get(master_kid)
    if master_key is None:
        raise UnableToDecrypt(f"master key {master_kid} is not in CREDENTIALS_KEYS")
    if not envelope.startswith(_VERSION) or len(envelope) < len(_VERSION) + _WRAPPED_BYTES + _NONCE_BYTES + _TAG_BYTES:
        raise UnableToDecrypt("the stored bytes are no envelope of ours")
    wrapped = envelope[len(_VERSION) : len(_VERSION) + _WRAPPED_BYTES]
    try:
        return AESGCM(master_key).decrypt(
            wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _associated([master_kid, *context])
        )
    except InvalidTag as error:
        raise UnableToDecrypt(f"master key {master_kid} does not open it") from error


def _associated(context: list[str]) -> bytes:
    return json.dumps(["casino-credential", *context]).encode()


def _master_keys() -> dict[str, bytes]:
    """Master keys by id, the current one first."""
    entries = (entry.partition(":") for entry in settings.CREDENTIALS_KEYS)
    return {kid: base64.b64decode(encoded, validate=True) for kid, _, encoded in entries}
