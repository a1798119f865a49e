"""Hides secrets in what the exchange log keeps. Signatures stay: they open nothing, and they prove who sent what."""

import re
from collections.abc import Mapping
from functools import lru_cache

MASK = "***"

_SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|passw|api[-_]?key|access[-_]?key|credential|session", re.IGNORECASE
)
_QUERY_PARAMETER = re.compile(r"([?&;])([^=&;]+)=([^&;]*)")


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _masked_value(name: str, value: str) -> str:
    """Keep the scheme of an Authorization header: it says which door was knocked at."""
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and "authorization" in name.lower() else MASK


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Copy headers with the values of those that carry a secret masked; doing it twice changes nothing."""
    return {name: _masked_value(name, value) if _is_secret(name) else value for name, value in headers.items()}


def masked_path(path: str) -> str:
    """Mask secrets in the query string: Evolution, for one, sends its token as ``?authToken=``."""
    if "?" not in path:
        return path
    return _QUERY_PARAMETER.sub(
        lambda found: f"{found[1]}{found[2]}={MASK}" if _is_secret(found[2]) else found[0], path
    )
