"""Reads what the platform answers: JSON objects, numbers exact."""

from decimal import Decimal, InvalidOperation
from typing import Any

import httpx2
import msgspec

from apps.sandbox.vendors.wire import NoAnswer

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)


def document_of(response: httpx2.Response) -> dict[str, Any]:
    """
    The answer's JSON object.

    :raises NoAnswer: if it is none
    """
    try:
        document = _decoder.decode(response.content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        document = None
    if not isinstance(document, dict):
        raise NoAnswer(f"HTTP {response.status_code} without a JSON object")
    return document


def number(value: Any) -> Decimal | None:
    """A number, or a decimal string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None
