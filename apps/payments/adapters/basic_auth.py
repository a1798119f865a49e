"""HTTP Basic authentication of a provider's callbacks against every active user name and password."""

import base64
import binascii

from django.utils import timezone

from apps.integrations.connections import Connection
from apps.integrations.key_usage import note_use
from apps.integrations.models import Credential


def basic_auth_verified_by(connection: Connection, header: str) -> str | None:
    """Return the kid of the password that matches; None when none does, or none is set up."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, separator, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    purpose = Credential.Purpose.VERIFY_INBOUND
    # Every comparison is made, so that time does not tell a known user from an unknown one.
    name, word = connection.key_shown(user, purpose, "username"), connection.key_shown(password, purpose, "password")
    if not separator or name is None or word is None:
        return None
    for key in (name, word):
        note_use(connection.id, key.kid, timezone.now())
    return word.kid


def basic_auth_header(user: bytes, password: bytes) -> str:
    """Make the header's value."""
    return "Basic " + base64.b64encode(user + b":" + password).decode()
