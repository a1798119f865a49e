"""Calls to Adyen's APIs: the key, the idempotency key, and reading what comes back."""

import json
from collections.abc import Mapping
from typing import Any

from apps.integrations.connections import Connection, Key
from apps.integrations.models import Credential
from apps.integrations.outbound import VendorResponse, VendorTimeout, VendorUnreachable, call_vendor
from apps.payments.adapters.exact_json import BadJson, read_object

TIMEOUT_SECONDS = 15.0
# 401 and 403 too: nothing was done for a stranger. 409 and 429 say that the same key is being worked on, or nothing.
DEFINITE_REFUSALS = frozenset({400, 401, 403, 404, 422})


def post(
    connection: Connection,
    path: str,
    body: Mapping[str, Any],
    *,
    verb: str,
    key: str = "",
    ref: str = "",
    player: int | None = None,
) -> VendorResponse:
    """
    Make a call that does something; the same key does it once.

    :param key: empty where the service may be called again as it is
    :param ref: what the exchange log finds the call by, beside the key

    :raises VendorUnreachable: nothing was sent
    :raises VendorTimeout: the outcome is unknown
    """
    api_key = _api_key(connection)
    return call_vendor(
        connection=connection,
        verb=verb,
        method="POST",
        path=path,
        body=json.dumps(body, separators=(",", ":")).encode(),
        headers=_headers(api_key) | ({"Idempotency-Key": key} if key else {}),
        timeout_seconds=TIMEOUT_SECONDS,
        refs=tuple(filter(None, (key, ref))),
        player_id=player,
        signed_by=api_key.kid,
    )


def get(connection: Connection, path: str, *, verb: str, ref: str) -> dict[str, Any]:
    """
    Ask for a document.

    :raises VendorUnreachable: nothing is known
    :raises VendorTimeout: nothing is known, also for an answer that is no document
    """
    api_key = _api_key(connection)
    answer = call_vendor(
        connection=connection, verb=verb, method="GET", path=path, body=b"", headers=_headers(api_key),
        timeout_seconds=TIMEOUT_SECONDS, refs=(ref,), signed_by=api_key.kid,
    )  # fmt: skip
    if not is_success(answer):
        # A 404 on the id of what was accepted proves a fault, not that it never was.
        raise VendorTimeout(f"HTTP {answer.status}")
    try:
        return read_object(answer.body)
    except BadJson as error:
        raise VendorTimeout(f"not understood: {error}") from error


def _api_key(connection: Connection) -> Key:
    keys = connection.keys_for(Credential.Purpose.API_ACCESS, "api_key")
    if not keys:
        raise VendorUnreachable(f"{connection.slug} has no API key")
    return keys[0]


def _headers(api_key: Key) -> dict[str, str]:
    return {"Content-Type": "application/json", "X-API-Key": api_key.secret.decode()}


def is_success(answer: VendorResponse) -> bool:
    """Whether it was done or taken."""
    return answer.status in {200, 201, 202}


def document(answer: VendorResponse) -> dict[str, Any]:
    """What was answered; nothing for what is no JSON object."""
    try:
        return read_object(answer.body)
    except BadJson:
        return {}


def merchant_of(connection: Connection) -> str:
    """Our merchant account there."""
    return str(connection.options.get("merchant_account") or "")
