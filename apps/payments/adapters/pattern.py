"""Shapes of the values that providers send: what does not look so is refused before anybody acts on it."""

import re
from datetime import UTC, datetime, timedelta

OUR_REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3,8}", re.ASCII)
DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,30})?", re.ASCII)
SIGNED_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,30})?", re.ASCII)
DIGITS = re.compile(r"[0-9]{1,40}", re.ASCII)

FUTURE_TOLERANCE = timedelta(minutes=5)
"""What is told from further ahead is refused; its sender repeats it, and by then it may be true."""


def instant(text: str) -> datetime | None:
    """
    An ISO 8601 or PostgreSQL-style time with its offset (`2013-12-20 14:42:04.675645+01`), in UTC.

    None for anything else, and for a time without an offset, which says nothing.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
