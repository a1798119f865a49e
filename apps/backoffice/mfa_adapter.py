"""Keeps the secrets of second factors encrypted at rest, under the keys that protect vendors' credentials."""

import base64
import hashlib

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


class StaffMfaAdapter(DefaultMFAAdapter):
    """The first of settings.CREDENTIALS_KEYS encrypts, every one of them decrypts."""

    def encrypt(self, text: str) -> str:
        """Encrypt a secret before it is stored."""
        return _vault().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """
        Read a stored secret.

        :raises cryptography.fernet.InvalidToken: if none of the keys fits
        """
        return _vault().decrypt(encrypted_text.encode()).decode()


def _vault() -> MultiFernet:
    return MultiFernet([Fernet(_derived(entry)) for entry in settings.CREDENTIALS_KEYS])


def _derived(entry: str) -> bytes:
    """Make a key of this purpose only from one `kid:base64` entry."""
    master = base64.b64decode(entry.partition(":")[2])
    return base64.urlsafe_b64encode(hashlib.blake2b(b"staff second factor", key=master, digest_size=32).digest())
