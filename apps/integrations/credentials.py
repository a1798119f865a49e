"""Keys and secrets of integrations: adding, expiring, revoking. Using them is in `connections`; showing, nowhere."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from apps.core.errors import DomainError
from apps.integrations.audit import record_event, require_permission
from apps.integrations.connections import forget_connections
from apps.integrations.encryption import current_master_kid, encrypt, rewrap
from apps.integrations.models import Credential, Integration, IntegrationEvent

_LARGEST_SECRET_BYTES = 64 * 1024
# The digest of anything shorter could be guessed backwards, so none is kept.
_SHORTEST_FINGERPRINTED_BYTES = 32
_KID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class KeyIdTaken(DomainError):
    """The integration already has, or had, a key of that id. Ids are never used twice: the exchange log quotes them."""

    code = "key-id-taken"
    title = "This key id is taken"
    status = 409


class UnusableCredential(DomainError):
    """The secret is empty or too long, its purpose or id is malformed, or it would never be valid."""

    code = "unusable-credential"
    title = "This credential cannot be used"
    status = 422


class CredentialRevoked(DomainError):
    """The credential has been revoked; that is for ever."""

    code = "credential-revoked"
    title = "This credential is revoked"
    status = 409


@transaction.atomic
def add_credential(
    *,
    integration: Integration,
    purpose: str,
    secret: bytes,
    kid: str | None = None,
    name: str = "",
    actor: User | None,
    now: datetime,
    activated_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Credential:
    """
    Store a key or secret, encrypted. Those already there stay valid, so that both sides can change over in peace.

    :param kid: its id in logs and pages; made up if None
    :param actor: who enters it; None for the platform itself
    :param activated_at: when it begins to work, if not now
    :raises PermissionDenied: if the actor may not rotate credentials
    :raises KeyIdTaken: if the integration has had a key of that id
    :raises UnusableCredential: if it could never be used
    """
    require_permission(actor, "rotate_credential")
    activated_at = activated_at or now
    kid = kid or f"{(name or purpose).replace('_', '-')[:40]}-{now:%Y%m%d}-{secrets.token_hex(3)}"
    _require_usable(purpose, secret, kid, activated_at, expires_at)
    # Locked, so that two people adding the same id meet a refusal, not a database error.
    Integration.objects.select_for_update().get(pk=integration.pk)
    if Credential.objects.filter(integration=integration, kid=kid).exists():
        raise KeyIdTaken(f"{integration.slug} already has a key {kid}")
    credential = Credential(
        integration=integration,
        kid=kid,
        purpose=purpose,
        name=name,
        fingerprint=_fingerprint(secret),
        created_by=actor,
        activated_at=activated_at,
        expires_at=expires_at,
    )
    credential.ciphertext, credential.master_kid = encrypt(secret, context=credential.context)
    credential.save(force_insert=True)
    _record(credential, IntegrationEvent.Action.KEY_ADDED, actor=actor, now=now, expires_at=_iso(expires_at))
    return credential


@transaction.atomic
def expire_credential(
    *, credential_id: int, expires_at: datetime | None, reason: str, actor: User | None, now: datetime
) -> Credential:
    """
    Set the time from which a credential no longer works, or with None let it work on.

    :raises PermissionDenied: if the actor may not rotate credentials
    :raises CredentialRevoked: if it works no more
    :raises UnusableCredential: if the time lies before its activation
    """
    require_permission(actor, "rotate_credential")
    credential = _lock_unrevoked(credential_id)
    if expires_at is not None and credential.activated_at is not None and expires_at <= credential.activated_at:
        raise UnusableCredential("it cannot expire before it begins to work")
    before, credential.expires_at = credential.expires_at, expires_at
    credential.save(update_fields=["expires_at"])
    _record(
        credential,
        IntegrationEvent.Action.KEY_EXPIRY_SET,
        actor=actor,
        now=now,
        reason=reason,
        expires_at=_iso(expires_at),
        before=_iso(before),
    )
    return credential


@transaction.atomic
def revoke_credential(*, credential_id: int, reason: str, actor: User | None, now: datetime) -> Credential:
    """
    Stop a credential for ever. Every process has stopped using it within `connections.LONGEST_AGE_SECONDS`.

    :raises PermissionDenied: if the actor may not rotate credentials
    :raises CredentialRevoked: if that was done before
    """
    require_permission(actor, "rotate_credential")
    credential = _lock_unrevoked(credential_id)
    credential.revoked_at = now
    credential.save(update_fields=["revoked_at"])
    _record(credential, IntegrationEvent.Action.KEY_REVOKED, actor=actor, now=now, reason=reason)
    return credential


@dataclass(frozen=True, slots=True)
class ExpiringCredential:
    """A credential near its end. ``has_successor``: another one of its kind is valid beyond that."""

    credential: Credential
    has_successor: bool


def credentials_expiring(*, now: datetime, within: timedelta = timedelta(days=30)) -> list[ExpiringCredential]:
    """Active credentials that expire within that time, the most urgent first."""
    active = list(Credential.objects.active(now).select_related("integration"))

    def outlives(other: Credential, one: Credential) -> bool:
        is_same_kind = (other.integration_id, other.purpose, other.name) == (one.integration_id, one.purpose, one.name)
        return is_same_kind and (
            other.expires_at is None or (one.expires_at is not None and other.expires_at > one.expires_at)
        )

    expiring = [each for each in active if each.expires_at is not None and each.expires_at <= now + within]
    return sorted(
        (ExpiringCredential(each, any(outlives(other, each) for other in active)) for each in expiring),
        key=lambda found: found.credential.expires_at or now,
    )


def reencrypt_credentials(*, now: datetime, actor: User | None = None) -> int:
    """
    Put every stored credential under the current master key; returns how many were not.

    Run it after a new master key was put first in CREDENTIALS_KEYS; then the old one may be taken out. Revoked
    credentials are done too, or their rows would keep the old key alive.

    :raises UnableToDecrypt: if one cannot be opened; nothing of its integration is changed then, earlier ones stay done
    """
    done = 0
    stale = Credential.objects.exclude(master_kid=current_master_kid())
    for integration_id in sorted(set(stale.values_list("integration_id", flat=True))):
        with transaction.atomic():
            rows = list(stale.filter(integration_id=integration_id).select_for_update().order_by("pk"))
            for row in rows:
                row.ciphertext, row.master_kid = rewrap(
                    bytes(row.ciphertext), master_kid=row.master_kid, context=row.context
                )
                row.save(update_fields=["ciphertext", "master_kid"])
            action = IntegrationEvent.Action.KEYS_REENCRYPTED
            record_event(
                action,
                integration_id=integration_id,
                actor=actor,
                now=now,
                master_kid=current_master_kid(),
                kids=[row.kid for row in rows],
            )
        done += len(rows)
    return done


def _require_usable(purpose: str, secret: bytes, kid: str, activated_at: datetime, expires_at: datetime | None) -> None:
    if purpose not in Credential.Purpose.values:
        raise UnusableCredential(f"unknown purpose {purpose}")
    if not _KID.fullmatch(kid):
        raise UnusableCredential("a key id is up to 64 letters, digits, dots, dashes and underscores")
    if not 0 < len(secret) <= _LARGEST_SECRET_BYTES:
        raise UnusableCredential(f"a secret has 1 to {_LARGEST_SECRET_BYTES} bytes")
    if expires_at is not None and expires_at <= activated_at:
        raise UnusableCredential("it cannot expire before it begins to work")


def _lock_unrevoked(credential_id: int) -> Credential:
    credential = Credential.objects.select_for_update().get(pk=credential_id)
    if credential.revoked_at is not None:
        raise CredentialRevoked(f"key {credential.kid} was revoked on {credential.revoked_at:%Y-%m-%d}")
    return credential


def _record(
    credential: Credential,
    action: IntegrationEvent.Action,
    *,
    actor: User | None,
    now: datetime,
    reason: str = "",
    **details: str | None,
) -> None:
    """Write the audit row, and let this process see the change at once when it is committed."""
    record_event(
        action,
        integration_id=credential.integration_id,
        kid=credential.kid,
        actor=actor,
        now=now,
        reason=reason,
        purpose=credential.purpose,
        name=credential.name,
        **details,
    )
    forget_connections()
    transaction.on_commit(forget_connections)


def _fingerprint(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()[:16] if len(secret) >= _SHORTEST_FINGERPRINTED_BYTES else ""


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
