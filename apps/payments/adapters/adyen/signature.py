"""
Adyen's HMAC-SHA256: of eight fields for each item of a standard notification, of the raw body for the newer webhooks.

The eight fields are joined by colons and never escaped, so the joined text is ambiguous: whoever acts on an item
compares each field by value. Everything else in an item is not covered. Source: Adyen's SDKs (MIT).
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from apps.integrations.connections import Key
from apps.payments.adapters.exact_json import text_of


def signed_text(item: Mapping[str, Any]) -> str:
    """The text that an item's signature covers; what is missing is empty."""
    amount = item.get("amount")
    amount = amount if isinstance(amount, Mapping) else {}
    return ":".join(
        (
            text_of(item.get("pspReference")),
            text_of(item.get("originalReference")),
            text_of(item.get("merchantAccountCode")),
            text_of(item.get("merchantReference")),
            text_of(amount.get("value")),
            text_of(amount.get("currency")),
            text_of(item.get("eventCode")),
            text_of(item.get("success")),
        )
    )


def item_signature(hex_key: bytes, item: Mapping[str, Any]) -> str:
    """Sign an item. :raises ValueError: if the key is no hexadecimal text."""
    return payload_signature(hex_key, signed_text(item).encode())


def payload_signature(hex_key: bytes, body: bytes) -> str:
    """Sign a whole body, as the management and balance-platform webhooks do."""
    return base64.b64encode(hmac.digest(binascii.unhexlify(hex_key.strip()), body, "sha256")).decode()


def item_verified_by(keys: Iterable[Key], item: Mapping[str, Any]) -> str | None:
    """Return the kid of the key that signed the item; None when none did, or it carries no signature."""
    additional = item.get("additionalData")
    signature = additional.get("hmacSignature") if isinstance(additional, Mapping) else None
    return payload_verified_by(keys, signed_text(item).encode(), text_of(signature))


def payload_verified_by(keys: Iterable[Key], body: bytes, signature: str) -> str | None:
    """Return the kid of the key that signed the body, newest first; None when none did."""
    given = signature.encode("utf-8", "replace")
    for key in keys:
        if hmac.compare_digest(payload_signature(key.secret, body).encode(), given):
            return key.kid
    return None
