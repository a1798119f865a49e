"""Files in the database, stored in chunks and read as streams. Never is a whole one held in memory."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, BinaryIO, cast

from django.db import transaction

from apps.core.errors import DomainError
from apps.reconciliation.models import FileChunk, StoredFile

CHUNK_BYTES = 2**20
LARGEST_BYTES = 2 * 2**30


class FileTooLarge(DomainError):
    """Two gigabytes at most; split it by batch."""

    code = "reconciliation-file-too-large"
    title = "The file is too large"
    status = 413


class FileEmpty(DomainError):
    """There is nothing in it."""

    code = "reconciliation-file-empty"
    title = "The file is empty"
    status = 422


@transaction.atomic
def store_file(*, name: str, media_type: str, content: BinaryIO | IO[bytes], now: datetime) -> tuple[StoredFile, bool]:
    """
    Store a file, or find the one there is with the same bytes.

    :param content: read twice, from its beginning
    :return: the file and whether it is new
    :raises FileEmpty: without a byte in it
    :raises FileTooLarge: beyond two gigabytes
    """
    digest, size = _digest_of(content)
    if not size:
        raise FileEmpty
    if size > LARGEST_BYTES:
        raise FileTooLarge
    terms = {"name": name[:200], "media_type": media_type[:100], "size": size, "stored_at": now}
    stored, is_new = StoredFile.objects.get_or_create(sha256=digest, defaults=terms)
    if is_new:
        content.seek(0)
        for number, data in enumerate(iter(lambda: content.read(CHUNK_BYTES), b"")):
            FileChunk.objects.create(file=stored, number=number, data=data)
    return stored, is_new


def _digest_of(content: BinaryIO | IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    while data := content.read(CHUNK_BYTES):
        digest.update(data)
        size += len(data)
    return digest.hexdigest(), size


def chunks_of(stored: StoredFile) -> Iterator[bytes]:
    """Its bytes, a megabyte at a time."""
    for number in range(-(-stored.size // CHUNK_BYTES)):
        yield bytes(FileChunk.objects.values_list("data", flat=True).get(file=stored, number=number))


@contextmanager
def opened(stored: StoredFile) -> Iterator[BinaryIO]:
    """
    A file's bytes from the beginning, by way of a temporary file, which is on the disk unless it is small.

    So the database connection is free while they are read: for a COPY of what is read, say.
    """
    with tempfile.SpooledTemporaryFile(max_size=CHUNK_BYTES) as stream:
        for chunk in chunks_of(stored):
            stream.write(chunk)
        stream.seek(0)
        yield cast("BinaryIO", stream)
