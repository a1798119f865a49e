"""Configured integrations with their working keys, ready for the hot path: read seldom, held in memory for a second."""

import hmac
import os
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import structlog

from apps.core import clock
from apps.integrations.encryption import UnableToDecrypt, decrypt
from apps.integrations.models import Credential, Integration

log = structlog.get_logger(__name__)

LONGEST_AGE_SECONDS = 1.0
"""A revoked key or a thrown switch is believed no longer than this."""
# From this age on one caller reads anew while the others go on with what they have.
_REFRESH_AGE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Key:
    """One working key. The secret never shows in a log line or a traceback's repr."""

    kid: str
    purpose: str
    name: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """One integration as it is configured now, with its active keys, newest first."""

    id: int
    slug: str
    vendor: str
    kind: str
    brand_code: str
    environment: str
    base_url: str
    options: Mapping[str, Any]
    switch: str
    keys: tuple[Key, ...]

    def keys_for(self, purpose: str, name: str = "") -> tuple[Key, ...]:
        """
        Active keys of that purpose and name, newest first.

        Verification tries them all; signing takes the first.
        """
        return tuple(key for key in self.keys if key.purpose == purpose and key.name == name)

    def key_shown(self, shown: bytes, purpose: str, name: str = "") -> Key | None:
        """Which active key a caller shows; time tells nothing of how much of it is right."""
        found = [key for key in self.keys_for(purpose, name) if hmac.compare_digest(key.secret, shown)]
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    taken_at: float
    by_slug: Mapping[str, Connection]
    by_id: Mapping[int, Connection]


_snapshot: _Snapshot | None = None
_reading = threading.Lock()


def connection(slug: str) -> Connection | None:
    """Return the integration of that slug as it was at most a second ago, or None if there is none."""
    return _recent().by_slug.get(slug)


def connection_by_id(integration_id: int) -> Connection | None:
    """Return the integration of that id as it was at most a second ago, or None if there is none."""
    return _recent().by_id.get(integration_id)


def forget_connections() -> None:
    """Read anew at the next call, in this process."""
    global _snapshot  # noqa: PLW0603 - a per-process cache
    _snapshot = None


def _recent() -> _Snapshot:
    snapshot = _snapshot
    age = time.monotonic() - snapshot.taken_at if snapshot else float("inf")
    if snapshot is not None and age < _REFRESH_AGE_SECONDS:
        return snapshot
    is_usable = snapshot is not None and age < LONGEST_AGE_SECONDS
    if not _reading.acquire(blocking=not is_usable):
        assert snapshot is not None  # noqa: S101 - usable, or we had waited
        return snapshot
    try:
        if _snapshot is not None and _snapshot is not snapshot:
            return _snapshot  # another thread read it while we waited
        return _read()
    finally:
        _reading.release()


def _read() -> _Snapshot:
    global _snapshot  # noqa: PLW0603 - a per-process cache
    # Before the queries: what changes while they run is at most this old.
    taken_at = time.monotonic()
    keys: defaultdict[int, list[Key]] = defaultdict(list)
    for credential in Credential.objects.active(clock.now()):
        try:
            secret = _secret_of(credential)
        except UnableToDecrypt:
            # One unreadable key must not take the other vendors down; it only stops working.
            log.exception("credential_unreadable", integration_id=credential.integration_id, kid=credential.kid)
            continue
        keys[credential.integration_id].append(Key(credential.kid, credential.purpose, credential.name, secret))
    found = [_connection(integration, tuple(keys[integration.pk])) for integration in Integration.objects.all()]
    _snapshot = _Snapshot(taken_at, {each.slug: each for each in found}, {each.id: each for each in found})
    return _snapshot


def _secret_of(credential: Credential) -> bytes:
    return decrypt(bytes(credential.ciphertext), master_kid=credential.master_kid, context=credential.context)


def _connection(integration: Integration, keys: tuple[Key, ...]) -> Connection:
    return Connection(
        id=integration.pk,
        slug=integration.slug,
        vendor=integration.vendor,
        kind=integration.kind,
        brand_code=integration.brand_code,
        environment=integration.environment,
        base_url=integration.base_url,
        options=MappingProxyType(integration.options),
        switch=integration.switch,
        keys=keys,
    )


def _start_over() -> None:
    """A forked child must not wait for a lock of a thread that it does not have."""
    global _reading  # noqa: PLW0603 - one a process
    _reading = threading.Lock()


os.register_at_fork(after_in_child=_start_over)
