"""Identifiers: time-ordered row ids (UUIDv7, RFC 9562) and secret tokens with their digests."""

import hashlib
import os
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_MAX_MILLISECONDS = (1 << 48) - 1

_LARGEST_BIGINT = 2**63 - 1
_DIGITS_OF_BIGINT = 19


class _MonotonicStamp:
    """
    60 bits that only grow: milliseconds, then 12 bits of the fraction of one.

    RFC 9562 section 6.2 method 3, the layout PostgreSQL's own uuidv7() uses, so that ids made here
    and there sort together.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        milliseconds, rest = divmod(time.time_ns(), 1_000_000)
        stamp = milliseconds << 12 | rest * 4096 // 1_000_000
        with self._lock:
            # Same instant, or a clock set back: count on from the last stamp.
            self._last = stamp = max(stamp, self._last + 1)
        return stamp

    def renew_lock(self) -> None:
        """A forked child may inherit the lock held by a thread it does not have."""
        self._lock = threading.Lock()


_stamps = _MonotonicStamp()
os.register_at_fork(after_in_child=_stamps.renew_lock)


def uuid7() -> UUID:
    """Make a time-ordered id; ids of one process strictly increase. Thread and fork safe."""
    stamp = _stamps.next()
    random_bits = int.from_bytes(os.urandom(8)) >> 2
    return UUID(int=(stamp >> 12) << 80 | _VERSION_7 | (stamp & 0xFFF) << 64 | _VARIANT | random_bits)


def uuid7_floor(instant: datetime) -> UUID:
    """
    Lowest id of the instant's millisecond: a partition bound, or the start of a range scan.

    :raises ValueError: if the instant is naive or before 1970
    """
    if instant.tzinfo is None:
        raise ValueError("uuid7_floor needs an aware datetime")
    milliseconds = (instant - _EPOCH) // timedelta(milliseconds=1)
    if not 0 <= milliseconds <= _MAX_MILLISECONDS:
        raise ValueError(f"{instant} is outside the range of UUIDv7")
    return UUID(int=milliseconds << 80 | _VERSION_7 | _VARIANT)


def uuid7_time(value: UUID) -> datetime:
    """
    When the id was made, to the millisecond, in UTC.

    :raises ValueError: if it is not a version 7 id
    """
    if value.version != 7:  # noqa: PLR2004 - the version is the number
        raise ValueError(f"{value} is not a UUIDv7")
    return _EPOCH + timedelta(milliseconds=value.int >> 80)


def new_token(random_bytes: int = 32) -> str:
    """Make a secret of 256 random bits as 43 URL-safe characters, or of as many as asked; store only its digest."""
    return secrets.token_urlsafe(random_bytes)


def token_digest(token: str) -> bytes:
    """SHA-256 of a token. Enough without salt or stretching, because tokens are random."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def row_id(text: str) -> int | None:
    """The id of a row as an address or a form names it; None for anything that is none, whatever its length."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS_OF_BIGINT):
        return None
    number = int(text)
    return number if number <= _LARGEST_BIGINT else None
