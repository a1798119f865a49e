"""How request bodies are read."""
# ruff: noqa: ARG002 - the signature is DRF's

import json
from collections.abc import Callable, Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MAX_DEPTH = 32


class StrictJSONParser(BaseParser):
    """
    JSON as RFC 8259 has it, in UTF-8, with nothing two readers could understand differently.

    Refused: duplicate members, NaN and Infinity, lone surrogates, NUL characters, and nesting
    deeper than 32 levels. The first two make parsers disagree about what was signed or paid, the
    others cannot be stored.
    """

    media_type = "application/json"
    # What a JSON number with a fraction becomes; a subclass that must not lose digits says Decimal.
    parse_float: Callable[[str], Any] = float

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """
        Read one JSON document.

        :raises RequestDataTooBig: beyond DATA_UPLOAD_MAX_MEMORY_SIZE, which Django itself checks
            only for who reads `request.body`
        """
        limit: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read() if limit is None else stream.read(limit + 1)
        if limit is not None and len(raw) > limit:
            raise RequestDataTooBig(f"the body is larger than {limit} bytes")
        try:
            data = json.loads(
                raw.decode("utf-8"),
                object_pairs_hook=_unique_members,
                parse_constant=_no_constant,
                parse_float=self.parse_float,
            )
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not valid JSON: {error}"[:200]) from error
        _require_storable(data, 0)
        return data


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has a member twice")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _require_storable(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ParseError("The JSON is nested too deeply.")
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ParseError("The JSON holds characters that are not text.")
    elif isinstance(value, dict):
        for name, item in value.items():
            _require_storable(name, depth)
            _require_storable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _require_storable(item, depth + 1)
