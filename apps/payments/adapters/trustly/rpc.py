"""Calls to Trustly's API: signed, sent once, and the answer believed only if it is signed too."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from apps.integrations.connections import Connection, Key
from apps.integrations.models import Credential
from apps.integrations.outbound import call_vendor
from apps.integrations.rsa_keys import UnusableKey
from apps.payments.adapters.exact_json import BadJson, read_object, text_of
from apps.payments.adapters.trustly.signature import sign, verified_by
from apps.payments.adapters.trustly.wire import message

PATH = "api/1"
_TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Result:
    """A signed answer: its data, or the name of its error."""

    data: Any
    error: str = ""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """An answer that proves nothing: unsigned, unreadable, about another call, or a broken server's."""

    reason: str


class NotConfigured(ValueError):
    """The connection lacks a key or password that the call needs; nothing was sent."""


def call(
    connection: Connection,
    *,
    method: str,
    data: Mapping[str, Any],
    refs: tuple[str, ...],
    player_id: int | None = None,
) -> Result | NotUnderstood:
    """
    Make one call.

    :raises NotConfigured: nothing was sent
    :raises VendorUnreachable: nothing was sent
    :raises VendorTimeout: the outcome is unknown
    """
    uuid = str(uuid4())
    signing = _newest(connection, Credential.Purpose.SIGN_OUTBOUND)
    user, password = (_newest(connection, Credential.Purpose.API_ACCESS, name) for name in ("username", "password"))
    sent = {"Username": user.secret.decode(), "Password": password.secret.decode(), **data}
    algorithm = str(connection.options.get("signature_algorithm") or "")
    try:
        signature = sign(signing.secret, method=method, uuid=uuid, data=sent, algorithm=algorithm)
    except (UnusableKey, KeyError) as error:
        raise NotConfigured(str(error)) from error
    answer = call_vendor(
        connection=connection,
        verb=method,
        method="POST",
        path=PATH,
        body=message({"method": method, "params": {"Signature": signature, "UUID": uuid, "Data": sent}}),
        headers={"Content-Type": "application/json; charset=utf-8"},
        timeout_seconds=_TIMEOUT_SECONDS,
        refs=refs,
        player_id=player_id,
        signed_by=signing.kid,
        let_in_by=(user, password),
    )
    return _understood(connection, answer.status, answer.body, method=method, uuid=uuid)


def _understood(connection: Connection, status: int, body: bytes, *, method: str, uuid: str) -> Result | NotUnderstood:
    try:
        answer = read_object(body)
    except BadJson:
        return NotUnderstood(f"HTTP {status} without readable JSON")
    error = answer.get("error")
    signed = error.get("error") if isinstance(error, dict) else answer.get("result")
    if not isinstance(signed, dict):
        return NotUnderstood(f"HTTP {status} without a signed result")
    keys = connection.keys_for(Credential.Purpose.VERIFY_INBOUND)
    data, signature = signed.get("data"), text_of(signed.get("signature"))
    if (signed.get("method"), signed.get("uuid")) != (method, uuid):
        return NotUnderstood("an answer to another call")
    if verified_by(keys, signature, method=method, uuid=uuid, data=data) is None:
        return NotUnderstood("the answer's signature does not verify")
    if isinstance(error, dict):
        told = data if isinstance(data, dict) else {}
        # Only what is signed: the message outside the signature may be anybody's.
        return Result(data, error=text_of(told.get("message")) or "ERROR_UNKNOWN")
    return Result(data)


def _newest(connection: Connection, purpose: str, name: str = "") -> Key:
    keys = connection.keys_for(purpose, name)
    if not keys:
        raise NotConfigured(f"{connection.slug} has no {purpose} key {name}".rstrip())
    return keys[0]
