"""Files of players on disk: encrypted, under random names, in a directory that no web server serves."""

import os
import secrets
from pathlib import Path

from django.conf import settings

from apps.integrations.encryption import decrypt, encrypt


class FileMissing(Exception):
    """The file is not where it was stored."""


def store_file(content: bytes) -> tuple[str, str]:
    """Encrypt and write a file; returns its random name and the id of the master key. On disk before this returns."""
    name = secrets.token_hex(32)
    sealed, kid = encrypt(content, context=["document", name])
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    return name, kid


def read_file(name: str, *, master_kid: str) -> bytes:
    """
    Read and decrypt a file.

    :raises FileMissing: if it is not there
    :raises UnableToDecrypt: if it was altered, or belongs to another name
    """
    try:
        sealed = _path(name).read_bytes()
    except OSError as error:
        raise FileMissing(name) from error
    return decrypt(sealed, master_kid=master_kid, context=["document", name])


def delete_file(name: str) -> None:
    """Remove a file; that it is gone already does no harm."""
    _path(name).unlink(missing_ok=True)


def _path(name: str) -> Path:
    if len(name) != 64 or not name.isalnum():  # noqa: PLR2004 - as store_file makes them
        raise FileMissing(name)
    return Path(settings.DOCUMENTS_DIR) / name[:2] / name
